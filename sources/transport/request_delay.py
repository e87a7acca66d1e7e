"""Delays between requests, kept besides the account's pace."""

from __future__ import annotations

import random
import threading

from core.clock import Clock

BACKOFF_BASE_SECS = 0.5


def backoff_secs(attempt: int) -> float:
    """Return the pause after that failed attempt, from 1.

    It is random within limits: workers that failed together must not all try again together.
    """
    longest: float = BACKOFF_BASE_SECS * 2 ** (attempt - 1)
    return longest * random.uniform(0.5, 1.0)


class RequestDelay:
    """A delay that keeps one job's requests `gap_secs` apart, whatever accounts send them."""

    def __init__(self, *, clock: Clock, gap_secs: float) -> None:
        self._clock = clock
        self._gap_secs = gap_secs
        self._lock = threading.Lock()
        self._free_at = 0.0
        self._never = threading.Event()  # a gap is short: a stop is noticed after it

    def wait(self) -> None:
        """Wait until the next request may begin; callers in several threads queue."""
        with self._lock:
            now = self._clock.monotonic()
            begins_at = max(now, self._free_at)
            # Reserved before the wait: the next caller queues behind this one.
            self._free_at = begins_at + self._gap_secs
        if begins_at > now:
            self._clock.wait(self._never, begins_at - now)


class RandomDelay:
    """A random delay, so that requests do not follow each other at a fixed interval.

    Args:
        min_secs, max_secs: the range of its length.
        rng: draws the length.
    """

    def __init__(
        self, *, clock: Clock, min_secs: float, max_secs: float, rng: random.Random
    ) -> None:
        self._clock = clock
        self._range_secs = min_secs, max_secs
        self._rng = rng
        self._never = threading.Event()  # the pause is short: a stop is noticed after it

    def wait(self) -> None:
        """Wait for a random time within the range; return at once when the range ends at 0."""
        if max(self._range_secs) > 0:
            self._clock.wait(self._never, self._rng.uniform(*self._range_secs))
