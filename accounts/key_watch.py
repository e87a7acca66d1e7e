"""Watch the keys of a running process, and tell trouble with them that lasts."""

from __future__ import annotations

from accounts.vault import KeyTrouble, Vault
from core.clock import Clock

# A backup that swaps files, or a full table of descriptors, is over by then.
UNREADABLE_SECS = 60.0


class KeyWatch:
    """Compares the keys of this process with the database and the key file."""

    def __init__(self, *, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock
        self._unreadable_since: float | None = None

    def look(self, token: str | None) -> KeyTrouble | None:
        """Return what is wrong with the keys; None when all is well.

        A file that cannot be read counts after a minute. `token` is the key check of the database.
        """
        trouble, now = self._vault.trouble(token), self._clock.monotonic()
        if trouble is not KeyTrouble.UNREADABLE:
            self._unreadable_since = None
            return trouble
        if self._unreadable_since is None:
            self._unreadable_since = now
        return trouble if now - self._unreadable_since >= UNREADABLE_SECS else None
