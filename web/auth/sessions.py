"""Sessions of the console: an encrypted cookie, so that they outlive a restart and need no
table."""

from __future__ import annotations

import json
from datetime import timedelta

from accounts.vault import Vault
from core.clock import Clock
from core.errors import CredentialsError

COOKIE = "baton_session"
LIFE = timedelta(days=7)
# The purpose keeps other texts that the vault has encrypted from passing for a session.
PURPOSE = "web-session"


class Sessions:
    """Makes and reads session cookies, which hold the id of a token and an end."""

    def __init__(self, *, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock

    def seal(self, token_id: int) -> str:
        """Return the cookie's value for the holder of that token; it is valid for seven days."""
        ends = self._clock.now() + LIFE
        text = json.dumps({"for": PURPOSE, "token": token_id, "ends": ends.timestamp()})
        sealed = self._vault.encrypt(text)
        assert sealed is not None
        return sealed

    def open(self, cookie: str) -> int | None:
        """Return the token's id; None for a cookie that is forged, damaged or expired."""
        try:
            found = json.loads(self._vault.unseal(cookie))
            valid = found["for"] == PURPOSE and found["ends"] > self._clock.now().timestamp()
            return int(found["token"]) if valid else None
        except (CredentialsError, ValueError, KeyError, TypeError):
            return None
