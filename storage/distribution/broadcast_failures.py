"""Queries on `broadcast_failures`: the tasks without numbers in the newest round that ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Row, Tx, in_list
from storage.models.mapping import row_of, row_to

CHANGED_AT_ONCE = 1000


@dataclass(frozen=True)
class NewFailure:
    """A task without numbers in a round; `reason` is a stored message.

    `is_postponed` is True when no request was made, as the time or the budget had run out.
    """

    task_id: str
    reason: str
    is_postponed: bool


@dataclass(frozen=True)
class BroadcastFailure:
    """A task that had no numbers in the newest round, nor in those before since `since_at`.

    `title` and `platform` are empty where the task is not known any more. `since_at` is the end of
    the first of these rounds.
    """

    id: int
    task_id: str
    title: str
    platform: str
    reason: str
    is_postponed: bool
    since_at: datetime


def replace(tx: Tx, failures: Sequence[NewFailure], now: datetime) -> None:
    """Store the failures of a round that ends now in place of those of the round before.

    A task that failed in both keeps the time since which it fails; its reason is the new one.
    """
    rows = tx.all("SELECT id, task_id, reason, is_postponed FROM broadcast_failures")
    known = {row["task_id"]: row for row in rows}
    failed = {failure.task_id: failure for failure in failures}
    _delete(tx, [row["id"] for task_id, row in known.items() if task_id not in failed])
    new = [failure for task_id, failure in failed.items() if task_id not in known]
    if new:
        tx.execute_many(
            "INSERT INTO broadcast_failures (task_id, reason, is_postponed, since_at)"
            " VALUES (:task_id, :reason, :is_postponed, :since_at)",
            [row_of(failure) | {"since_at": to_sql(now)} for failure in new],
        )
    changed = [
        row_of(failure)
        for task_id, failure in failed.items()
        if task_id in known and _differs(failure, known[task_id])
    ]
    if changed:
        tx.execute_many(
            "UPDATE broadcast_failures SET reason=:reason, is_postponed=:is_postponed"
            " WHERE task_id=:task_id",
            changed,
        )


def _differs(failure: NewFailure, row: Row) -> bool:
    return (failure.reason, int(failure.is_postponed)) != (row["reason"], row["is_postponed"])


def listed(tx: Tx, limit: int, after: int = 0) -> list[BroadcastFailure]:
    """Return up to `limit` failures with ids above `after`, those that fail longest first."""
    rows = tx.all(
        "SELECT f.id, f.task_id, COALESCE(d.title, '') AS title,"
        " COALESCE(d.platform, '') AS platform, f.reason, f.is_postponed, f.since_at"
        " FROM (SELECT * FROM broadcast_failures WHERE id>:after ORDER BY id LIMIT :limit) f"
        " LEFT JOIN drama_tasks d ON d.task_id=f.task_id ORDER BY f.id",
        after=after,
        limit=limit,
    )
    return [row_to(BroadcastFailure, row) for row in rows]


def count(tx: Tx) -> int:
    """Return the number of tasks without numbers in the newest round."""
    return tx.number("SELECT COUNT(*) AS n FROM broadcast_failures")


def _delete(tx: Tx, ids: Sequence[int]) -> None:
    for part in _parts(ids):
        marks, params = in_list(part)
        tx.execute(f"DELETE FROM broadcast_failures WHERE id IN ({marks})", **params)


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHANGED_AT_ONCE):
        yield ids[start : start + CHANGED_AT_ONCE]
