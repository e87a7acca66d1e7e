"""Paces under any latencies, throttles and restarts: never too fast, and nothing forgotten."""

from __future__ import annotations

import copy
import threading

from hypothesis import given
from hypothesis import strategies as st

from core.settings import Pace
from sources.pacing import EVERYTHING, MARGIN_SECS, AccountPace, PacedGate, RateWindow
from tests.support.fuzz.fuzz_effort import effort
from tests.support.moving_clock import MovingClock

PATH = "/x/anything"
TIGHT = "/x/space/"
SECS = st.floats(0.05, 600, allow_nan=False).map(lambda secs: round(secs, 3))
PACES = st.builds(Pace, st.integers(1, 120), SECS)
# What happens to an account, with a share of its window as the time that it takes.
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "burst", "well", "throttled", "restart", "die", "rest"]),
        st.floats(0, 1.2),
    ),
    min_size=5,
    max_size=40,
)


class Account:
    """One account, its requests in the order of their leaving: (left, answered)."""

    def __init__(self, declared: dict[str, Pace]) -> None:
        self.clock = MovingClock()
        self.declared = declared
        self.stop = threading.Event()
        self.flights: dict[str, list[tuple[float, float]]] = {PATH: [], TIGHT: []}
        self.open(None, known=True)

    def open(self, stored: str | None, *, known: bool) -> None:
        pace = AccountPace.load(self.declared, stored, self.clock.now(), known=known)
        self.gate = PacedGate(pace=pace, clock=self.clock, stop=self.stop, patience_secs=1e9)

    def live(self, event: str, share: float) -> None:
        secs = share * self.declared[EVERYTHING].per_secs
        path = TIGHT if share > 0.6 and TIGHT in self.declared else PATH
        if event == "ask":
            self.ask(path, secs)
        elif event == "burst":
            for _ in range(self.declared[EVERYTHING].requests + 1):
                self.ask(path, secs / 50)
        elif event == "well":
            self.ask(path, secs)
            self.gate.record_success()
        elif event == "throttled":
            self.ask(path, secs)
            self.gate.record_throttle()
        elif event == "restart":
            self.open(self.gate.pace.dump(self.clock.now()), known=True)
        elif event == "die":
            stored = self.gate.pace.dump(self.clock.now())
            self.ask(path, secs)  # of which nobody tells
            self.open(stored, known=False)
        self.clock.move(secs if event == "rest" else 0)

    def ask(self, path: str, latency_secs: float) -> None:
        with self.gate.turn(path):
            left = self.clock.monotonic()
            self.clock.move(latency_secs)
        self.flights[path].append((left, self.clock.monotonic()))


def most_in_a_window(flights: list[tuple[float, float]], secs: float) -> int:
    """However early or late in its flight each request reached the platform: the most of them that
    a window of that length can have seen. Requests of one account do not overlap."""
    most = 0
    for first, (_, answered) in enumerate(flights):
        inside = 1
        for left, _ in flights[first + 1 :]:
            if left - answered >= secs:
                break
            inside += 1
        most = max(most, inside)
    return most


@effort(60)
@given(PACES, st.none() | PACES, EVENTS)
def test_no_window_ever_holds_more_than_was_declared(
    pace: Pace, tight: Pace | None, events: list[tuple[str, float]]
) -> None:
    declared = {EVERYTHING: pace} | ({TIGHT: tight} if tight else {})
    account = Account(declared)
    for event, share in events:
        account.live(event, share)
        assert account.gate.pace.per_sec <= pace.requests / pace.per_secs * 1.000001
        assert account.gate.pace.per_sec > 0
    together = sorted(flight for flights in account.flights.values() for flight in flights)
    assert most_in_a_window(together, pace.per_secs) <= pace.requests
    if tight is not None:
        assert most_in_a_window(account.flights[TIGHT], tight.per_secs) <= tight.requests


@effort(40)
@given(PACES, EVENTS)
def test_who_is_loaded_again_decides_as_before(pace: Pace, events: list[tuple[str, float]]) -> None:
    account = Account({EVERYTHING: pace})
    for event, share in events:
        account.live(event, share)
        before, now = account.gate.pace, account.clock.now()
        stored = copy.deepcopy(before).dump(now)
        after = AccountPace.load(account.declared, stored, now, known=True)
        one, other = before.windows[EVERYTHING], after.windows[EVERYTHING]
        assert abs(one.learned - other.learned) < 0.001
        for secs in (0.0, pace.per_secs / 2, pace.per_secs):
            moment = now.timestamp() + secs
            assert abs(one.ready_in(moment) - other.ready_in(moment)) < MARGIN_SECS + one.secs / 999


LEARNED = st.one_of(
    st.floats(0.05, 200),
    st.builds(lambda whole, off: whole + off, st.integers(1, 200), st.floats(-0.0001, 0.0001)),
)


@effort(200)
@given(PACES, LEARNED, st.floats(1, 2e9))
def test_who_died_is_taken_to_have_used_up_whatever_was_learned(
    pace: Pace, learned: float, now: float
) -> None:
    window = RateWindow(pace, limit=min(float(pace.requests), learned))
    window.mark_full(now)
    assert window.ready_in(now) >= pace.per_secs


def growing(throttles: int, declared: Pace, later: Pace) -> list[float]:
    """Rates of an account that learned under one declaration and does well under a later one."""
    account = Account({EVERYTHING: declared})
    for _ in range(throttles):
        account.live("throttled", 0.1)
    account.declared = {EVERYTHING: later}
    account.live("restart", 0)
    rates = [account.gate.pace.per_sec]
    for _ in range(int(account.gate.pace.windows[EVERYTHING].learned) + 2):
        account.live("well", 0)
        rates.append(account.gate.pace.per_sec)
    return rates


@effort(40)
@given(PACES, st.integers(1, 5), st.sampled_from([1.0, 0.5, 3.0]))
def test_good_answers_never_slow_an_account_down(pace: Pace, throttles: int, longer: float) -> None:
    rates = growing(throttles, pace, Pace(pace.requests, pace.per_secs * longer))
    assert rates == sorted(rates)


def steady_secs(pace: Pace, rounds: int, share: float) -> float:
    """How long an account takes for so many windows' worth of requests, asking all the time."""
    account = Account({EVERYTHING: pace})
    for _ in range(rounds * pace.requests):
        account.ask(PATH, share * pace.gap_secs)
    return account.clock.monotonic()


@effort(15)
@given(
    st.sampled_from([Pace(20, 10), Pace(101, 50), Pace(7, 3), Pace(150, 300)]), st.floats(0.2, 1.0)
)
def test_a_steady_asker_gets_what_the_pace_allows(pace: Pace, share: float) -> None:
    assert steady_secs(pace, 3, share) < 3.5 * pace.per_secs


def test_a_window_is_counted_from_answer_to_departure() -> None:
    flights = [(0.0, 5.0), (5.0, 5.0), (14.9, 15.0), (15.0, 15.0)]
    assert most_in_a_window(flights, 10) == 3
