"""Queries of sums over the whole installation, for metrics and charts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from storage.engines.datetimes import day_from_sql, from_sql_or_none
from storage.engines.transactions import Tx
from storage.models.tasks import TaskStatus, TaskType
from storage.operations import work_totals


@dataclass(frozen=True)
class Work:
    """Sums over all tasks of a type, crawls or exports.

    `rows` counts what they did so far, `tasks` the whole tasks by status; `last_success` is None
    before the first.
    """

    rows: int
    tasks: dict[TaskStatus, int]
    last_success: datetime | None


def crawled(tx: Tx) -> Work:
    """Return the sums of crawls.

    `rows` counts creators on stored pages, known ones too; `last_success` is the last page's.
    """
    totals = work_totals.kept(tx)
    rows = None if totals is None else totals.crawled + work_totals.crawled_since(tx, totals)
    return _work(tx, TaskType.INGESTION, "ingestion_logs", rows)


def exported(tx: Tx) -> Work:
    """Return the sums of exports: `rows` exported, `last_success` of the last sealed file."""
    totals = work_totals.kept(tx)
    rows = None if totals is None else totals.exported + work_totals.exported_since(tx, totals)
    return _work(tx, TaskType.EXPORT, "export_logs", rows)


def exported_by_day(tx: Tx, since: date) -> list[tuple[date, int, int]]:
    """Return (quota day, rows, files) of each day with exports from `since` on."""
    rows = tx.all(
        "SELECT quota_day, SUM(exported_count) AS n, COUNT(*) AS files FROM export_logs"
        " WHERE quota_day>=:since GROUP BY quota_day ORDER BY quota_day",
        since=str(since),
    )
    return [(day_from_sql(row["quota_day"]), int(row["n"]), int(row["files"])) for row in rows]


def _work(tx: Tx, task_type: TaskType, log: str, rows: int | None) -> Work:
    """Return the sums of tasks; `rows` is None while only the tasks tell how many there were."""
    counts = tx.all(
        f"SELECT status, COUNT(*) AS n FROM tasks {tx.dialect.force_index('idx_tasks_parent')}"
        " WHERE parent_id IS NULL AND task_type=:type GROUP BY status",
        type=task_type.value,
    )
    last = tx.one(f"SELECT end_time FROM {log} WHERE end_time IS NOT NULL ORDER BY id DESC LIMIT 1")
    by_status = {TaskStatus(row["status"]): int(row["n"]) for row in counts}
    return Work(
        rows=_rows_of_tasks(tx, task_type) if rows is None else rows,
        tasks={status: by_status.get(status, 0) for status in TaskStatus},
        last_success=from_sql_or_none(last["end_time"]) if last else None,
    )


def _rows_of_tasks(tx: Tx, task_type: TaskType) -> int:
    return tx.number(
        "SELECT SUM(item_count) AS n FROM tasks WHERE task_type=:type AND is_leaf=1",
        type=task_type.value,
    )
