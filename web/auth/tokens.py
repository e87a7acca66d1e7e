"""Tokens of console and API: random, shown once, stored as a hash."""

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
MAX_TOKEN_CHARS = 200  # ours have 49
# The use of a token is recorded once a minute at most: not every request is a write.
USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class NewToken:
    """A new token; `text` is in clear and cannot be shown again."""

    text: str
    name: str
    role: Role


class TokenStore:
    """Makes, recognises and revokes the tokens of console and API; only their hashes are stored."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def make(self, role: Role, name: str | None = None) -> NewToken:
        """Make a token and return it in clear, which is possible this once.

        Its name is `name`, or for None or an empty one that of its role.

        Raises:
            InvalidInputError: the name is blank, longer than 64 letters, not printable or in use.
        """
        name = (name or role.value).strip()
        if not 0 < len(name) <= MAX_NAME_LETTERS or not name.isprintable():
            raise InvalidInputError("token_name_invalid", max_letters=MAX_NAME_LETTERS)
        in_use = {token.name for token in self.every() if token.revoked_at is None}
        if name in in_use:
            raise InvalidInputError("token_name_taken", name=name)
        text = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
        now = self._clock.now()
        self._database.write(lambda tx: rows.add(tx, name, role, _hash(text), now))
        return NewToken(text, name, role)

    def has_admin(self) -> bool:
        """Return True when an admin token is in use."""
        return any(token.revoked_at is None and token.role is Role.ADMIN for token in self.every())

    def recognise(self, text: str) -> WebToken | None:
        """Return the token with that text; None when it is unknown or revoked."""
        if not text or len(text) > MAX_TOKEN_CHARS:
            return None
        given = _hash(text)
        token = self._database.read(rows.by_hash, given)
        if token is None or not hmac.compare_digest(token.token_hash, given):
            return None
        return self._with_use_noted(token)

    def with_id(self, token_id: int) -> WebToken | None:
        """Return the token of a session; None when it was revoked meanwhile."""
        token = self._database.read(rows.get, token_id)
        return self._with_use_noted(token) if token else None

    def every(self) -> list[WebToken]:
        """Return all tokens, also revoked ones."""
        return self._database.read(rows.every)

    def revoke(self, name_or_id: str) -> WebToken:
        """Revoke a token and end its sessions; return it as it was.

        Raises:
            InvalidInputError: no token in use has that name or id.
        """
        in_use = [token for token in self.every() if token.revoked_at is None]
        meant = next((token for token in in_use if name_or_id in (token.name, str(token.id))), None)
        if meant is None:
            raise InvalidInputError("token_not_in_use", name=name_or_id)
        now = self._clock.now()
        self._database.write_idempotent(rows.revoke, meant.id, now)
        return meant

    def _with_use_noted(self, token: WebToken) -> WebToken:
        """Record the use of a token, once a minute at most, and return the token."""
        now = self._clock.now()
        if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
            self._database.write_idempotent(rows.note_used, token.id, now)
        return token


def _hash(text: str) -> str:
    """Return the SHA-256 in hex. Random tokens need no slow hash: there is nothing to guess."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
