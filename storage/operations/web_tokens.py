"""Queries on `web_tokens`, the tokens of console and API, of which only hashes are stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.models.mapping import row_to


class Role(StrEnum):
    """What a token allows: READER may look, ADMIN may also act."""

    ADMIN = "admin"
    READER = "reader"


@dataclass(frozen=True)
class WebToken:
    """A token for console and API. `token_hash` is the SHA-256 of the token, in hex."""

    id: int
    name: str
    role: Role
    token_hash: str = field(repr=False)
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def add(tx: Tx, name: str, role: Role, token_hash: str, now: datetime) -> int:
    """Insert a token and return its id."""
    return tx.insert(
        "INSERT INTO web_tokens (name, role, token_hash, created_at)"
        " VALUES (:name, :role, :hash, :now)",
        name=name,
        role=role.value,
        hash=token_hash,
        now=to_sql(now),
    )


def by_hash(tx: Tx, token_hash: str) -> WebToken | None:
    """Return the token with that hash; None when there is none, or when it was revoked."""
    row = tx.one(
        "SELECT * FROM web_tokens WHERE token_hash=:hash AND revoked_at IS NULL", hash=token_hash
    )
    return row_to(WebToken, row) if row else None


def get(tx: Tx, token_id: int) -> WebToken | None:
    """Return the token with that id; None when there is none, or when it was revoked."""
    row = tx.one("SELECT * FROM web_tokens WHERE id=:id AND revoked_at IS NULL", id=token_id)
    return row_to(WebToken, row) if row else None


def every(tx: Tx) -> list[WebToken]:
    """Return all tokens, revoked ones too, by id."""
    return [row_to(WebToken, row) for row in tx.all("SELECT * FROM web_tokens ORDER BY id")]


def note_used(tx: Tx, token_id: int, now: datetime) -> None:
    """Record that a token was used at `now`."""
    tx.execute("UPDATE web_tokens SET last_used_at=:now WHERE id=:id", id=token_id, now=to_sql(now))


def revoke(tx: Tx, token_id: int, now: datetime) -> bool:
    """Revoke a token; return False when it was revoked before or does not exist."""
    return 1 == tx.execute(
        "UPDATE web_tokens SET revoked_at=:now WHERE id=:id AND revoked_at IS NULL",
        id=token_id,
        now=to_sql(now),
    )
