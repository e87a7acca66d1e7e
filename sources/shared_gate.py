"""One request rate for all threads that use the same API key."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from core.cancellation import StoppedSignal
from core.clock import Clock
from sources.pacing import EVERYTHING, AccountPace


class SharedGate:
    """The pace of all requests with one API key to one platform, from any thread.

    Unlike an account's gate it counts departures: with several requests in flight at once, waiting
    for their responses would leave most of the pace unused. It waits as long as it takes. Where an
    endpoint has a limit of its own, a throttle there leaves the others as they are.

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
        self._halved_at: dict[str, float] = {}
        self._thread = threading.local()

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
        names = self._pace.names_for(endpoint)
        with self._lock:
            now = self._now()
            windows = [self._pace.windows[name] for name in names]
            secs = max((window.ready_in(now) for window in windows), default=0.0)
            if secs <= 0:
                for window in windows:
                    window.record_request(now)
                self._unsettled.append(names)
            return secs

    def record_success(self) -> None:
        """Let the windows of this thread's requests grow, as they got good answers."""
        with self._lock:
            self._grow(self._take_unsettled())

    def record_throttle(self) -> None:
        """Halve the window that refused this thread's latest request, after those that were good.

        It is halved once for the requests that were in flight together: the other refusals of the
        same burst carry no further information.
        """
        with self._lock:
            *answered, refused = self._take_unsettled() or [()]
            self._grow(answered)
            own = [name for name in refused if name != EVERYTHING]
            for name in own or refused:
                self._halve(name)

    def _halve(self, name: str) -> None:
        window, now = self._pace.windows[name], self._now()
        halved_at = self._halved_at.get(name)
        if halved_at is not None and now - halved_at < window.secs:
            return
        self._halved_at[name] = now
        window.record_throttle(now)

    def _grow(self, requests: Iterable[tuple[str, ...]]) -> None:
        for names in requests:
            for name in names:
                self._pace.windows[name].record_success(self._now())

    @property
    def _unsettled(self) -> list[tuple[str, ...]]:
        """The windows of this thread's requests whose outcome is not recorded yet."""
        found: list[tuple[str, ...]] = self._thread.__dict__.setdefault("unsettled", [])
        return found

    def _take_unsettled(self) -> list[tuple[str, ...]]:
        taken = list(self._unsettled)
        self._unsettled.clear()
        return taken

    def _now(self) -> float:
        return self._clock.now().timestamp()
