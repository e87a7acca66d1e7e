"""Pacing: no window holds more requests than allowed, and what is allowed is learned."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cancellation import OutOfTurnSignal, StoppedSignal
from core.settings import Pace
from sources.pacing import (
    CEILING_TTL_SECS,
    EVERYTHING,
    MAX_MOMENTS,
    AccountPace,
    PacedGate,
    learned_per_sec,
)
from tests.support.moving_clock import MovingClock

PACES = st.builds(Pace, st.integers(1, 200), st.floats(0.01, 600, allow_nan=False))
PAUSES = st.lists(st.floats(0, 50, allow_nan=False), min_size=1, max_size=60)
PATH = "/x/anything"


def fresh(pace: Pace, clock: MovingClock, **more: Pace) -> AccountPace:
    return AccountPace.load({EVERYTHING: pace} | more, None, clock.now(), known=True)


def again(pace: AccountPace, declared: Pace, clock: MovingClock, known: bool = True) -> AccountPace:
    stored = pace.dump(clock.now())
    return AccountPace.load({EVERYTHING: declared}, stored, clock.now(), known=known)


def gate(pace: AccountPace, clock: MovingClock, patience_secs: float = 1e9) -> PacedGate:
    return PacedGate(pace=pace, clock=clock, stop=threading.Event(), patience_secs=patience_secs)


def ask(way: PacedGate, clock: MovingClock, latency_secs: float = 0.0, path: str = PATH) -> float:
    """Ask once; when the request left."""
    with way.turn(path):
        left = clock.monotonic()
        clock.move(latency_secs)
    return left


@given(PACES, PAUSES, st.floats(0, 2))
def test_no_window_holds_more_than_the_pace_however_slow_the_way(
    pace: Pace, pauses: list[float], latency: float
) -> None:
    clock = MovingClock()
    way, arrived = gate(fresh(pace, clock), clock), []
    for number, pause in enumerate(pauses * (1 + pace.requests // len(pauses))):
        clock.move(pause * pace.gap_secs / 10)
        left = ask(way, clock, latency * (number % 3))
        arrived.append(left if number % 2 else clock.monotonic())  # early or late in its flight
    arrived.sort()
    for first, moment in enumerate(arrived):
        inside = sum(moment <= later <= moment + pace.per_secs for later in arrived[first:])
        assert inside <= pace.requests


def test_a_full_window_may_be_used_at_once() -> None:
    clock = MovingClock()
    way = gate(fresh(Pace(20, 10), clock), clock)
    moments = [ask(way, clock) for _ in range(61)]
    assert moments[19] == 0
    assert moments[20] == pytest.approx(10, abs=0.1)
    assert moments[60] == pytest.approx(30, abs=0.2)


def test_wide_windows_are_kept_small() -> None:
    clock, declared = MovingClock(), Pace(2000, 600)
    pace = fresh(declared, clock)
    way = gate(pace, clock)
    for _ in range(4100):
        ask(way, clock, 0.001)
    assert len(pace.windows[EVERYTHING].recent) <= MAX_MOMENTS + 2
    assert 1200 <= clock.monotonic() <= 1220
    assert len(pace.dump(clock.now())) < 4000


def test_a_long_wait_is_told_instead(clock: MovingClock) -> None:
    way = gate(fresh(Pace(1, 10), clock), clock, patience_secs=5)
    ask(way, clock)
    with pytest.raises(OutOfTurnSignal) as caught:
        ask(way, clock)
    assert caught.value.secs == pytest.approx(10, abs=0.1)
    assert clock.waits == []
    clock.move(6)
    ask(way, clock)
    assert sum(clock.waits) == pytest.approx(4, abs=0.1)


def test_a_stop_cuts_the_wait_short(clock: MovingClock) -> None:
    stop = threading.Event()
    way = PacedGate(pace=fresh(Pace(1, 600), clock), clock=clock, stop=stop, patience_secs=1e9)
    ask(way, clock)
    clock.on_wait = stop.set
    with pytest.raises(StoppedSignal):
        ask(way, clock)


def test_nothing_is_asked_after_a_stop(clock: MovingClock) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedSignal):
        ask(
            PacedGate(pace=fresh(Pace(1, 1), clock), clock=clock, stop=stop, patience_secs=1e9),
            clock,
        )


def test_a_request_that_fails_counts_too(clock: MovingClock) -> None:
    way = gate(fresh(Pace(1, 10), clock), clock)
    with pytest.raises(OSError), way.turn(PATH):
        raise OSError
    assert ask(way, clock) >= 10


def test_a_tighter_endpoint_has_a_window_of_its_own(clock: MovingClock) -> None:
    way = gate(fresh(Pace(10, 10), clock, **{"/x/space/": Pace(1, 60)}), clock)
    assert ask(way, clock, path="/x/space/arc") == 0
    assert ask(way, clock, path="/x/other") == 0
    assert ask(way, clock, path="/x/space/card") >= 60


def test_another_process_goes_on_where_the_last_one_was(clock: MovingClock) -> None:
    declared = Pace(2, 10)
    pace = fresh(declared, clock)
    ask(gate(pace, clock), clock)
    clock.move(4)
    ask(gate(pace, clock), clock)
    after = again(pace, declared, clock)
    assert after.ready_at(clock.now()) == clock.now() + timedelta(seconds=6.02)
    assert ask(gate(after, clock), clock) == pytest.approx(10, abs=0.1)


def test_a_user_that_died_is_taken_to_have_used_up_the_window(clock: MovingClock) -> None:
    declared = Pace(2, 10)
    dead = again(fresh(declared, clock), declared, clock, known=False)
    assert ask(gate(dead, clock), clock) == pytest.approx(10, abs=0.1)


def test_a_fresh_account_may_ask_at_once(clock: MovingClock) -> None:
    assert fresh(Pace(1, 600), clock).ready_at(clock.now()) is None


def throttle(pace: AccountPace, clock: MovingClock) -> None:
    way = gate(pace, clock)
    ask(way, clock)
    way.record_throttle()


def well(pace: AccountPace, clock: MovingClock, times: int) -> None:
    way = gate(pace, clock)
    for _ in range(times):
        ask(way, clock)
        way.record_success()


def test_a_throttle_halves_the_pace_and_good_answers_bring_it_back_slowly() -> None:
    clock = MovingClock()
    pace = fresh(Pace(20, 10), clock)
    well(pace, clock, 12)
    throttle(pace, clock)
    window = pace.windows[EVERYTHING]
    assert window.learned == 6  # half of the twelve that went well
    well(pace, clock, 6)
    assert window.learned == 7
    well(pace, clock, 7 * 60)
    assert window.learned == 12  # up to the ceiling, and no further


def test_a_platform_that_allows_less_than_declared_is_run_into_once() -> None:
    clock, allowed = MovingClock(), 20
    pace = fresh(Pace(40, 10), clock)
    way, taken, refusals = gate(pace, clock), [], 0
    for _ in range(3000):
        left = ask(way, clock)
        taken = [moment for moment in taken if moment > left - 10]
        if len(taken) >= allowed:
            refusals += 1
            way.record_throttle()
            clock.move(60)
        else:
            taken.append(left)
            way.record_success()
    assert refusals == 1
    assert pace.windows[EVERYTHING].learned == pytest.approx(allowed, abs=1)


def test_a_throttle_of_single_requests_halves_their_pace_too() -> None:
    clock = MovingClock()
    pace = fresh(Pace(1, 2), clock)
    well(pace, clock, 3)
    throttle(pace, clock)
    window = pace.windows[EVERYTHING]
    assert window.learned == pytest.approx(0.95 / 2)  # a request each 4.2 s
    well(pace, clock, 100)
    assert window.learned == pytest.approx(0.95)


def test_a_wall_is_forgotten_after_a_day() -> None:
    clock = MovingClock()
    pace = fresh(Pace(20, 10), clock)
    throttle(pace, clock)
    well(pace, clock, 500)
    assert pace.windows[EVERYTHING].learned < 20
    clock.move(CEILING_TTL_SECS)
    well(pace, clock, 1000)
    assert pace.windows[EVERYTHING].learned == 20


def test_a_slow_pace_is_stretched_below_one_request_a_window() -> None:
    clock = MovingClock()
    pace = fresh(Pace(1, 2.5), clock)
    throttle(pace, clock)
    way = gate(pace, clock)
    moments = [ask(way, clock) for _ in range(3)]
    assert moments[2] - moments[1] == pytest.approx(2.5 / pace.windows[EVERYTHING].learned, 0.1)
    assert moments[2] - moments[1] >= 5


def test_throttles_never_stop_an_account_for_good() -> None:
    clock = MovingClock()
    pace = fresh(Pace(20, 10), clock)
    for _ in range(50):
        throttle(pace, clock)
    assert pace.per_sec > 0
    assert gate(pace, clock).pace.ready_at(clock.now()) < clock.now() + timedelta(minutes=2)


def test_what_was_learned_is_kept_and_shown(clock: MovingClock) -> None:
    declared = Pace(20, 10)
    pace = fresh(declared, clock)
    well(pace, clock, 12)
    throttle(pace, clock)
    after = again(pace, declared, clock)
    assert after.windows[EVERYTHING].learned == 6
    assert learned_per_sec(after.dump(clock.now())) == pytest.approx(0.6)
    assert learned_per_sec(None) is None


def test_a_new_declaration_keeps_the_learned_rate_below_it(clock: MovingClock) -> None:
    pace = fresh(Pace(20, 10), clock)
    well(pace, clock, 12)
    throttle(pace, clock)
    slower = again(pace, Pace(3, 10), clock)
    assert slower.windows[EVERYTHING].learned == 3
    wider = again(pace, Pace(100, 60), clock)
    assert wider.per_sec == pytest.approx(0.6)
    assert json.loads(wider.dump(clock.now()))[EVERYTHING]["per_secs"] == 60
