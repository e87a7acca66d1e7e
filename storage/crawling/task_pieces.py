"""Queries on the pieces of `tasks`: their sums, what they wait for, their parent's status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.engines.datetimes import to_sql, to_sql_or_none
from storage.engines.transactions import Tx
from storage.models.tasks import Task, TaskStatus, WaitingFor


def lock_parent(tx: Tx, parent_id: int, now: datetime) -> None:
    """Lock a parent task, so that of two pieces that end at once the second sees the first."""
    tx.execute("UPDATE tasks SET updated_at=:now WHERE id=:id", id=parent_id, now=to_sql(now))


def child_statuses(tx: Tx, parent_id: int) -> set[TaskStatus]:
    """Return the statuses that at least one piece of the parent is in; empty when it has no
    pieces."""
    # DISTINCT would read every piece of a large crawl; a probe ends at the first one it finds.
    probes = ", ".join(
        f"EXISTS (SELECT 1 FROM tasks WHERE parent_id=:id AND status='{status}') AS {status}"
        for status in TaskStatus
    )
    row = tx.one(f"SELECT {probes}", id=parent_id)
    assert row is not None
    return {status for status in TaskStatus if row[status.value]}


def first_child_error(tx: Tx, parent_id: int) -> str | None:
    """Return the error of the failed piece with the lowest id; None when none failed."""
    row = tx.one(
        f"SELECT last_error FROM tasks {tx.dialect.force_index('idx_tasks_parent')}"
        " WHERE parent_id=:id AND status='failed' ORDER BY id LIMIT 1",
        id=parent_id,
    )
    return row["last_error"] if row else None


def set_range_end(tx: Tx, parent_id: int, page_to: int, now: datetime) -> None:
    """Set the last page of a parent's range, unless it is that already."""
    tx.execute(
        "UPDATE tasks SET page_to=:page_to, updated_at=:now WHERE id=:id AND page_to<>:page_to",
        id=parent_id,
        page_to=page_to,
        now=to_sql(now),
    )


def set_parent_status(
    tx: Tx, parent_id: int, status: TaskStatus, now: datetime, error: str | None
) -> None:
    """Set a parent's status, as follows from its pieces.

    Completed and failed end the task and free its unique key, so that a new one may be filed.
    `error` is the stored error of a piece, or None.
    """
    ended = status in (TaskStatus.COMPLETED, TaskStatus.FAILED)
    end = ", open_key=NULL, finished_at=COALESCE(finished_at, :now)" if ended else ""
    tx.execute(
        f"UPDATE tasks SET status=:status, last_error=:error, updated_at=:now{end} WHERE id=:id",
        id=parent_id,
        status=status.value,
        error=error,
        now=to_sql(now),
    )


@dataclass(frozen=True)
class Progress:
    """Counters of a task over all its pieces, and what the next of them waits for.

    `waiting_for`, `not_before` (as stored) and `error` are None when no piece waits.
    """

    item_count: int
    new_count: int
    pages_done: int
    waiting_for: WaitingFor | None
    not_before: str | None
    error: str | None


def progress(tx: Tx, task: Task) -> Progress:
    """Return the sums over a task's pieces or, where it was not split, the task's own counters."""
    return _of_leaf(task) if task.is_leaf else _of_pieces(tx, task.id)


def _of_leaf(task: Task) -> Progress:
    pages = task.last_page - task.page_from + 1 if task.last_page and task.page_from else 0
    rests = task.status in (TaskStatus.PENDING, TaskStatus.PAUSED)
    waits = task.waiting_for is not None and task.status is not TaskStatus.COMPLETED
    return Progress(
        item_count=task.item_count,
        new_count=task.new_count,
        pages_done=pages,
        waiting_for=task.waiting_for if waits else None,
        not_before=to_sql(task.not_before) if rests and task.not_before else None,
        error=task.last_error if waits else None,
    )


def _of_pieces(tx: Tx, parent_id: int) -> Progress:
    row = tx.one(
        "SELECT COALESCE(SUM(item_count),0) AS items, COALESCE(SUM(new_count),0) AS new,"
        " COALESCE(SUM(CASE WHEN progress_marker LIKE 'page=%' THEN"
        " CAST(SUBSTR(progress_marker,6) AS DECIMAL)-page_from+1 ELSE 0 END),0) AS pages,"
        " MIN(CASE WHEN status<>'completed' THEN waiting_for END) AS waiting,"
        " MIN(CASE WHEN status IN ('pending','paused') THEN not_before END) AS not_before,"
        " MAX(CASE WHEN waiting_for IS NOT NULL AND status<>'completed' THEN last_error END)"
        " AS error"
        f" FROM tasks {tx.dialect.force_index('idx_tasks_pieces')} WHERE parent_id=:id",
        id=parent_id,
    )
    assert row is not None
    return Progress(
        item_count=int(row["items"]),
        new_count=int(row["new"]),
        pages_done=int(row["pages"]),
        waiting_for=WaitingFor(row["waiting"]) if row["waiting"] else None,
        not_before=row["not_before"],
        error=row["error"],
    )


@dataclass(frozen=True)
class Wait:
    """What a piece of a task waits for.

    `until` is the moment as stored, None without a known end; `error` is what led to the wait, or
    None.
    """

    reason: WaitingFor
    until: str | None
    error: str | None


def waiting_now(tx: Tx, task: Task, now: datetime) -> Wait | None:
    """Return what a task, or one of its pieces, waits for; None when no wait lasts beyond `now`.

    Of several pieces it is one without a known end, or else the one that is due first.
    """
    if not task.is_open:
        return None
    return _wait_of_leaf(task, now) if task.is_leaf else _wait_of_pieces(tx, task.id, now)


def _wait_of_leaf(task: Task, now: datetime) -> Wait | None:
    is_over = task.not_before is not None and task.not_before <= now
    if task.waiting_for is None or is_over:
        return None
    return Wait(task.waiting_for, to_sql_or_none(task.not_before), task.last_error)


def _wait_of_pieces(tx: Tx, parent_id: int, now: datetime) -> Wait | None:
    row = tx.one(
        "SELECT waiting_for, not_before, last_error FROM tasks"
        f" {tx.dialect.force_index('idx_tasks_parent')}"
        " WHERE parent_id=:id AND waiting_for IS NOT NULL"
        " AND status IN ('pending','in_progress','paused')"
        " AND (not_before IS NULL OR not_before>:now) ORDER BY not_before LIMIT 1",
        id=parent_id,
        now=to_sql(now),
    )
    if row is None:
        return None
    return Wait(WaitingFor(row["waiting_for"]), row["not_before"], row["last_error"])
