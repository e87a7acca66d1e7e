"""Queries on `influencers`, the table of creators."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from storage.engines.datetimes import to_sql
from storage.engines.dialect import Dialect
from storage.engines.transactions import Row, Tx, in_list
from storage.models.creators import EXPORTED_COLUMNS, CreatorProfile

COLUMNS = ", ".join(EXPORTED_COLUMNS)


def upsert_page(
    tx: Tx,
    platform: str,
    domain: str,
    page: int,
    profiles: Sequence[CreatorProfile],
    log_id: int,
    now: datetime,
    *,
    complete: bool,
) -> None:
    """Insert a page's creators, or refresh the known ones of the domain.

    An exported row keeps the nickname and the raw data that were delivered; numbers are refreshed
    in every row. Neither the export status nor the page that listed a creator first (`log_id` of
    its ingestion log) is changed.

    Args:
        profiles: in the order of their uids: two pages with the same creators must not lock them
            in opposite orders.
        complete: the entries are whole ones; others change the nickname and fill numbers that are
            not known.
    """
    page_columns = {
        "platform": platform,
        "domain": domain,
        "page": page,
        "now": to_sql(now),
        "log": log_id,
    }
    tx.execute_many(
        "INSERT INTO influencers (platform, uid, nickname, domain, source_page, raw_data,"
        " ingested_at, updated_at, ingestion_log_id, followers, videos, seen_at, source_url)"
        " VALUES (:platform, :uid, :nickname, :domain, :page, :raw_data, :now, :now, :log,"
        " :followers, :videos, :now, :url)"
        f" {tx.dialect.on_conflict_set('platform, domain, uid', _refreshed(tx.dialect, complete))}",
        [vars(profile) | page_columns for profile in profiles],
    )


def _refreshed(dialect: Dialect, complete: bool) -> dict[str, str]:
    frozen = ("nickname", "raw_data") if complete else ("nickname",)
    refreshed = {
        name: f"CASE WHEN influencers.status='exported' THEN influencers.{name}"
        f" ELSE {dialect.proposed(name)} END"
        for name in frozen
    }
    for name in ("followers", "videos"):
        new = dialect.proposed(name)
        refreshed[name] = new if complete else f"COALESCE(influencers.{name},{new})"
    return refreshed | {name: dialect.proposed(name) for name in ("seen_at", "updated_at")}


def count_new(tx: Tx, platform: str, domain: str, uids: Sequence[str], log_id: int) -> int:
    """Return how many of these creators were first listed by the page with the log `log_id`."""
    if not uids:
        return 0
    marks, names = in_list(uids)
    return tx.number(
        "SELECT COUNT(*) AS n FROM influencers WHERE platform=:platform AND domain=:domain"
        f" AND uid IN ({marks}) AND ingestion_log_id=:log",
        platform=platform,
        domain=domain,
        log=log_id,
        **names,
    )


def next_pending(tx: Tx, platform: str, domain: str, after_id: int, limit: int) -> list[Row]:
    """Lock and return up to `limit` rows to export with ids above `after_id`, by id.

    Rows that other transactions hold locked are left out, so that an empty list does not mean that
    nothing waits.
    """
    return tx.all(
        f"SELECT {COLUMNS} FROM influencers"
        f" {tx.dialect.force_index('idx_influencers_export')}"
        " WHERE domain=:domain AND status='pending_export' AND id>:after AND platform=:platform"
        f" ORDER BY id LIMIT :limit{tx.dialect.lock_suffix}",
        platform=platform,
        domain=domain,
        after=after_id,
        limit=limit,
    )


def lock_pending(tx: Tx, ids: Sequence[int]) -> list[Row]:
    """Lock and return those of the rows that wait for export, by id.

    Rows that other transactions hold locked are left out.
    """
    marks, names = in_list(ids)
    return tx.all(
        f"SELECT {COLUMNS} FROM influencers WHERE id IN ({marks}) AND status='pending_export'"
        f" ORDER BY id{tx.dialect.lock_suffix}",
        **names,
    )


def mark_exported(tx: Tx, ids: Sequence[int], log_id: int, now: datetime) -> int:
    """Assign rows that wait for export to the segment `log_id`; return the number of rows changed.

    `ids` ascend. A row that was exported meanwhile is not counted.
    """
    first, last = ids[0], ids[-1]
    gapless = last - first + 1 == len(ids)
    # A range costs the database less to read than a list of hundreds of ids.
    which = "BETWEEN :first AND :last" if gapless else f"IN ({','.join(map(str, ids))})"
    return tx.execute(
        "UPDATE influencers SET status='exported', export_log_id=:log, updated_at=:now"
        f" WHERE id {which} AND status='pending_export'",
        log=log_id,
        now=to_sql(now),
        first=first,
        last=last,
    )


def ids_of_segment(tx: Tx, log_id: int) -> list[int]:
    """Return the ids of the rows of the segment `log_id`, ascending."""
    return tx.column("SELECT id FROM influencers WHERE export_log_id=:log ORDER BY id", log=log_id)


def of_segment(tx: Tx, log_id: int, after_id: int, limit: int) -> list[Row]:
    """Return up to `limit` rows of the segment `log_id` with ids above `after_id`, by id."""
    return tx.all(
        f"SELECT {COLUMNS} FROM influencers"
        f" {tx.dialect.force_index('idx_influencers_segment')}"
        " WHERE export_log_id=:log AND id>:after ORDER BY id LIMIT :limit",
        log=log_id,
        after=after_id,
        limit=limit,
    )


def domain_has_rows(tx: Tx, platform: str, domain: str) -> bool:
    """Return whether any creator of that platform and domain is stored."""
    return tx.exists(
        "SELECT 1 AS yes FROM influencers WHERE platform=:platform AND domain=:domain LIMIT 1",
        platform=platform,
        domain=domain,
    )


def domain_has_pending(tx: Tx, platform: str, domain: str) -> bool:
    """Return whether a creator of that platform and domain is still to be exported."""
    return tx.exists(
        f"SELECT 1 AS yes FROM influencers {tx.dialect.force_index('idx_influencers_export')}"
        " WHERE domain=:domain AND status='pending_export' AND platform=:platform LIMIT 1",
        platform=platform,
        domain=domain,
    )


def highest_id(tx: Tx) -> int:
    """Return the newest creator's id; 0 when there is none."""
    return tx.number("SELECT MAX(id) AS id FROM influencers")


