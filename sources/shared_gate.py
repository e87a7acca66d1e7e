"""One request rate for all threads and platforms that use the same API key."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.cancellation import StoppedSignal
from core.clock import Clock
from sources.pacing import AccountPace


class SharedGate:
    """The pace of all requests with one API key, from any thread.

    Unlike an account's gate it counts departures: with several requests in flight at once, waiting
    for their responses would leave most of the pace unused. It waits as long as it takes.

    Args:
        on_wait: called with the seconds of each wait before it begins; None for nobody.
    """

    def __init__(
        self,
        *,
        pace: AccountPace,
        clock: Clock,
        stop: threading.Event,
        on_wait: Callable[[float], None] | None = None,
    ) -> None:
        self._pace = pace
        self._clock = clock
        self._stop = stop
        self._on_wait = on_wait
        self._lock = threading.Lock()
        self._halved_at: float | None = None

    @contextmanager
    def turn(self, endpoint: str) -> Iterator[None]:
        """Wait for the turn of a request to `endpoint`, and count it as it leaves.

        Raises:
            StoppedSignal: the service stops; the request must not be sent.
        """
        while (secs := self._take_turn(endpoint)) > 0:
            if self._on_wait is not None:
                self._on_wait(secs)
            if self._clock.wait(self._stop, secs):
                raise StoppedSignal
        yield

    def _take_turn(self, endpoint: str) -> float:
        """Count a request that leaves now and return 0, or return the seconds until one may
        leave."""
        if self._stop.is_set():
            raise StoppedSignal
        windows = self._pace.windows_for(endpoint)
        with self._lock:
            now = self._now()
            secs = max((window.ready_in(now) for window in windows), default=0.0)
            if secs <= 0:
                for window in windows:
                    window.record_request(now)
            return secs

    def record_success(self) -> None:
        """Let all windows grow, as a request got a good answer."""
        with self._lock:
            for window in self._pace.windows.values():
                window.record_success(self._now())

    def record_throttle(self) -> None:
        """Halve all windows, once for the requests that were in flight together.

        The other refusals of the same burst carry no further information.
        """
        with self._lock:
            now = self._now()
            longest = max(window.secs for window in self._pace.windows.values())
            if self._halved_at is not None and now - self._halved_at < longest:
                return
            self._halved_at = now
            for window in self._pace.windows.values():
                window.record_throttle(now)

    def _now(self) -> float:
        return self._clock.now().timestamp()
