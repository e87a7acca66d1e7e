"""How often an account may ask from now on: its window as it stands, and as it will grow."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

from sources.pacing import MARGIN_SECS, RateWindow


@dataclass(frozen=True)
class Stretch:
    """`per_sec` requests, from `since_secs` (after now) until the next stretch begins."""

    since_secs: float
    per_sec: float


@dataclass(frozen=True)
class PaceForecast:
    """What an account may ask.

    `ahead` is how many requests it is ahead of its rate at the start: half a window when it is
    rested, less or even negative when it has just asked. `burst` requests come at once when a
    window is over, which takes at most `cycle_secs`.
    """

    ahead: float
    burst: int
    cycle_secs: float
    stretches: tuple[Stretch, ...]

    def per_sec_at(self, secs: float) -> float:
        """The rate at a moment; 0 before the start."""
        passed = [one.per_sec for one in self.stretches if one.since_secs <= secs]
        return passed[-1] if passed else 0.0

    def next_change(self, secs: float) -> float:
        """When the rate changes next; infinite when it never does."""
        return min(
            (one.since_secs for one in self.stretches if one.since_secs > secs), default=math.inf
        )


def outlook(window: RateWindow, now: float, start_secs: float, answer_secs: float) -> PaceForecast:
    """What `window` allows from `start_secs` after `now` (Unix seconds) on.

    It grows as it does after good answers, up to the wall it ran into. That the wall is forgotten
    after a day changes nothing here: a platform that refused once would refuse again.

    Args:
        answer_secs: how long the platform takes to answer; the next request waits for it.
    """
    grown = replace(window, recent=deque(window.recent))
    grown.forget(now + start_secs)
    ahead = _ahead(grown, now + start_secs, answer_secs)
    at = start_secs
    stretches = [Stretch(at, _per_sec(grown, answer_secs))]
    while True:
        before = grown.learned
        at += max(1.0, math.ceil(before - grown.good_in_row)) / stretches[-1].per_sec
        grown.good_in_row = math.ceil(before)
        grown.went_well(grown.wall_at)
        if grown.learned <= before:
            break
        rate = _per_sec(grown, answer_secs)
        if rate > stretches[-1].per_sec:
            stretches.append(Stretch(at, rate))
    return PaceForecast(
        ahead=ahead,
        burst=_room(grown),
        cycle_secs=_cycle_secs(grown, answer_secs),
        stretches=tuple(stretches),
    )


def _ahead(window: RateWindow, now: float, answer_secs: float) -> float:
    """Between the steps in which a window lets its requests through, and the line of their mean."""
    room = _room(window)
    waits = [
        moment + window.secs + MARGIN_SECS - now
        for moment, count in window.recent
        for _ in range(count)
    ]
    mean = sum(sorted(waits, reverse=True)[:room]) / room
    return room * (0.5 - mean / _cycle_secs(window, answer_secs))


def _per_sec(window: RateWindow, answer_secs: float) -> float:
    # One worker at a time asks with an account: its answers come one after the other.
    fastest = 1 / answer_secs if answer_secs > 0 else math.inf
    return min(_room(window) / _cycle_secs(window, answer_secs), fastest)


def _cycle_secs(window: RateWindow, answer_secs: float) -> float:
    """From a request's leaving to the leaving of the one that takes its place."""
    return window.secs + MARGIN_SECS + answer_secs


def _room(window: RateWindow) -> int:
    return max(1, int(window.learned + 1e-9))
