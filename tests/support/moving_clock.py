"""A clock that tests move; waiting on it takes no time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class MovingClock:
    """A clock that stands still until moved; `wait` moves it by the time waited for.

    `on_wait` is called at each wait, so that a test can act in the middle of somebody's patience.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
        self._lock = threading.Lock()
        self._elapsed = 0.0
        self.waits: list[float] = []
        self.on_wait: Callable[[], None] | None = None

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        with self._lock:
            return self._elapsed

    def wait(self, event: threading.Event, secs: float) -> bool:
        if not event.is_set():
            self.waits.append(secs)
            self.move(max(0.0, secs))
            if self.on_wait is not None:
                self.on_wait()
        return event.is_set()

    def move(self, secs: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=secs)
            self._elapsed += secs

    def move_to(self, moment: datetime) -> None:
        self.move((moment - self.now()).total_seconds())
