"""Queries on `webhook_endpoints`: URLs that are not sent to, or not just now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.database import Tx
from storage.times import from_sql, from_sql_or_none, to_sql

REASON_CHARS = 512


@dataclass(frozen=True)
class Endpoint:
    """A URL about which something was decided; any other is enabled."""

    url_hash: str
    url: str
    is_enabled: bool
    reason: str | None
    rest_until: datetime | None
    changed_at: datetime


def get(tx: Tx, url_hash: str) -> Endpoint | None:
    """What was decided about a URL."""
    row = tx.one("SELECT * FROM webhook_endpoints WHERE url_hash=:url_hash", url_hash=url_hash)
    if row is None:
        return None
    return Endpoint(
        url_hash=row["url_hash"],
        url=row["url"],
        is_enabled=bool(row["is_enabled"]),
        reason=row["reason"],
        rest_until=from_sql_or_none(row["rest_until"]),
        changed_at=from_sql(row["changed_at"]),
    )


def disabled(tx: Tx) -> list[Endpoint]:
    """URLs that are not sent to, newest decision first."""
    rows = tx.all(
        "SELECT url_hash FROM webhook_endpoints WHERE is_enabled=0 ORDER BY changed_at DESC"
    )
    found = [get(tx, row["url_hash"]) for row in rows]
    return [endpoint for endpoint in found if endpoint is not None]


def is_known(tx: Tx, url_hash: str) -> bool:
    """Whether anything was ever filed for a URL, or decided about it."""
    row = tx.one(
        "SELECT 1 AS yes FROM webhook_deliveries WHERE url_hash=:url_hash"
        " UNION ALL SELECT 1 AS yes FROM webhook_endpoints WHERE url_hash=:url_hash LIMIT 1",
        url_hash=url_hash,
    )
    return row is not None


def set_enabled(
    tx: Tx, url_hash: str, url: str, now: datetime, *, enabled: bool, reason: str | None = None
) -> None:
    """Disable or enable a URL; what waits for it waits, or is due."""
    tx.execute(
        "INSERT INTO webhook_endpoints (url_hash, url, is_enabled, reason, rest_until, changed_at)"
        " VALUES (:url_hash, :url, :enabled, :reason, NULL, :now) "
        + tx.dialect.on_conflict_update(
            "url_hash", ["is_enabled", "reason", "rest_until", "changed_at"]
        ),
        url_hash=url_hash, url=url, enabled=int(enabled), reason=reason and reason[:REASON_CHARS],
        now=to_sql(now),
    )  # fmt: skip
    tx.execute(
        "UPDATE webhook_deliveries SET not_before=:due"
        " WHERE url_hash=:url_hash AND state IN ('pending','failed')",
        url_hash=url_hash, due=to_sql(now) if enabled else None,
    )  # fmt: skip


def rest(tx: Tx, url_hash: str, url: str, until: datetime, now: datetime) -> None:
    """Send nothing to a URL before that moment."""
    tx.execute(
        "INSERT INTO webhook_endpoints (url_hash, url, is_enabled, rest_until, changed_at)"
        " VALUES (:url_hash, :url, 1, :until, :now) "
        + tx.dialect.on_conflict_update("url_hash", ["rest_until", "changed_at"]),
        url_hash=url_hash, url=url, until=to_sql(until), now=to_sql(now),
    )  # fmt: skip
