"""The watchdog: who asks for the time works, who does not hangs, and its leases with it."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.leases import Lease, LeaseKind, LeaseRegistry
from core.supervision.progress import ProgressClock, ThreadProgress
from core.supervision.watchdog import Watchdog
from tests.support.moving_clock import MovingClock

LIMIT = 900.0


class Hang:
    """A thread that works, hangs at a lock until it is freed, and works again."""

    def __init__(self, work: Callable[[], object], after: Callable[[], object]) -> None:
        self.hangs, self.go_on, self.worked = (threading.Event() for _ in range(3))
        self.end = threading.Event()
        self._work, self._after = work, after
        self.thread: threading.Thread | None = None

    def __call__(self, _stop: threading.Event) -> None:
        self._work()
        self.hangs.set()
        self.go_on.wait(60)
        self._after()
        self.worked.set()
        self.end.wait(60)


class Process:
    """The parts of a process that its watchdog looks at."""

    def __init__(self) -> None:
        self.host_clock = MovingClock()
        self.progress, self.leases = ThreadProgress(), LeaseRegistry()
        self.clock = ProgressClock(clock=self.host_clock, progress=self.progress)
        self.watchdog = Watchdog(
            progress=self.progress,
            leases=self.leases,
            clock=self.host_clock,
            limit_secs=LIMIT,
        )
        self.hangs: list[Hang] = []

    def lease(self, kind: LeaseKind = LeaseKind.TASK, row_id: int = 7) -> Lease:
        lease = Lease(kind=kind, row_id=row_id, token=1, deadline=self.clock.monotonic() + 30)
        self.leases.add(lease)
        return lease

    def start(self, work: Callable[[], object], *, followed: bool = True) -> Hang:
        """Start a thread that hangs after its work; return when it does."""
        hang = Hang(work, self.clock.now)
        body = self.progress.followed(hang) if followed else hang
        hang.thread = threading.Thread(
            target=body, args=(threading.Event(),), name="export-1", daemon=True
        )
        hang.thread.start()
        assert hang.hangs.wait(30)
        self.hangs.append(hang)
        return hang

    def stalled(self) -> list[str]:
        return [work.what for work in self.watchdog.stalled()]


@pytest.fixture
def process() -> Iterator[Process]:
    made = Process()
    yield made
    for hang in made.hangs:
        hang.go_on.set()
        hang.end.set()


def test_a_thread_that_hangs_is_told_with_what_it_leases_until_it_goes_on(
    process: Process,
) -> None:
    began = process.host_clock.now()
    hang = process.start(lambda: (process.lease(), process.lease(LeaseKind.ACCOUNT, 3)))
    process.host_clock.move(LIMIT)
    assert process.stalled() == []
    process.host_clock.move(1)
    assert process.stalled() == ["thread export-1", "task 7", "account 3"]
    assert {work.since for work in process.watchdog.stalled()} == {began}
    hang.go_on.set()
    assert hang.worked.wait(30)
    assert process.stalled() == []


def test_a_renewed_lease_is_no_progress(process: Process) -> None:
    process.start(process.lease)
    for _ in range(100):
        process.host_clock.move(10)
        for lease in process.leases.held():  # as the renewer does, in a thread of its own
            lease.extend(process.clock.monotonic() + 30)
    assert process.stalled() == ["thread export-1", "task 7"]


def test_a_lease_that_was_given_back_is_not_told(process: Process) -> None:
    process.start(lambda: process.leases.remove(process.lease()))
    process.host_clock.move(LIMIT + 1)
    assert process.stalled() == ["thread export-1"]


def test_a_thread_without_a_lease_that_nobody_follows_may_be_silent(process: Process) -> None:
    process.start(process.clock.now, followed=False)
    process.host_clock.move(10 * LIMIT)
    assert process.stalled() == []


def test_who_waits_as_announced_does_not_hang(process: Process) -> None:
    entered, end = threading.Event(), threading.Event()

    class Waiting(MovingClock):
        def wait(self, event: threading.Event, secs: float) -> bool:
            entered.set()
            return end.wait(60)

    clock = Waiting()
    clock.now, clock.monotonic = process.host_clock.now, process.host_clock.monotonic  # type: ignore[method-assign]
    waiting = ProgressClock(clock=clock, progress=process.progress)
    body = process.progress.followed(lambda stop: waiting.wait(stop, 7200.0))
    thread = threading.Thread(target=body, args=(threading.Event(),), name="jobs-1", daemon=True)
    thread.start()
    assert entered.wait(30)
    process.host_clock.move(7200 + LIMIT)
    assert process.stalled() == []
    process.host_clock.move(1)
    assert process.stalled() == ["thread jobs-1"], "the wait itself does not return"
    end.set()
    thread.join(30)


def test_who_waits_for_a_pool_is_as_alive_as_the_pool(process: Process) -> None:
    """A job that fetches by several threads gives no sign itself for hours."""
    in_pool, beat, beaten, end = (threading.Event() for _ in range(4))

    def lane() -> None:
        in_pool.set()
        beat.wait(60)
        process.clock.now()
        beaten.set()
        end.wait(60)

    def job() -> None:
        process.lease(LeaseKind.JOB, 5)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lane).result()

    thread = threading.Thread(target=job, daemon=True)
    thread.start()
    assert in_pool.wait(30)
    process.host_clock.move(LIMIT)
    beat.set()
    assert beaten.wait(30)
    process.host_clock.move(LIMIT)
    assert process.stalled() == []
    process.host_clock.move(1)
    assert process.stalled() == ["job 5"]
    end.set()
    thread.join(30)


def test_the_stack_of_a_thread_that_works_is_not_looked_at(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    real = sys._current_frames
    monkeypatch.setattr(sys, "_current_frames", lambda: looked.append(1) or real())
    process.start(process.lease)
    process.host_clock.move(LIMIT)
    assert process.watchdog.stalled() == []
    assert looked == []


def test_what_hangs_is_logged_once_with_its_place_and_without_values(process: Process) -> None:
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("baton.watchdog").addHandler(handler)
    try:
        process.start(process.lease)
        process.host_clock.move(LIMIT + 1)
        for _ in range(3):
            process.watchdog.stalled()
    finally:
        logging.getLogger("baton.watchdog").removeHandler(handler)
    [line] = lines
    assert "thread=export-1 makes no progress since" in line
    assert "test_core_watchdog.py" in line and "__call__" in line


def test_a_lease_that_a_thread_left_when_it_died_is_told(process: Process) -> None:
    thread = threading.Thread(target=process.lease)
    thread.start()
    thread.join()
    process.host_clock.move(LIMIT + 1)
    assert process.stalled() == ["task 7"]
