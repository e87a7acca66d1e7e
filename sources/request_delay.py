"""Pauses between requests, besides the account's pace."""

from __future__ import annotations

import random
import threading

from core.clock import Clock


class RequestDelay:
    """Lets the requests of one job begin at least `gap_secs` apart, whatever accounts make them."""

    def __init__(self, *, clock: Clock, gap_secs: float) -> None:
        self._clock = clock
        self._gap_secs = gap_secs
        self._lock = threading.Lock()
        self._free_at = 0.0
        self._never = threading.Event()  # a gap is short: a stop is noticed after it

    def wait(self) -> None:
        """Wait for the turn of the next request."""
        with self._lock:
            now = self._clock.monotonic()
            begins_at = max(now, self._free_at)
            self._free_at = begins_at + self._gap_secs
        if begins_at > now:
            self._clock.wait(self._never, begins_at - now)


class RandomDelay:
    """Waits for a random time, so that requests do not follow each other like clockwork.

    Args:
        chance: what the length is drawn with.
    """

    def __init__(
        self, *, clock: Clock, min_secs: float, max_secs: float, chance: random.Random
    ) -> None:
        self._clock = clock
        self._range_secs = min_secs, max_secs
        self._chance = chance
        self._never = threading.Event()  # the pause is short: a stop is noticed after it

    def wait(self) -> None:
        if max(self._range_secs) > 0:
            self._clock.wait(self._never, self._chance.uniform(*self._range_secs))
