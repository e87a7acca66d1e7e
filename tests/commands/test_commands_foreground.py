"""What the screen cannot do costs a frame, and not the work behind it."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import pytest

from app.container import App
from commands.framework.context import Exit
from commands.framework.foreground import PLAIN_LINE_SECS, Foreground, ForegroundResult
from crawler.tasks.options import CrawlOptions
from presentation.snapshot import SnapshotReader
from storage.models.tasks import TaskType
from tests.support.moving_clock import MovingClock

NO_DESCRIPTOR = OSError(errno.EMFILE, "Too many open files")


class IdleEngine:
    """An engine without services."""

    def start(self) -> None: ...

    def stop(self) -> bool:
        return True


def watched(app: App) -> Callable[[], ForegroundResult]:
    """Return what watches a crawl of this process that ended already."""
    task = app.crawling.submitter.submit_crawl("bilibili", "美妆", 1, CrawlOptions()).task
    app.crawling.service.control.cancel(task.id)
    foreground = Foreground(app=app, works_on=(TaskType.INGESTION,), wait=False)
    return lambda: foreground.run(IdleEngine(), (task.id,))  # type: ignore[arg-type]


def fail_first(monkeypatch: pytest.MonkeyPatch, error: Exception, times: int) -> list[int]:
    """Have the first looks raise an error; return the list that counts all."""
    looks: list[int] = []
    real = SnapshotReader.snapshot

    def snapshot(self: SnapshotReader, *args: Any) -> Any:
        looks.append(1)
        if len(looks) <= times:
            raise error
        return real(self, *args)

    monkeypatch.setattr(SnapshotReader, "snapshot", snapshot)
    return looks


@pytest.mark.parametrize(
    ("error", "times"), [(NO_DESCRIPTOR, 9), (ZeroDivisionError("a bug"), 4)], ids=["host", "bug"]
)
def test_a_look_that_fails_costs_a_frame(
    app: App, monkeypatch: pytest.MonkeyPatch, error: Exception, times: int
) -> None:
    run = watched(app)
    looks = fail_first(monkeypatch, error, times)
    assert run().code is Exit.ERROR  # as the task was cancelled: its end was seen
    assert len(looks) == times + 2
    (found,) = app.foundation.internal_errors.recent()
    assert (found.component, found.times) == ("screen", times)


def test_a_screen_that_cannot_work_ends_the_run(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    run = watched(app)
    looks = fail_first(monkeypatch, ZeroDivisionError("a bug"), 99)
    with pytest.raises(ZeroDivisionError):
        run()
    assert len(looks) == 5


def crawl_at_work(app: App) -> int:
    """Return the id of a crawl whose piece somebody has claimed."""
    task = app.crawling.submitter.submit_crawl("bilibili", "美妆", 1, CrawlOptions()).task
    assert app.crawling.scheduler.claim(TaskType.INGESTION, task.id) is not None
    return task.id


def after(clock: MovingClock, secs: float, act: Callable[[], object]) -> None:
    """Have something done, once, when so many seconds were waited for."""
    end = clock.monotonic() + secs

    def look() -> None:
        if clock.monotonic() >= end:
            clock.on_wait = None
            act()

    clock.on_wait = look


def test_plain_lines_look_as_rarely_as_they_are_printed(
    app: App, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = crawl_at_work(app)
    foreground = Foreground(app=app, works_on=(TaskType.INGESTION,), wait=False)
    looks = fail_first(monkeypatch, NO_DESCRIPTOR, 0)
    begin = clock.monotonic()
    after(clock, 60.1, lambda: app.crawling.service.control.cancel(task_id))
    ending = foreground.run(IdleEngine(), (task_id,))  # type: ignore[arg-type]
    assert ending.code is Exit.ERROR
    assert clock.monotonic() - begin < 61  # its end is seen at once
    assert len(looks) <= 60 / PLAIN_LINE_SECS + 4


def test_a_signal_ends_the_wait_for_the_next_plain_line(app: App, clock: MovingClock) -> None:
    task_id = crawl_at_work(app)
    foreground = Foreground(app=app, works_on=(TaskType.INGESTION,), wait=False)
    begin = clock.monotonic()
    after(clock, 2.0, foreground._stop.set)
    ending = foreground.run(IdleEngine(), (task_id,))  # type: ignore[arg-type]
    assert ending.code is Exit.INTERRUPTED
    assert clock.monotonic() - begin < 3
