"""Queries on `webhook_endpoints`: the URLs of receivers, and which of them nothing is sent to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.engines.datetimes import to_sql
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx
from storage.models.mapping import row_to


@dataclass(frozen=True)
class Endpoint:
    """A callback URL for which a delivery was filed at some time.

    While it is disabled (for `reason`) or before `rest_until`, nothing is sent to it.
    """

    url_hash: str
    url: str
    is_enabled: bool
    reason: str | None
    rest_until: datetime | None
    changed_at: datetime


def get(tx: Tx, url_hash: str) -> Endpoint | None:
    """Return the URL's row; None when no delivery was ever filed for it."""
    row = tx.one("SELECT * FROM webhook_endpoints WHERE url_hash=:url_hash", url_hash=url_hash)
    return row_to(Endpoint, row) if row else None


def disabled(tx: Tx) -> list[Endpoint]:
    """Return the disabled URLs, the last one disabled first."""
    rows = tx.all("SELECT * FROM webhook_endpoints WHERE is_enabled=0 ORDER BY changed_at DESC")
    return [row_to(Endpoint, row) for row in rows]


def set_enabled(
    tx: Tx, url_hash: str, now: datetime, *, enabled: bool, reason: str | None = None
) -> bool:
    """Enable or disable a URL and end its rest; return False when nothing was ever filed for it."""
    return 1 == tx.execute(
        "UPDATE webhook_endpoints SET is_enabled=:enabled, reason=:reason, rest_until=NULL,"
        " changed_at=:now WHERE url_hash=:url_hash",
        url_hash=url_hash,
        enabled=int(enabled),
        reason=reason and reason[:MAX_TEXT_CHARS],
        now=to_sql(now),
    )


def rest(tx: Tx, url_hash: str, until: datetime, now: datetime) -> None:
    """Send nothing to a URL before the moment `until`."""
    tx.execute(
        "UPDATE webhook_endpoints SET rest_until=:until, changed_at=:now WHERE url_hash=:url_hash",
        url_hash=url_hash,
        until=to_sql(until),
        now=to_sql(now),
    )
