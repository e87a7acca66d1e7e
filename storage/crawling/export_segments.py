"""Queries on `export_logs`: one row per export file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from storage.engines.datetimes import day_from_sql, to_sql
from storage.engines.transactions import Tx
from storage.models.mapping import row_of, row_to
from storage.models.segments import Segment


@dataclass(frozen=True)
class NewSegment:
    """A segment to open: the rows that one account exports for a task on a quota day, in one file.

    `quota_limit` is the account's daily limit at that moment, and later the highest one under which
    rows were added; `options` are stored as JSON; `host`
    is where the file is written.
    """

    task_id: int
    account_id: int
    platform: str
    domain: str
    quota_day: date
    quota_limit: int
    format: str
    options: Mapping[str, Any]
    host: str


def open_segment(tx: Tx, new: NewSegment, ids: tuple[int, int], rows: int, now: datetime) -> int:
    """Insert an open segment with its first batch and return its id.

    `ids` are the lowest and highest id of the batch, `rows` its number of rows.
    """
    first, last = ids
    return tx.add(
        "export_logs",
        **row_of(new),
        exported_count=rows,
        first_id=first,
        last_id=last,
        start_time=to_sql(now),
    )


def grow(tx: Tx, segment_id: int, ids: tuple[int, int], rows: int) -> bool:
    """Add a batch to a segment; return False when the segment is not open any more.

    `ids` are the lowest and highest id of the batch, `rows` its number of rows.
    """
    first, last = ids
    return 1 == tx.execute(
        "UPDATE export_logs SET exported_count=exported_count+:n,"
        " first_id=CASE WHEN first_id<:first THEN first_id ELSE :first END,"
        " last_id=CASE WHEN last_id>:last THEN last_id ELSE :last END"
        " WHERE id=:id AND state='open'",
        id=segment_id,
        n=rows,
        first=first,
        last=last,
    )


@dataclass(frozen=True)
class SealedFile:
    """The finished file of a segment: where it is on `host`, its size and its SHA-256 (hex).

    `content_sha256` is the hash of what it says, however a library packs that.
    """

    file_path: str
    bytes: int
    sha256: str
    content_sha256: str
    host: str


def seal(
    tx: Tx, segment_id: int, file: SealedFile, now: datetime, *, rebuild_token: int | None = None
) -> bool:
    """Close an open segment with its finished file; return False when it is not open any more.

    With `rebuild_token`, also point a sealed one to a file that was rendered again; its end stays.
    Then return False when a later rebuild has begun.
    """
    # The task's token, which the callers check first, is the first fence; the state is the second.
    which = "state='open'" if rebuild_token is None else "rebuild_token=:rebuild_token"
    return 1 == tx.execute(
        "UPDATE export_logs SET state='sealed', file_path=:file_path, bytes=:bytes, sha256=:sha256,"
        " content_sha256=:content_sha256,"
        f" host=:host, end_time=COALESCE(end_time, :now) WHERE id=:id AND {which}",
        **row_of(file),
        id=segment_id,
        rebuild_token=rebuild_token,
        now=to_sql(now),
    )


def target_path(tx: Tx, segment_id: int) -> str | None:
    """Return the name that was found free for the segment's file; None before that."""
    row = tx.one("SELECT target_path FROM export_logs WHERE id=:id", id=segment_id)
    return row["target_path"] if row else None


def set_target_path(tx: Tx, segment_id: int, path: str, rebuild_token: int | None) -> bool:
    """Record the name of the segment's file; return False when a later rebuild has begun.

    `rebuild_token` is None for the worker that has the task leased.
    """
    which = "" if rebuild_token is None else " AND rebuild_token=:rebuild_token"
    return 1 == tx.execute(
        f"UPDATE export_logs SET target_path=:path WHERE id=:id{which}",
        id=segment_id,
        path=path,
        rebuild_token=rebuild_token,
    )


def note_limit(tx: Tx, segment_id: int) -> None:
    """Raise the segment's quota limit to its account's present one, if that is higher.

    Call it once the quota is spent, when the account's row is locked.
    """
    tx.execute(
        "UPDATE export_logs SET quota_limit=(SELECT daily_export_limit FROM accounts"
        " WHERE id=export_logs.account_id) WHERE id=:id AND quota_limit<"
        "(SELECT daily_export_limit FROM accounts WHERE id=export_logs.account_id)",
        id=segment_id,
    )


