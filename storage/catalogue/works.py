"""Queries on `works`, the catalogue of videos, and on the version that grows with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from operator import itemgetter

from storage.engines.datetimes import from_sql, from_sql_or_none, to_sql
from storage.engines.transactions import Row, Tx, in_list
from storage.models.mapping import row_of, row_to


class InvalidBy(StrEnum):
    """Who marked a work (a video of the catalogue) as invalid; only the same side, or an
    operator's explicit enabling, makes it valid again."""

    OPERATOR = "operator"  # by hand, by an import or by the site
    PLATFORM = "platform"  # it is gone, or hidden


@dataclass(frozen=True)
class Work:
    """A video of the catalogue. Field names are column names; `id` is 0 before it is stored."""

    platform: str
    work_id: str
    created_at: datetime
    updated_at: datetime
    title: str = ""
    author: str = ""
    uid: str | None = None
    publish_time: datetime | None = None
    cover_url: str = ""
    is_valid: bool = True
    invalid_by: InvalidBy | None = None
    invalid_reason: str | None = None
    play_count: int | None = None
    checked_at: datetime | None = None
    failure_count: int = 0
    last_error: str | None = None
    id: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """Return platform and work id, which identify a work."""
        return self.platform, self.work_id


COLUMNS = ", ".join(field.name for field in fields(Work))
FIXED = ("id", "platform", "work_id", "created_at")
MUTABLE = tuple(field.name for field in fields(Work) if field.name not in FIXED)
INSERT = (
    f"INSERT INTO works (platform, work_id, created_at, {', '.join(MUTABLE)})"
    f" VALUES (:platform, :work_id, :created_at, {', '.join(f':{name}' for name in MUTABLE)})"
)


def lock(tx: Tx, platform: str, work_ids: Sequence[str]) -> list[Work]:
    """Lock and return those of the works that are in the catalogue, by `work_id`.

    On MySQL their rows stay locked until the transaction ends; on SQLite every write transaction
    holds the whole database.
    """
    marks, names = in_list(work_ids)
    held = " FOR UPDATE" if tx.dialect.name == "mysql" else ""
    rows = tx.all(
        f"SELECT {COLUMNS} FROM works {tx.dialect.force_index('uq_works_identity')}"
        f" WHERE platform=:platform AND work_id IN ({marks})"
        f" ORDER BY work_id{held}",
        platform=platform,
        **names,
    )
    return [row_to(Work, row) for row in rows]


def of_ids(tx: Tx, platform: str, work_ids: Sequence[str]) -> list[Work]:
    """Return those of a platform's works that are in the catalogue, in no order."""
    marks, names = in_list(work_ids)
    rows = tx.all(
        f"SELECT {COLUMNS} FROM works WHERE platform=:platform AND work_id IN ({marks})",
        platform=platform,
        **names,
    )
    return [row_to(Work, row) for row in rows]


def publish_times(tx: Tx, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], datetime]:
    """Return when works (platform, id) of the catalogue were published (UTC), where that is
    known."""
    found: dict[tuple[str, str], datetime] = {}
    for platform, group in groupby(sorted(keys), key=itemgetter(0)):
        marks, names = in_list(work_id for _, work_id in group)
        rows = tx.all(
            "SELECT work_id, publish_time FROM works WHERE platform=:platform"
            f" AND work_id IN ({marks}) AND publish_time IS NOT NULL",
            platform=platform,
            **names,
        )
        found |= {(platform, row["work_id"]): from_sql(row["publish_time"]) for row in rows}
    return found


def exists(tx: Tx, platform: str, work_id: str) -> bool:
    """Return whether the work is in the catalogue."""
    return tx.exists(
        "SELECT 1 AS yes FROM works WHERE platform=:platform AND work_id=:work_id",
        platform=platform,
        work_id=work_id,
    )


def valid_keys(tx: Tx) -> set[tuple[str, str]]:
    """Return platform and work_id of every work that nobody marked as invalid."""
    rows = tx.all("SELECT platform, work_id FROM works WHERE is_valid=1")
    return {(row["platform"], row["work_id"]) for row in rows}


def insert(tx: Tx, works: Sequence[Work]) -> None:
    """Insert new works, given in key order.

    Raises:
        DuplicateKeyError: another process has inserted one of them meanwhile.
    """
    tx.execute_many(INSERT, [row_of(work) for work in works])


