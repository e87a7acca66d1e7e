"""Sessions of the console: an encrypted cookie, so that they outlive a restart; those that were
ended before their time are kept in the database."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from accounts.vault import Vault
from core.clock import Clock
from core.errors import CredentialsError
from storage.engines.transactions import Database
from storage.operations import web_sessions as rows

COOKIE = "baton_session"
LIFE = timedelta(days=7)
# The purpose keeps other texts that the vault has encrypted from passing for a session.
PURPOSE = "web-session"
ID_BYTES = 16
MAX_COOKIE_CHARS = 1000  # a longer one is none of ours


@dataclass(frozen=True)
class _Session:
    """What a cookie holds: its own id, the token's id, and when it ends."""

    id: str
    token_id: int
    ends_at: datetime


class Sessions:
    """Makes, reads and ends sessions: a cookie holds the id of a token and an end."""

    def __init__(self, *, vault: Vault, clock: Clock, database: Database) -> None:
        self._vault = vault
        self._clock = clock
        self._database = database

    def seal(self, token_id: int) -> str:
        """Return the cookie's value for the holder of that token; it is valid for seven days."""
        session = {
            "for": PURPOSE,
            "id": secrets.token_hex(ID_BYTES),
            "token": token_id,
            "ends": (self._clock.now() + LIFE).timestamp(),
        }
        sealed = self._vault.encrypt(json.dumps(session))
        assert sealed is not None
        return sealed

    def open(self, cookie: str) -> int | None:
        """Return the token's id; None for a cookie that is forged, damaged, expired or ended."""
        session = self._read(cookie)
        if session is None or self._database.read(rows.is_ended, session.id):
            return None
        return session.token_id

    def end(self, cookie: str) -> None:
        """End a session for good, wherever its cookie was copied to; nothing for another text."""
        session = self._read(cookie)
        if session is None:
            return
        now = self._clock.now()
        self._database.write_idempotent(rows.end, session.id, session.ends_at, now)

    def _read(self, cookie: str) -> _Session | None:
        if not cookie or len(cookie) > MAX_COOKIE_CHARS:
            return None
        try:
            found = json.loads(self._vault.unseal(cookie))
            if found["for"] != PURPOSE or found["ends"] <= self._clock.now().timestamp():
                return None
            ends_at = datetime.fromtimestamp(found["ends"], UTC)
            return _Session(str(found["id"]), int(found["token"]), ends_at)
        except (CredentialsError, ValueError, KeyError, TypeError):
            return None
