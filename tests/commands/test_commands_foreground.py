"""What the screen cannot do costs a frame, and not the work behind it."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import pytest

from app.container import App
from commands.framework.context import Exit
from commands.framework.foreground import Foreground, ForegroundResult
from crawler.tasks.options import CrawlOptions
from presentation.snapshot import SnapshotReader
from storage.models.tasks import TaskType

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
