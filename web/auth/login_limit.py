"""The limit on attempts to sign in."""

from __future__ import annotations

import math
import threading
from collections import deque

from core.clock import Clock
from web.edge.connections import site_of

WINDOW_SECS = 60.0
TRIES_OF_ONE = 5
# An attacker may have many addresses.
TRIES_OF_ALL = 30


class LoginLimit:
    """Counts the failed attempts to sign in of the last minute, in this process.

    After 5 of one address (IPv6: of one /64), or 30 of all addresses together, further wrong ones
    are not recorded and told to wait. A right token is never refused: tokens of 256 random bits
    cannot be guessed, the limit only keeps the database and the log from being filled.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: deque[tuple[float, str]] = deque()

    def wait_secs(self, address: str) -> int:
        """Return the seconds that this address must wait before its next
        attempt; 0 when it may try now."""
        now = self._clock.monotonic()
        with self._lock:
            while self._failures and now - self._failures[0][0] >= WINDOW_SECS:
                self._failures.popleft()
            everyone = [at for at, _ in self._failures]
            ours = [at for at, one in self._failures if one == site_of(address)]
        free_at = max(_free_at(ours, TRIES_OF_ONE), _free_at(everyone, TRIES_OF_ALL))
        return max(0, math.ceil(free_at - now))

    def failed(self, address: str) -> None:
        """Record a failed attempt of an address."""
        with self._lock:
            self._failures.append((self._clock.monotonic(), site_of(address)))


def _free_at(failures: list[float], tries: int) -> float:
    """Return the monotonic time at which the oldest of the last `tries` failures no longer
    counts."""
    return failures[-tries] + WINDOW_SECS if len(failures) >= tries else 0.0
