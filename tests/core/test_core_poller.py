"""The poller: waits between looks, goes on at once while there is work, waits out named errors."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from core.clock import SystemClock
from core.errors import DatabaseError, DatabaseUnavailableError, OutputError
from core.poller import Poller, database_poller
from core.supervision.internal_errors import InternalErrors
from tests.support.moving_clock import MovingClock


class Script:
    """A look that does one step after the other, and stops the poller at its last one."""

    def __init__(self, *steps: float | bool | Exception) -> None:
        self.stop = threading.Event()
        self._steps = list(steps)

    def __call__(self):
        step = self._steps.pop(0)
        if not self._steps:
            self.stop.set()
        if isinstance(step, Exception):
            raise step
        return step

    @property
    def left(self) -> int:
        return len(self._steps)


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


def poller(clock: MovingClock, on_error: Callable[[Exception], None] = lambda _: None) -> Poller:
    return Poller(clock=clock, poll_secs=5.0, retried=(DatabaseError,), on_error=on_error)


def test_trouble_of_the_database_is_logged_once_a_minute_for_each_kind(
    clock: MovingClock, caplog: pytest.LogCaptureFixture
) -> None:
    away, refused = DatabaseUnavailableError("away"), DatabaseError("refused")
    errors = iter([away] * 25 + [refused])
    stop = threading.Event()

    def look() -> None:
        error = next(errors, None)
        if error is None:
            stop.set()
            return
        raise error

    log = logging.getLogger("baton.test")
    errors_of_it = InternalErrors(clock).of("test", log)
    poller = database_poller(clock=clock, poll_secs=5.0, log=log, errors=errors_of_it)
    poller.run(look, stop)
    assert [record.args for record in caplog.records] == [(away,)] * 3 + [(refused,)]


def test_it_waits_after_every_look_whatever_that_returns(clock):
    look = Script(True, 7, 0, False)
    poller(clock).run(look, look.stop)
    assert look.left == 0
    assert clock.waits == [5.0] * 3


def test_it_works_on_at_once_and_waits_when_there_was_nothing(clock):
    work = Script(True, False, True, True, False, True)
    poller(clock).run_busy(work, work.stop)
    assert work.left == 0
    assert clock.waits == [5.0, 5.0]


def test_a_look_may_say_itself_how_long_to_wait(clock):
    look = Script(2.5, 0.0, 60.0, 1.0)
    poller(clock).run_paced(look, look.stop)
    assert clock.waits == [2.5, 60.0]


def test_nothing_is_done_when_it_was_stopped_before(clock):
    look = Script(True, True)
    look.stop.set()
    poller(clock).run(look, look.stop)
    assert look.left == 2
    assert clock.waits == []


@pytest.mark.parametrize("way", ["run", "run_busy", "run_paced"])
def test_a_named_error_is_reported_and_waited_out_by_its_subclasses_too(clock, way: str):
    away, refused = DatabaseUnavailableError("away"), DatabaseError("refused")
    look, reported = Script(away, refused, True), []
    getattr(poller(clock, reported.append), way)(look, look.stop)
    assert reported == [away, refused]
    assert clock.waits == [5.0, 5.0]


def test_any_other_error_ends_the_loop(clock):
    look, reported = Script(OutputError("full"), True), []
    with pytest.raises(OutputError):
        poller(clock, reported.append).run(look, look.stop)
    assert reported == []
    assert look.left == 1


def test_without_named_errors_each_ends_it(clock):
    look = Script(DatabaseError("away"), True)
    with pytest.raises(DatabaseError):
        Poller(clock=clock, poll_secs=5.0).run(look, look.stop)


def test_a_stop_ends_a_real_wait():
    looked, stop = threading.Event(), threading.Event()
    one = Poller(clock=SystemClock(), poll_secs=3600.0)
    thread = threading.Thread(target=one.run, args=(looked.set, stop))
    thread.start()
    assert looked.wait(30)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
