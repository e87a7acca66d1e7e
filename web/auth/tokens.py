"""Tokens of console and API: made at random, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from core.clock import Clock
from core.errors import InvalidInputError
from storage.engines.transactions import Database
from storage.operations import web_tokens as rows
from storage.operations.web_tokens import Role, WebToken

PREFIX = "baton_"
RANDOM_BYTES = 32
MAX_NAME_LETTERS = 64
USED_EVERY = timedelta(minutes=1)  # no write for each request


@dataclass(frozen=True)
class NewToken:
    """A token just made; nobody can show `text` again."""

    text: str
    name: str
    role: Role


class TokenStore:
    """Makes, recognises and ends tokens."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def make(self, role: Role, name: str | None = None) -> NewToken:
        """A new token. Raises InvalidInputError for a name that is overlong or in use."""
        name = (name or role.value).strip()
        if not 0 < len(name) <= MAX_NAME_LETTERS or not name.isprintable():
            raise InvalidInputError(
                f"a token's name has 1 to {MAX_NAME_LETTERS} printable characters"
            )
        in_use = {one.name for one in self.every() if one.revoked_at is None}
        if name in in_use:
            raise InvalidInputError(
                f"a token named {name!r} is in use; give another --name, or end it first with:"
                f" python cli.py web revoke {name}"
            )
        text = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
        now = self._clock.now()
        self._database.write(lambda tx: rows.add(tx, name, role, _hash(text), now))
        return NewToken(text, name, role)

    def has_admin(self) -> bool:
        """Whether anybody may act."""
        return any(one.revoked_at is None and one.role is Role.ADMIN for one in self.every())

    def recognise(self, text: str) -> WebToken | None:
        """The token that was given, unless it is unknown or revoked."""
        given = _hash(text)
        token = self._database.read(rows.by_hash, given)
        if token is None or not hmac.compare_digest(token.token_hash, given):
            return None
        return self._noted(token)

    def with_id(self, token_id: int) -> WebToken | None:
        """The token behind a session, unless it was revoked meanwhile."""
        token = self._database.read(rows.get, token_id)
        return self._noted(token) if token else None

    def every(self) -> list[WebToken]:
        """All tokens, also revoked ones."""
        return self._database.read(rows.every)

    def revoke(self, name_or_id: str) -> WebToken:
        """End a token and its sessions. Raises InvalidInputError when none in use is called"
        " that."""
        in_use = [one for one in self.every() if one.revoked_at is None]
        meant = next((one for one in in_use if name_or_id in (one.name, str(one.id))), None)
        if meant is None:
            raise InvalidInputError(
                f"no token in use is named {name_or_id!r}; see: python cli.py web tokens"
            )
        now = self._clock.now()
        self._database.write_idempotent(rows.revoke, meant.id, now)
        return meant

    def _noted(self, token: WebToken) -> WebToken:
        now = self._clock.now()
        if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
            self._database.write_idempotent(rows.note_used, token.id, now)
        return token


def _hash(text: str) -> str:
    """Random tokens need no slow hash: there is nothing to guess."""
    return hashlib.sha256(text.encode()).hexdigest()