def move(tx: Tx, segment: Segment, out: str) -> None:
    """Have the segment's file written to the folder `out` from now on, under a name found there."""
    tx.execute(
        "UPDATE export_logs SET options=:options, target_path=NULL WHERE id=:id",
        id=segment.id,
        options=json.dumps(dict(segment.options) | {"out": out}, ensure_ascii=False),
    )


def start_rebuild(tx: Tx, segment_id: int) -> int:
    """Raise the segment's rebuild token, so that every earlier rebuild is stale; return it."""
    tx.execute("UPDATE export_logs SET rebuild_token=rebuild_token+1 WHERE id=:id", id=segment_id)
    return rebuild_token(tx, segment_id)


def rebuild_token(tx: Tx, segment_id: int) -> int:
    """Return the token of the segment's newest rebuild; 0 when it never was rebuilt."""
    return tx.number("SELECT rebuild_token FROM export_logs WHERE id=:id", id=segment_id)


def get(tx: Tx, segment_id: int) -> Segment | None:
    """Return the segment with that id; None when there is none."""
    row = tx.one("SELECT * FROM export_logs WHERE id=:id", id=segment_id)
    return row_to(Segment, row) if row else None


def open_of_task(tx: Tx, task_id: int) -> list[Segment]:
    """Return the open segments of a task, by id: an earlier holder of the task has left them."""
    rows = tx.all(
        "SELECT * FROM export_logs WHERE task_id=:task AND state='open' ORDER BY id", task=task_id
    )
    return [row_to(Segment, row) for row in rows]


def unattended(tx: Tx, now: datetime) -> list[Segment]:
    """Return the open segments whose task nobody has leased at `now`, by id."""
    rows = tx.all(
        "SELECT s.* FROM export_logs s JOIN tasks t ON t.id=s.task_id"
        " WHERE s.state='open' AND (t.lease_until IS NULL OR t.lease_until<:now) ORDER BY s.id",
        now=to_sql(now),
    )
    return [row_to(Segment, row) for row in rows]


def open_of_ended_tasks(tx: Tx, now: datetime) -> list[Segment]:
    """Return the open segments of tasks that have ended, by id: no later claim will seal them."""
    rows = tx.all(
        "SELECT s.* FROM export_logs s JOIN tasks t ON t.id=s.task_id"
        " WHERE s.state='open' AND t.status IN ('completed','failed')"
        " AND (t.lease_until IS NULL OR t.lease_until<:now) ORDER BY s.id",
        now=to_sql(now),
    )
    return [row_to(Segment, row) for row in rows]


def page(tx: Tx, after_id: int, limit: int, domain: str | None = None) -> list[Segment]:
    """Return up to `limit` segments, by id, with ids above `after_id`.

    With `domain` only those of that domain.
    """
    where = "" if domain is None else "AND domain=:domain"
    rows = tx.all(
        f"SELECT * FROM export_logs WHERE id>:after {where} ORDER BY id LIMIT :limit",
        after=after_id,
        limit=limit,
        domain=domain,
    )
    return [row_to(Segment, row) for row in rows]


def newest(tx: Tx, limit: int, domain: str | None = None) -> list[Segment]:
    """Return the newest `limit` segments, newest first; with `domain` only those of that domain."""
    where = "" if domain is None else "WHERE domain=:domain"
    rows = tx.all(
        f"SELECT * FROM export_logs {where} ORDER BY id DESC LIMIT :limit",
        limit=limit,
        domain=domain,
    )
    return [row_to(Segment, row) for row in rows]


@dataclass(frozen=True)
class HostFiles:
    """The sealed segments that a host wrote: how many, and where the file of the newest one is.

    `newest_path` is the path as the database keeps it.
    """

    host: str
    count: int
    newest_path: str | None


