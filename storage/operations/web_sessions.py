"""Sessions of the console that were ended before their time, each a fact of `meta`."""

from __future__ import annotations

from datetime import datetime

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx

PREFIX = "web_session_ended:"  # followed by the session's id: 32 hexadecimal digits


def end(tx: Tx, session_id: str, ends_at: datetime, now: datetime) -> None:
    """Record that a session was ended, until it would have ended by itself; forget older ones."""
    tx.execute(
        "DELETE FROM meta WHERE name LIKE :prefix AND value<:now",
        prefix=f"{PREFIX}%",
        now=to_sql(now),
    )
    ignore = tx.dialect.on_conflict_ignore("name")
    tx.add("meta", ignore, name=f"{PREFIX}{session_id}", value=to_sql(ends_at))


def is_ended(tx: Tx, session_id: str) -> bool:
    """Return True when the session was ended."""
    name = f"{PREFIX}{session_id}"
    return tx.one("SELECT name FROM meta WHERE name=:name", name=name) is not None
