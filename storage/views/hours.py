"""Queries on `view_hours`: which hours were crawled or imported, how they ended, and their leases.

An hour is a number: local days since 1970 × 24 + local hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from storage.engines.datetimes import to_sql
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx
from storage.leasing import VIEW_HOURS
from storage.models.mapping import row_to
from storage.schema import schema

VERSION = "view_hours_version"  # the fact that an hour's version is taken from
FREE = "(lease_until IS NULL OR lease_until<=:now)"


class CrawlState(StrEnum):
    """The state of an hour: still to be crawled, with all its works, or over without them."""

    OPEN = "open"
    COMPLETE = "complete"
    PARTIAL = "partial"


@dataclass(frozen=True)
class ViewHour:
    """An hour that was crawled or imported. Field names are column names.

    `errors` is the stored message of most failures. `version` grows over all hours whenever the
    content of one has changed; None while that of this one never did. `ended_at` is the end of its
    last crawl, and `skipped` counts works of other platforms; None when not known. `list_sha256`
    tells apart the lists that were files of hosts; None when it was the catalogue.
    """

    hour: int
    state: CrawlState
    listed: int
    success: int
    failed: int
    skipped: int | None
    errors: str | None
    session_id: str
    started_at: datetime
    ended_at: datetime | None
    host: str
    version: int | None
    list_sha256: str | None
    lease_owner: str | None
    lease_token: int
    lease_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class HourEnd:
    """How a crawl or an import left an hour."""

    state: CrawlState
    listed: int
    success: int
    failed: int
    skipped: int | None
    errors: str | None
    ended_at: datetime | None


def get(tx: Tx, hour: int) -> ViewHour | None:
    """Return an hour; None when it was neither crawled nor imported."""
    row = tx.one("SELECT * FROM view_hours WHERE hour=:hour", hour=hour)
    return row_to(ViewHour, row) if row else None


def claim(
    tx: Tx, hour: int, *, owner: str, host: str, session_id: str, now: datetime, until: datetime
) -> ViewHour | None:
    """Lease an hour to `owner` until `until`, and return it; None while another one holds it.

    An hour that nobody has crawled begins now, as the session `session_id`.
    """
    tx.add(
        "view_hours",
        tx.dialect.on_conflict_ignore("hour"),
        hour=hour,
        session_id=session_id,
        started_at=to_sql(now),
        host=host,
    )
    seen = get(tx, hour)
    assert seen is not None
    is_claimed = VIEW_HOURS.claim(
        tx,
        hour,
        seen.lease_token,
        owner=owner,
        until=until,
        where=FREE,
        changes="host=:host",
        host=host,
        now=to_sql(now),
    )
    return get(tx, hour) if is_claimed else None


def note_progress(tx: Tx, hour: int, token: int, success: int, listed: int) -> bool:
    """Add works with numbers under the lease, until `end`; return False when it was lost."""
    return VIEW_HOURS.write(
        tx,
        hour,
        token,
        "success=success+:success, listed=:listed, ended_at=NULL",
        success=success,
        listed=listed,
    )


def end(tx: Tx, hour: int, token: int, ended: HourEnd, list_sha256: str | None = None) -> bool:
    """End the lease, record how the hour is, and publish it; return False when it was lost."""
    return VIEW_HOURS.give_back(
        tx,
        hour,
        token,
        "state=:state, listed=:listed, success=:success, failed=:failed, skipped=:skipped,"
        " errors=:errors, ended_at=:ended_at, list_sha256=:list_sha256, version=:version",
        list_sha256=list_sha256,
        version=_next_version(tx),
        **_columns(ended),
    )


def give_back(tx: Tx, hour: int, token: int) -> bool:
    """End the lease of an hour that stays as it is; return False when it was lost."""
    return VIEW_HOURS.give_back(tx, hour, token)


def set_state(tx: Tx, hour: int, state: CrawlState) -> None:
    """Change the state of an hour that nobody crawls, and publish it."""
    tx.execute(
        "UPDATE view_hours SET state=:state, version=:version WHERE hour=:hour",
        hour=hour,
        state=state.value,
        version=_next_version(tx),
    )


def put_imported(
    tx: Tx, hour: int, *, session_id: str, started_at: datetime, host: str, ended: HourEnd
) -> None:
    """Record an hour that came from a file, in place of what is recorded of it, and publish it."""
    columns = {
        "session_id": session_id[:255],
        "started_at": to_sql(started_at),
        "host": host,
        "version": _next_version(tx),
        **_columns(ended),
    }
    tx.add("view_hours", tx.dialect.on_conflict_update("hour", list(columns)), hour=hour, **columns)


def publish(tx: Tx, hour: int) -> None:
    """Have every host write the files of an hour anew."""
    tx.execute(
        "UPDATE view_hours SET version=:version WHERE hour=:hour",
        hour=hour,
        version=_next_version(tx),
    )


def changed_since(tx: Tx, version: int, limit: int) -> list[ViewHour]:
    """Return up to `limit` hours with a higher version, in the order of their versions."""
    rows = tx.all(
        "SELECT * FROM view_hours WHERE version>:version ORDER BY version LIMIT :limit",
        version=version,
        limit=limit,
    )
    return [row_to(ViewHour, row) for row in rows]


def newest_version(tx: Tx) -> int:
    """Return the highest version of an hour; 0 before the first."""
    return tx.number("SELECT MAX(version) FROM view_hours")


def first_version_since(tx: Tx, hour: int) -> int | None:
    """Return the lowest version of an hour and the later ones; None when none has one."""
    row = tx.one("SELECT MIN(version) AS version FROM view_hours WHERE hour>=:hour", hour=hour)
    return row["version"] if row else None


def between(tx: Tx, first: int, last: int) -> list[ViewHour]:
    """Return the hours from `first` to `last` that were crawled or imported, in their order."""
    rows = tx.all(
        "SELECT * FROM view_hours WHERE hour BETWEEN :first AND :last ORDER BY hour",
        first=first,
        last=last,
    )
    return [row_to(ViewHour, row) for row in rows]


def count_by_day(tx: Tx, first: int) -> dict[int, int]:
    """Return how many hours with numbers each day has, from the hour `first` on, by day."""
    rows = tx.all(
        "SELECT hour-hour%24 AS begins, COUNT(*) AS hours FROM view_hours"
        " WHERE hour>=:first AND success>0 GROUP BY hour-hour%24",
        first=first,
    )
    return {row["begins"] // 24: row["hours"] for row in rows}


def lists_by_host(tx: Tx, since: int) -> dict[str, str]:
    """Return the `list_sha256` of the newest hour of each host that counted by a file of its own,
    from the hour `since` on."""
    rows = tx.all(
        "SELECT host, list_sha256 FROM view_hours WHERE hour>=:since AND list_sha256 IS NOT NULL"
        " ORDER BY hour",
        since=since,
    )
    return {row["host"]: row["list_sha256"] for row in rows}


def open_before(tx: Tx, hour: int) -> list[int]:
    """Return the hours before `hour` that are still open, in their order."""
    return tx.column(
        "SELECT hour FROM view_hours WHERE state='open' AND hour<:hour ORDER BY hour", hour=hour
    )


def every(tx: Tx) -> set[int]:
    """Return all hours that were crawled or imported and have numbers or failures."""
    return set(tx.column("SELECT hour FROM view_hours WHERE version IS NOT NULL"))


def first_of_all(tx: Tx) -> int | None:
    """Return the first hour of all; None without hours."""
    row = tx.one("SELECT MIN(hour) AS hour FROM view_hours")
    return row["hour"] if row else None


def newest_with_numbers(tx: Tx) -> int | None:
    """Return the newest hour with numbers; None without one."""
    row = tx.one(
        "SELECT hour FROM view_hours WHERE success>0 AND version IS NOT NULL"
        " ORDER BY hour DESC LIMIT 1"
    )
    return row["hour"] if row else None


def ended_after(tx: Tx, hour: int) -> list[int]:
    """Return the hours after `hour` that are not open any more, in their order."""
    return tx.column(
        "SELECT hour FROM view_hours WHERE hour>:hour AND state<>'open' AND version IS NOT NULL"
        " ORDER BY hour",
        hour=hour,
    )


def newest_ended(tx: Tx) -> int | None:
    """Return the newest hour that is not open any more; None without one."""
    row = tx.one(
        "SELECT hour FROM view_hours WHERE state<>'open' AND version IS NOT NULL"
        " ORDER BY hour DESC LIMIT 1"
    )
    return row["hour"] if row else None


def ended_with_numbers_before(tx: Tx, hour: int) -> int | None:
    """Return the newest hour before `hour` that has numbers and is not open; None without one."""
    row = tx.one(
        "SELECT hour FROM view_hours WHERE hour<:hour AND success>0 AND state<>'open'"
        " AND version IS NOT NULL ORDER BY hour DESC LIMIT 1",
        hour=hour,
    )
    return row["hour"] if row else None


def is_newest(tx: Tx, hour: int) -> bool:
    """Return True when no later hour was crawled or imported."""
    return not tx.exists("SELECT 1 AS yes FROM view_hours WHERE hour>:hour LIMIT 1", hour=hour)


def _next_version(tx: Tx) -> int:
    """Return the next version.

    The row that it is taken from stays locked until the transaction ends: versions become visible
    in their order, so that whoever reads what came after one misses nothing.
    """
    schema.set_fact_once(tx, VERSION, "0")
    schema.lock_fact(tx, VERSION)
    version = int(schema.get_fact(tx, VERSION) or 0) + 1
    schema.set_fact(tx, VERSION, str(version))
    return version


def _columns(ended: HourEnd) -> dict[str, Any]:
    return {
        "state": ended.state.value,
        "listed": ended.listed,
        "success": ended.success,
        "failed": ended.failed,
        "skipped": ended.skipped,
        "errors": None if ended.errors is None else ended.errors[:MAX_TEXT_CHARS],
        "ended_at": None if ended.ended_at is None else to_sql(ended.ended_at),
    }