def by_host(tx: Tx) -> list[HostFiles]:
    """Return the sealed segments that each host wrote, by host; a host without any is missing.

    Reads the whole table.
    """
    rows = tx.all(
        "SELECT h.host, h.n, s.file_path FROM export_logs s JOIN"
        " (SELECT host, COUNT(*) AS n, MAX(id) AS newest FROM export_logs WHERE state='sealed'"
        " GROUP BY host) h ON s.id=h.newest ORDER BY h.host"
    )
    return [HostFiles(row["host"], int(row["n"]), row["file_path"]) for row in rows]


def of_host(tx: Tx, host: str, after_id: int, limit: int) -> list[int]:
    """Return up to `limit` ids above `after_id` of segments written on that host, ascending."""
    return tx.column(
        "SELECT id FROM export_logs WHERE host=:host AND id>:after ORDER BY id LIMIT :limit",
        host=host,
        after=after_id,
        limit=limit,
    )


def is_open(tx: Tx, segment_id: int) -> bool:
    """Return whether the segment exists and may still get rows."""
    return tx.exists(
        "SELECT 1 AS yes FROM export_logs WHERE id=:id AND state='open'", id=segment_id
    )


def of_task(tx: Tx, task_id: int) -> list[Segment]:
    """Return all segments of a task and its pieces, by id."""
    rows = tx.all(
        "SELECT s.* FROM export_logs s JOIN tasks t ON t.id=s.task_id"
        " WHERE t.id=:task OR t.parent_id=:task ORDER BY s.id",
        task=task_id,
    )
    return [row_to(Segment, row) for row in rows]


@dataclass(frozen=True)
class Delivered:
    """How many rows an account exported for a task, and in how many files."""

    account_id: int
    rows: int
    files: int


def delivered(tx: Tx, task_id: int) -> list[Delivered]:
    """Return what each account exported for a task and its pieces, the most rows first."""
    rows = tx.all(
        "SELECT s.account_id, SUM(s.exported_count) AS n, COUNT(*) AS files"
        " FROM export_logs s JOIN tasks t ON t.id=s.task_id"
        " WHERE t.id=:task OR t.parent_id=:task"
        " GROUP BY s.account_id ORDER BY n DESC, s.account_id",
        task=task_id,
    )
    return [Delivered(row["account_id"], int(row["n"]), int(row["files"])) for row in rows]


@dataclass(frozen=True)
class AccountDay:
    """How many rows an account exported on one quota day, counted twice.

    `in_segments` is the sum over its segments, `counted` the account's own counter; None once that
    counter has moved to another day. `limit` is the highest limit under which its segments were
    written. `username` is None when the account's row is gone.
    """

    account_id: int
    username: str | None
    quota_day: date
    in_segments: int
    counted: int | None
    limit: int


def account_days(tx: Tx) -> list[AccountDay]:
    """Return each account's quota days that have segments, by day and account."""
    rows = tx.all(
        "SELECT s.account_id, a.username, s.quota_day, SUM(s.exported_count) AS n,"
        " MAX(CASE WHEN a.quota_day=s.quota_day THEN a.today_export_count END) AS counted,"
        # Before schema 9 a limit that was raised while rows were added was not noted.
        " MAX(CASE WHEN s.target_path IS NULL AND a.daily_export_limit>s.quota_limit"
        " THEN a.daily_export_limit ELSE s.quota_limit END) AS most"
        " FROM export_logs s LEFT JOIN accounts a ON a.id=s.account_id"
        " GROUP BY s.account_id, a.username, s.quota_day ORDER BY s.quota_day, s.account_id"
    )
    return [
        AccountDay(
            account_id=row["account_id"],
            username=row["username"],
            quota_day=day_from_sql(row["quota_day"]),
            in_segments=int(row["n"]),
            counted=None if row["counted"] is None else int(row["counted"]),
            limit=int(row["most"]),
        )
        for row in rows
    ]


def bounds_in_table(tx: Tx, segment_id: int) -> tuple[int, int | None, int | None]:
    """Return how many creators' rows point to a segment, and their lowest and highest id.

    Both ids are None without rows.
    """
    row = tx.one(
        "SELECT COUNT(*) AS n, MIN(id) AS low, MAX(id) AS high FROM influencers"
        " WHERE export_log_id=:id",
        id=segment_id,
    )
    assert row is not None
    return int(row["n"]), row["low"], row["high"]
