"""Forecast of how often an account may send requests: its window as it is, and as it will grow."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

from sources.pacing import MARGIN_SECS, RateWindow


@dataclass(frozen=True)
class Stretch:
    """A rate of `per_sec` requests from `since_secs` after now until the next stretch begins."""

    since_secs: float
    per_sec: float


@dataclass(frozen=True)
class PaceForecast:
    """The requests that an account will be allowed.

    `ahead` is how many requests it is ahead of its rate at the start: half a window when it is
    rested, fewer or even negative when it has just sent some. `burst` requests leave at once when a
    window ends, which takes at most `cycle_secs`.
    """

    ahead: float
    burst: int
    cycle_secs: float
    stretches: tuple[Stretch, ...]

    def per_sec_at(self, secs: float) -> float:
        """Return the requests per second allowed `secs` seconds after now; 0 before the start."""
        passed = [stretch.per_sec for stretch in self.stretches if stretch.since_secs <= secs]
        return passed[-1] if passed else 0.0

    def next_change(self, secs: float) -> float:
        """Return when, after `secs`, the rate changes next; infinity when it never does.

        Both are in seconds after now.
        """
        return min(
            (stretch.since_secs for stretch in self.stretches if stretch.since_secs > secs),
            default=math.inf,
        )


def forecast_pace(
    window: RateWindow, now: float, start_secs: float, answer_secs: float
) -> PaceForecast:
    """Return what `window` will allow from `start_secs` after `now` (Unix seconds) on.

    It grows as it does after successful requests, up to the remembered ceiling. That a ceiling is
    forgotten after a day changes nothing here: a platform that refused once would refuse again.

    Args:
        answer_secs: seconds that the platform takes to answer; the next request waits for it.
    """
    # The forecast works on a copy: the window itself belongs to the account.
    grown = replace(window, recent=deque(window.recent))
    grown.drop_expired(now + start_secs)
    ahead = _ahead(grown, now + start_secs, answer_secs)
    at = start_secs
    stretches = [Stretch(at, _per_sec(grown, answer_secs))]
    while True:
        before = grown.learned
        at += max(1.0, math.ceil(before - grown.successes_in_row)) / stretches[-1].per_sec
        grown.successes_in_row = math.ceil(before)
        # At the moment of the ceiling it has not expired, so that the growth stays below it.
        grown.record_success(grown.ceiling_at)
        if grown.learned <= before:
            break
        rate = _per_sec(grown, answer_secs)
        if rate > stretches[-1].per_sec:
            stretches.append(Stretch(at, rate))
    return PaceForecast(
        ahead=ahead,
        burst=_capacity(grown),
        cycle_secs=_cycle_secs(grown, answer_secs),
        stretches=tuple(stretches),
    )


def _ahead(window: RateWindow, now: float, answer_secs: float) -> float:
    """Return how far the real, stepwise release of requests is ahead of its mean rate, in
    requests."""
    room = _capacity(window)
    waits = [
        moment + window.secs + MARGIN_SECS - now
        for moment, count in window.recent
        for _ in range(count)
    ]
    mean = sum(sorted(waits, reverse=True)[:room]) / room
    return room * (0.5 - mean / _cycle_secs(window, answer_secs))


def _per_sec(window: RateWindow, answer_secs: float) -> float:
    # One worker at a time uses an account: its requests do not overlap.
    fastest = 1 / answer_secs if answer_secs > 0 else math.inf
    return min(_capacity(window) / _cycle_secs(window, answer_secs), fastest)


def _cycle_secs(window: RateWindow, answer_secs: float) -> float:
    """Return the time from a request's departure to the departure of the one that takes its
    place."""
    return window.secs + MARGIN_SECS + answer_secs


def _capacity(window: RateWindow) -> int:
    return max(1, int(window.learned + 1e-9))
