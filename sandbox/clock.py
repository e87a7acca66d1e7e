"""The platforms' time of day, which a control call can move ahead."""

from __future__ import annotations

import threading
from collections.abc import Callable

DAY_SECS = 86_400


class WorldClock:
    """Unix time as counters, sessions and quotas see it; thread-safe.

    Signatures are compared with the unmoved `wall`, so that a moved world still understands its
    clients.
    """

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._lock = threading.Lock()
        self._ahead_secs = 0.0

    def __call__(self) -> float:
        with self._lock:
            return self._wall() + self._ahead_secs

    def set_ahead(self, secs: float) -> None:
        """Run `secs` ahead of the wall clock from now on."""
        with self._lock:
            self._ahead_secs = secs
