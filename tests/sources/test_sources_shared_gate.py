"""SharedGate: the pace of one API key, from several threads, with limits of its endpoints."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.settings import Pace
from sources.pacing import EVERYTHING, AccountPace
from sources.shared_gate import SharedGate
from sources.tikhub.tiktok import MANY, ONE, TikTokSource
from tests.support.moving_clock import MovingClock

Open = Callable[[dict[str, Pace]], SharedGate]
OF_KEY = {EVERYTHING: Pace(8, 1)}
# What is left of eight when the first of them is refused, and what it grows to within a day.
REFUSED_EARLY, CEILING = 2, 4


@pytest.fixture
def tiktok() -> dict[str, Pace]:
    source = TikTokSource(client=None, pace=Pace(8, 1))  # type: ignore[arg-type]
    return {EVERYTHING: source.pace, **source.endpoint_paces}


@pytest.fixture
def gate(clock: MovingClock) -> Open:
    def opened(paces: dict[str, Pace]) -> SharedGate:
        pace = AccountPace.load(paces, None, clock.now(), known=True)
        return SharedGate(pace=pace, clock=clock, stop=threading.Event())

    return opened


def at_once(gate: SharedGate, clock: MovingClock, path: str) -> int:
    """Return how many requests to a path leave before the gate makes one wait."""
    waits = len(clock.waits)
    for number in range(100):
        with gate.turn(path):
            pass
        if len(clock.waits) > waits:
            clock.move(10)
            return number
    raise AssertionError("nothing is limited")


def test_each_endpoint_of_a_token_has_a_window_of_its_own(
    gate: Open, clock: MovingClock, tiktok: dict[str, Pace]
) -> None:
    opened = gate(tiktok)
    for path in [MANY, ONE] * 8:
        with opened.turn(path):
            pass
    assert clock.waits == []
    assert at_once(opened, clock, ONE) == 0


def test_a_throttle_halves_the_window_of_its_endpoint_alone(
    gate: Open, clock: MovingClock, tiktok: dict[str, Pace]
) -> None:
    opened = gate(tiktok)
    with opened.turn(ONE):
        pass
    with opened.turn(MANY):
        opened.record_throttle()
    clock.move(10)
    assert at_once(opened, clock, MANY) == REFUSED_EARLY
    assert at_once(opened, clock, ONE) == 8


def test_a_throttle_of_a_key_without_such_windows_halves_all_its_requests(
    gate: Open, clock: MovingClock
) -> None:
    opened = gate(OF_KEY)
    with opened.turn("/youtube/v3/videos"):
        opened.record_throttle()
    clock.move(10)
    assert at_once(opened, clock, "/youtube/v3/channels") == REFUSED_EARLY


def test_a_burst_halves_once_and_is_told_apart_by_thread(
    gate: Open, clock: MovingClock, tiktok: dict[str, Pace]
) -> None:
    opened, both = gate(tiktok), threading.Barrier(3)

    def refused(path: str) -> None:
        with opened.turn(path):
            both.wait(10)  # all three are under way
            opened.record_throttle()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(refused, (MANY, MANY, ONE)))
    clock.move(10)
    assert at_once(opened, clock, MANY) == REFUSED_EARLY
    assert at_once(opened, clock, ONE) == REFUSED_EARLY


def test_good_answers_let_every_window_grow_that_they_came_by(
    gate: Open, clock: MovingClock, tiktok: dict[str, Pace]
) -> None:
    opened = gate(tiktok)
    for path in (ONE, MANY):
        with opened.turn(path):
            opened.record_throttle()
    clock.move(2)
    for _ in range(100):
        for path in (ONE, MANY):  # a call with two requests has one outcome
            with opened.turn(path):
                pass
        opened.record_success()
        clock.move(1)
    clock.move(10)
    assert [at_once(opened, clock, path) for path in (ONE, MANY)] == [CEILING, CEILING]