def save(tx: Tx, works: Sequence[Work]) -> None:
    """Write all columns of locked works back. Key order of `works` keeps writers from deadlocks."""
    # An upsert of rows that exist: unlike UPDATE, one statement writes different values to many
    # rows.
    tail = tx.dialect.on_conflict_update("platform, work_id", MUTABLE)
    tx.execute_many(f"{INSERT} {tail}", [row_of(work) for work in works])


def bump_version(tx: Tx, now: datetime) -> None:
    """Record that the published list of works (`views.json`) has changed.

    Call it last in a transaction: whoever else changes the catalogue waits here until it ends.
    """
    tx.execute(
        "UPDATE works_version SET version=version+1, changed_at=:now WHERE id=1", now=to_sql(now)
    )


def version(tx: Tx) -> int:
    """Return a number that grows with every change of the published list; 0 before the first."""
    return tx.number("SELECT version FROM works_version WHERE id=1")


def changed_at(tx: Tx) -> datetime | None:
    """Return when the published list changed last; None when it never did."""
    row = tx.one("SELECT changed_at FROM works_version WHERE id=1 AND version>0")
    return from_sql_or_none(row["changed_at"]) if row else None


def for_list(tx: Tx) -> list[Row]:
    """Return the published columns of every work, newest first, works without a date last.

    Invalid works are among them. It is one statement, so that all rows are of the same moment.
    """
    return tx.all(
        "SELECT platform, work_id, title, author, publish_time, cover_url, is_valid FROM works"
        " ORDER BY publish_time DESC, id DESC"
    )


def to_count(tx: Tx) -> list[Row]:
    """Return `platform`, `work_id` and `title` of every valid work, in the order of `for_list`."""
    return tx.all(
        "SELECT platform, work_id, title FROM works WHERE is_valid=1"
        " ORDER BY publish_time DESC, id DESC"
    )


def page(
    tx: Tx, platform: str | None, uid: str | None, is_valid: bool | None, limit: int
) -> list[Work]:
    """Return up to `limit` works, the last published first. A filter of None lets all pass."""
    wanted = {"platform": platform, "uid": uid, "is_valid": None if is_valid is None else +is_valid}
    filters = {name: value for name, value in wanted.items() if value is not None}
    where = " AND ".join(f"{name}=:{name}" for name in filters)
    rows = tx.all(
        f"SELECT {COLUMNS} FROM works {'WHERE ' + where if where else ''}"
        " ORDER BY publish_time DESC, id DESC LIMIT :limit",
        limit=limit,
        **filters,
    )
    return [row_to(Work, row) for row in rows]


@dataclass(frozen=True)
class Due:
    """The selection of works that a round of play counts has to request.

    Due are works that existed at `began_at`, were not requested since, and before that either not
    since `stale_before` or in vain. `with_gone` adds works that their platform did not show the
    last time. `uids` restricts the round to these creators; empty means all.
    """

    began_at: datetime
    stale_before: datetime
    with_gone: bool = False
    uids: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """Return the condition for due works, as SQL with the parameters of `params`."""
        shown = "(is_valid=1 OR invalid_by='platform')" if self.with_gone else "is_valid=1"
        places = ", ".join(f":uid{n}" for n in range(len(self.uids)))
        return (
            f"{shown} AND created_at<=:began AND (checked_at IS NULL OR checked_at<:began"
            " AND (checked_at<:stale OR failure_count>0))"
            + (f" AND uid IN ({places})" if self.uids else "")
        )

    @property
    def params(self) -> dict[str, object]:
        """Return the values for the parameters in `where`."""
        uids: dict[str, object] = {f"uid{n}": uid for n, uid in enumerate(self.uids)}
        return {"began": to_sql(self.began_at), "stale": to_sql(self.stale_before), **uids}


def due_counts(tx: Tx, due: Due) -> dict[str, int]:
    """Return the number of due works by platform; a platform without any is missing."""
    rows = tx.all(
        f"SELECT platform, COUNT(*) AS n FROM works WHERE {due.where}"
        " GROUP BY platform ORDER BY platform",
        **due.params,
    )
    return {row["platform"]: int(row["n"]) for row in rows}


def next_due(tx: Tx, due: Due, platform: str, after_id: int, limit: int) -> list[Work]:
    """Return up to `limit` due works of a platform with ids above `after_id`, by id."""
    rows = tx.all(
        f"SELECT {COLUMNS} FROM works {tx.dialect.in_id_order}"
        f" WHERE platform=:platform AND id>:after AND {due.where} ORDER BY id LIMIT :limit",
        platform=platform,
        after=after_id,
        limit=limit,
        **due.params,
    )
    return [row_to(Work, row) for row in rows]
