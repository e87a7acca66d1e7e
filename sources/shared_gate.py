"""One pace for everybody who asks with the same API key, from several threads and platforms."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.cancellation import StoppedSignal
from core.clock import Clock
from sources.pacing import AccountPace


class SharedGate:
    """Lets the requests of one key through in their turn; fits `RequestGate`.

    Unlike an account's gate it counts departures: with several requests under way at once, waiting
    for their answers would leave most of the pace unused.
    """

    def __init__(self, *, pace: AccountPace, clock: Clock, stop: threading.Event) -> None:
        self._pace = pace
        self._clock = clock
        self._stop = stop
        self._lock = threading.Lock()
        self._halved_at: float | None = None

    @contextmanager
    def turn(self, endpoint: str) -> Iterator[None]:
        """Wait for the turn of a request. Raises StoppedSignal: it must not be made."""
        while (secs := self._take_turn(endpoint)) > 0:
            if self._clock.wait(self._stop, secs):
                raise StoppedSignal
        yield

    def _take_turn(self, endpoint: str) -> float:
        """Count a request that leaves now, or the seconds until one may."""
        if self._stop.is_set():
            raise StoppedSignal
        windows = self._pace.of(endpoint)
        with self._lock:
            now = self._now()
            secs = max((window.ready_in(now) for window in windows), default=0.0)
            if secs <= 0:
                for window in windows:
                    window.answered(now)
            return secs

    def went_well(self) -> None:
        with self._lock:
            for window in self._pace.windows.values():
                window.went_well(self._now())

    def throttled(self) -> None:
        """One request was too many. Those that were under way with it tell nothing new."""
        with self._lock:
            now = self._now()
            longest = max(window.secs for window in self._pace.windows.values())
            if self._halved_at is not None and now - self._halved_at < longest:
                return
            self._halved_at = now
            for window in self._pace.windows.values():
                window.throttled(now)

    def _now(self) -> float:
        return self._clock.now().timestamp()
