"""Queries on `task_completions`: the videos that users posted for a distribution task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx, in_list
from storage.models.mapping import read_by, row_of, row_to


@dataclass(frozen=True)
class Completion:
    """A completion: a video that a user posted for a distribution task.

    `details` is JSON text of what was verified, or None. `link_hash` identifies the video (or short
    link), so that it counts once for its task and user. `video_hash` is the `link_hash` of the
    video that a short link leads to; None when that is not known, or the link is no short one.
    """

    task_id: str
    user_id: str
    platform: str
    submission_link: str
    link_hash: str
    details: str | None = field(metadata=read_by(itemgetter("verification_details")))
    completed_at: datetime
    video_hash: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Return the columns of the unique key."""
        return (self.link_hash, self.task_id, self.user_id)


def stored(tx: Tx, link_hashes: Sequence[str]) -> dict[tuple[str, str, str], Completion]:
    """Return the stored completions with these link hashes, by their keys."""
    if not link_hashes:
        return {}
    marks, names = in_list(link_hashes)
    rows = tx.all(f"SELECT * FROM task_completions WHERE link_hash IN ({marks})", **names)
    found = [row_to(Completion, row) for row in rows]
    return {completion.key: completion for completion in found}


def insert(tx: Tx, completions: Iterable[Completion], now: datetime) -> None:
    """Insert new completions, in key order.

    Raises:
        DuplicateKeyError: another process has inserted one of them meanwhile.
    """
    tx.execute_many(
        "INSERT INTO task_completions (task_id, user_id, platform, submission_link, link_hash,"
        " verification_details, completed_at, created_at, changed_at)"
        " VALUES (:task_id, :user_id, :platform, :submission_link, :link_hash, :details,"
        " :completed_at, :now, :now)",
        _rows(completions, now),
    )


def refresh(tx: Tx, completions: Iterable[Completion], now: datetime) -> None:
    """Replace the `details` of stored completions, in key order; their other columns stay."""
    tx.execute_many(
        "UPDATE task_completions SET verification_details=:details, changed_at=:now"
        " WHERE link_hash=:link_hash AND task_id=:task_id AND user_id=:user_id",
        _rows(completions, now),
    )


def _rows(completions: Iterable[Completion], now: datetime) -> list[dict[str, Any]]:
    # In key order: two writers of the same rows must not lock them in opposite orders.
    in_key_order = sorted(completions, key=lambda completion: completion.key)
    return [row_of(completion) | {"now": to_sql(now)} for completion in in_key_order]


def tasks_of_day(tx: Tx, begins: datetime, ends: datetime) -> list[str]:
    """Return the ids of tasks with a completion in `[begins, ends)`, sorted."""
    return tx.column(
        "SELECT DISTINCT task_id FROM task_completions"
        " WHERE completed_at>=:begins AND completed_at<:ends ORDER BY task_id",
        begins=to_sql(begins),
        ends=to_sql(ends),
    )


def late_tasks(
    tx: Tx, day: date, begins: datetime, ends: datetime, changed_since: datetime
) -> list[str]:
    """Return the ids of tasks whose completions of that day must be counted again, sorted.

    That is where one in `[begins, ends)`, which bound the day, changed at or after `changed_since`
    and after the task's day was counted, or the day was never counted. Incomplete days are left
    out: they are counted again when they are due.
    """
    return tx.column(
        "SELECT DISTINCT c.task_id FROM task_completions c"
        f" {tx.dialect.force_index('idx_task_completions_day')}"
        " LEFT JOIN task_daily_stats s ON s.task_id=c.task_id AND s.stats_date=:day"
        " WHERE c.completed_at>=:begins AND c.completed_at<:ends AND c.changed_at>=:since"
        " AND (s.counted_until IS NULL OR c.changed_at>=s.counted_until)"
        " AND s.incomplete_since IS NULL ORDER BY c.task_id",
        day=str(day),
        begins=to_sql(begins),
        ends=to_sql(ends),
        since=to_sql(changed_since),
    )


def of_day(tx: Tx, task_ids: Sequence[str], begins: datetime, ends: datetime) -> list[Completion]:
    """Return the completions of these tasks in `[begins, ends)`, by task."""
    marks, names = in_list(task_ids)
    by_task = tx.dialect.force_index("idx_task_completions_task")
    rows = tx.all(
        "SELECT task_id, user_id, platform, submission_link, link_hash, verification_details,"
        f" completed_at, video_hash FROM task_completions {by_task}"
        f" WHERE task_id IN ({marks}) AND completed_at>=:begins AND completed_at<:ends"
        " ORDER BY task_id",
        begins=to_sql(begins),
        ends=to_sql(ends),
        **names,
    )
    return [row_to(Completion, row) for row in rows]


def count_of_task(tx: Tx, task_id: str) -> int:
    """Return the number of completions of a task."""
    return tx.number(
        "SELECT COUNT(*) AS n FROM task_completions WHERE task_id=:task_id", task_id=task_id
    )