def mismatched_status_count(tx: Tx, after_id: int, up_to_id: int) -> int:
    """Return how many rows with ids in `(after_id, up_to_id]` contradict themselves.

    That is status `exported` without a segment, or a segment without that status.
    """
    return tx.number(
        "SELECT COUNT(*) AS n FROM influencers WHERE id>:after AND id<=:up_to"
        " AND (status='exported') <> (export_log_id IS NOT NULL)",
        after=after_id,
        up_to=up_to_id,
    )


def rows_without_creator(tx: Tx, after_id: int, up_to_id: int) -> int:
    """Return how many rows with ids in `(after_id, up_to_id]` that a page or the backfill has seen
    have no row in `creators`."""
    return tx.number(
        "SELECT COUNT(*) AS n FROM influencers i LEFT JOIN creators c"
        " ON c.platform=i.platform AND c.uid=i.uid"
        " WHERE i.id>:after AND i.id<=:up_to AND i.seen_at IS NOT NULL AND c.id IS NULL",
        after=after_id,
        up_to=up_to_id,
    )


def rows_in_missing_segments(tx: Tx, after_id: int, up_to_id: int) -> int:
    """Return the number of rows with ids in `(after_id, up_to_id]` whose segment does not exist."""
    return tx.number(
        "SELECT COUNT(*) AS n FROM influencers i LEFT JOIN export_logs s ON s.id=i.export_log_id"
        " WHERE i.id>:after AND i.id<=:up_to AND i.export_log_id IS NOT NULL AND s.id IS NULL",
        after=after_id,
        up_to=up_to_id,
    )


def total(tx: Tx) -> int:
    """Return the number of stored creators. Reads a whole index."""
    return tx.number("SELECT COUNT(*) AS n FROM influencers")


def count_pending(tx: Tx, platform: str, domain: str, limit: int) -> int:
    """Return the number of creators that wait for export; counting stops at `limit`."""
    return tx.number(
        "SELECT COUNT(*) AS n FROM (SELECT id FROM influencers"
        f" {tx.dialect.force_index('idx_influencers_export')}"
        " WHERE domain=:domain AND status='pending_export' AND platform=:platform"
        " LIMIT :limit) AS pending",
        platform=platform,
        domain=domain,
        limit=limit,
    )
