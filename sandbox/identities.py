"""The number of the member behind each account name, which a control call can change."""

from __future__ import annotations

import threading

from sandbox.sessions import member_id


class Identities:
    """Every name is a member of its own, unless decided otherwise; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._decided: dict[str, int] = {}

    def mid(self, account: str) -> int:
        """Return the member's number, as `nav` shows it."""
        with self._lock:
            return self._decided.get(account) or member_id(account)

    def decide(self, account: str, mid: int) -> None:
        """Show another number for an account from now on."""
        with self._lock:
            self._decided[account] = mid

    def reset(self) -> None:
        """Make every name a member of its own again."""
        with self._lock:
            self._decided.clear()
