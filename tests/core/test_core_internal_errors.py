"""Unexpected errors: the loop goes on after a pause, and only five in a row end it."""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Iterator

import pytest

from core.errors import BusyError, DatabaseUnavailableError, NoThreadError, OutputError
from core.logs import service_log
from core.poller import Poller
from core.supervision.internal_errors import (
    ComponentErrors,
    InternalErrors,
    described,
    lacks_resources,
)
from core.supervision.threads import start_thread
from core.threaded_service import ThreadedService
from tests.support.moving_clock import MovingClock

BUG = ZeroDivisionError("a bug of ours, cookie=hunter2")


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def errors(clock: MovingClock) -> ComponentErrors:
    return InternalErrors(clock).of("export", service_log("export"))


@pytest.fixture
def lines() -> Iterator[list[logging.LogRecord]]:
    kept: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = kept.append  # type: ignore[method-assign]
    logging.getLogger("baton.export").addHandler(handler)
    yield kept
    logging.getLogger("baton.export").removeHandler(handler)


def run(clock: MovingClock, errors: ComponentErrors, steps: list[Exception | bool]) -> int:
    """Poll through the steps; return how many were made."""
    stop, made = threading.Event(), 0

    def look() -> bool:
        nonlocal made
        step = steps[made]
        made += 1
        if made == len(steps):
            stop.set()
        if isinstance(step, Exception):
            raise step
        return step

    poller = Poller(clock=clock, poll_secs=1.0, retried=(DatabaseUnavailableError,), errors=errors)
    poller.run_busy(look, stop)
    return made


def test_an_error_costs_a_pause_and_not_the_loop(clock, errors, lines) -> None:
    assert run(clock, errors, [BUG, OutputError("text"), False, True]) == 4
    assert clock.waits == [5.0, 15.0, 1.0]
    assert lines[0].exc_info is not None and lines[0].exc_info[1] is BUG


def test_the_fifth_in_a_row_ends_it(clock, errors) -> None:
    with pytest.raises(ZeroDivisionError):
        run(clock, errors, [BUG] * 5 + [True])
    assert clock.waits == [5.0, 15.0, 60.0, 180.0]


def test_a_success_in_between_begins_the_count_anew(clock, errors) -> None:
    assert run(clock, errors, ([BUG] * 4 + [False]) * 10) == 50


def test_five_in_more_than_ten_minutes_do_not_end_it(clock, errors) -> None:
    for _ in range(4):
        errors.escaped(BUG)
    clock.move(601)
    assert errors.escaped(BUG) == 180.0
    with pytest.raises(ZeroDivisionError):
        for _ in range(4):
            errors.escaped(BUG)


def test_an_error_that_is_waited_out_is_no_success(clock, errors) -> None:
    away = DatabaseUnavailableError("text")
    with pytest.raises(ZeroDivisionError):
        run(clock, errors, [BUG, away] * 5 + [True])


def test_what_was_settled_never_ends_it_and_is_told(clock, errors) -> None:
    for _ in range(20):
        errors.settled(BUG)
    assert run(clock, errors, [BUG, True]) == 2
    found = errors.recent()
    assert found is not None and (found.component, found.times) == ("export", 21)
    assert "hunter2" not in found.error.dump()


def test_an_error_is_told_for_ten_minutes(clock, errors) -> None:
    assert errors.recent() is None
    errors.settled(BUG)
    clock.move(599)
    assert errors.recent() is not None
    clock.move(1)
    assert errors.recent() is None


def test_the_pause_of_a_component_may_be_short(clock) -> None:
    keeper = InternalErrors(clock).of("keeper", service_log("keeper"), 10.0)
    assert [keeper.escaped(BUG) for _ in range(4)] == [5.0, 10.0, 10.0, 10.0]


def test_components_count_apart(clock) -> None:
    both = InternalErrors(clock)
    for _ in range(4):
        both.of("export", service_log("export")).escaped(BUG)
    both.of("webhooks", service_log("webhooks")).escaped(BUG)
    assert [found.component for found in both.recent()] == ["export", "webhooks"]


class NoThread(threading.Thread):
    """A thread that the system does not give."""

    def start(self) -> None:
        raise RuntimeError("can't start new thread")


def test_no_thread_to_be_had_is_an_error_of_ours() -> None:
    with pytest.raises(NoThreadError) as told:
        start_thread(NoThread(name="export-1"))
    assert told.value.message.code == "no_thread_left"
    assert lacks_resources(told.value)


def test_a_service_that_gets_no_thread_stops_those_that_it_got() -> None:
    ended = threading.Event()

    def body(stop: threading.Event) -> None:
        stop.wait(60)
        ended.set()

    service = ThreadedService(name="export", bodies=[body, body])
    service._threads[1] = NoThread(name="export-2")
    with pytest.raises(NoThreadError):
        service.start()
    assert ended.wait(30)


def caused(error: Exception, *, by: Exception) -> Exception:
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (MemoryError(), True),
        (OSError(errno.EMFILE, "too many open files"), True),
        (RuntimeError("can't start new thread"), True),  # a pool of the standard library
        (caused(OutputError("file_unwritable"), by=OSError(errno.ENFILE, "full")), True),
        (OSError(errno.ENOENT, "no such file"), False),
        (caused(BusyError("in_use"), by=BlockingIOError(errno.EAGAIN, "locked")), False),
        (BUG, False),
    ],
)
def test_a_host_without_resources_is_told_from_a_bug(error: Exception, passes: bool) -> None:
    assert lacks_resources(error) is passes


def test_a_message_of_ours_stays_one() -> None:
    assert described(OutputError("file_unwritable")).code == "file_unwritable"
    assert described(BUG).code == "internal_error"
