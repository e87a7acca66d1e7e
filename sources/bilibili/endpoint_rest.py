"""How long an optional endpoint that refuses to serve is left alone."""

from __future__ import annotations

import threading

from core.clock import Clock

FIRST_REST_SECS = 3600.0
MAX_REST_SECS = 86_400.0
# Failures of the server in a row after which the endpoint is taken for unusable.
MAX_FAILURES = 3


class EndpointRest:
    """The state of one endpoint in this process: usable, or left alone until a moment.

    The first rest lasts an hour and each one in a row twice as long as the one before, up to a day;
    a good answer ends the row.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until = 0.0
        self._times = 0
        self._failures = 0

    @property
    def is_usable(self) -> bool:
        """Return whether the endpoint may be asked."""
        return self._clock.monotonic() >= self._until

    def begin(self) -> float:
        """Leave the endpoint alone, and return for how many seconds."""
        with self._lock:
            secs: float = min(FIRST_REST_SECS * 2**self._times, MAX_REST_SECS)
            # One outage that several accounts meet at once begins one rest.
            if self.is_usable:
                self._until = self._clock.monotonic() + secs
                self._times = min(self._times + 1, 10)
            self._failures = 0
            return secs

    def record_failure(self) -> bool:
        """Count a failure of the server; return whether there were too many in a row."""
        with self._lock:
            self._failures += 1
            return self._failures >= MAX_FAILURES

    def record_success(self) -> None:
        """Note a good answer: the next rest is as short as the first."""
        with self._lock:
            self._times = self._failures = 0
