"""A pause between any two requests of one job, whatever accounts they are made with."""

from __future__ import annotations

import threading

from core.clock import Clock


class RequestSpacing:
    """Lets requests begin at least `gap_secs` apart."""

    def __init__(self, clock: Clock, gap_secs: float) -> None:
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
