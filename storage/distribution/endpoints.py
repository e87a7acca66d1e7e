"""Queries on `webhook_endpoints`: the URLs of receivers, and which of them nothing is sent to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.engines.datetimes import to_sql
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx
from storage.models.mapping import row_to

GONE = 410  # the HTTP status by which a receiver disables its URL


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


@dataclass(frozen=True)
class Reopened:
    """What became of the deliveries to a URL that was disabled and is enabled again.

    `waiting` are due as they were, `resent` were refused by HTTP 410 and are due again, `given_up`
    stay so: they were given up for another reason.
    """

    waiting: int
    resent: int
    given_up: int


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


def reopen(tx: Tx, url_hash: str, now: datetime) -> Reopened | None:
    """Enable a URL and make due again what was given up as it answered 410.

    Return None when nothing was ever filed for it. Tests are not sent again.
    """
    if not set_enabled(tx, url_hash, now, enabled=True):
        return None
    of_url = "url_hash=:url_hash AND not_before IS"
    waiting = tx.number(
        f"SELECT COUNT(*) AS n FROM webhook_deliveries WHERE {of_url} NOT NULL", url_hash=url_hash
    )
    resent = tx.execute(
        "UPDATE webhook_deliveries SET state='pending', attempts=0, not_before=:now,"
        f" finished_at=NULL WHERE {of_url} NULL AND state='dead' AND last_status={GONE}"
        " AND kind<>'test'",
        url_hash=url_hash,
        now=to_sql(now),
    )
    given_up = tx.number(
        f"SELECT COUNT(*) AS n FROM webhook_deliveries WHERE {of_url} NULL AND state='dead'"
        " AND kind<>'test'",
        url_hash=url_hash,
    )
    return Reopened(waiting=waiting, resent=resent, given_up=given_up)


def rest(tx: Tx, url_hash: str, until: datetime, now: datetime) -> None:
    """Send nothing to a URL before the moment `until`."""
    tx.execute(
        "UPDATE webhook_endpoints SET rest_until=:until, changed_at=:now WHERE url_hash=:url_hash",
        url_hash=url_hash,
        until=to_sql(until),
        now=to_sql(now),
    )
