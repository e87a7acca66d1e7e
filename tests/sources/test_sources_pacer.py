"""Pacing: no window of the declared length ever holds more requests than declared."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moving_clock import MovingClock

from core.settings import Pace
from sources.policies import Pacer, Stopped

PACES = st.builds(Pace, st.integers(1, 200), st.floats(0.01, 600, allow_nan=False))
PAUSES = st.lists(st.floats(0, 50, allow_nan=False), min_size=1, max_size=60)


@given(PACES, PAUSES)
def test_no_window_holds_more_than_the_pace(pace: Pace, pauses: list[float]) -> None:
    clock, stop = MovingClock(), threading.Event()
    pacer, asked = Pacer(clock), []
    for pause in pauses * (1 + pace.requests // len(pauses)):
        clock.move(pause * pace.gap_secs / 10)
        pacer.wait_turn(1, pace, stop)
        asked.append(clock.monotonic())
    for first, moment in enumerate(asked):
        inside = sum(moment <= later <= moment + pace.per_secs for later in asked[first:])
        assert inside <= pace.requests


def test_the_pace_is_nearly_reached() -> None:
    clock, stop, pace = MovingClock(), threading.Event(), Pace(20, 10)
    pacer = Pacer(clock)
    for _ in range(201):
        pacer.wait_turn(1, pace, stop)
    assert 100 <= clock.monotonic() <= 105


def test_the_first_request_does_not_wait(clock: MovingClock) -> None:
    Pacer(clock).wait_turn(1, Pace(1, 60), threading.Event())
    assert clock.waits == []


def test_accounts_do_not_wait_for_each_other(clock: MovingClock) -> None:
    pacer = Pacer(clock)
    for account in range(5):
        pacer.wait_turn(account, Pace(1, 60), threading.Event())
    assert clock.waits == []


def test_threads_of_one_account_get_turns_of_their_own(clock: MovingClock) -> None:
    pacer, pace, stop = Pacer(clock), Pace(1, 10), threading.Event()
    threads = [threading.Thread(target=pacer.wait_turn, args=(1, pace, stop)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    pacer.wait_turn(1, pace, stop)
    assert clock.monotonic() >= 40


@pytest.mark.parametrize(("secs_ago", "waits"), [(0.0, 10.0), (4.0, 6.0), (30.0, 0.0)])
def test_a_request_of_another_process_counts(
    clock: MovingClock, secs_ago: float, waits: float
) -> None:
    pacer, pace = Pacer(clock), Pace(1, 10)
    pacer.used_elsewhere(1, secs_ago, pace)
    pacer.wait_turn(1, pace, threading.Event())
    assert sum(clock.waits) == pytest.approx(waits, abs=0.3)


def test_an_older_request_elsewhere_does_not_bring_the_turn_forward(clock: MovingClock) -> None:
    pacer, pace, stop = Pacer(clock), Pace(1, 10), threading.Event()
    pacer.wait_turn(1, pace, stop)
    pacer.used_elsewhere(1, 9.0, pace)
    pacer.wait_turn(1, pace, stop)
    assert sum(clock.waits) >= 10


def test_a_stop_cuts_the_wait_short(clock: MovingClock) -> None:
    pacer, pace, stop = Pacer(clock), Pace(1, 600), threading.Event()
    pacer.wait_turn(1, pace, stop)
    clock.on_wait = stop.set
    with pytest.raises(Stopped):
        pacer.wait_turn(1, pace, stop)


def test_nothing_is_asked_after_a_stop(clock: MovingClock) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        Pacer(clock).wait_turn(1, Pace(1, 1), stop)
