"""Queries on `tasks` without a lease: filing, looking, and the operator's changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import DatabaseContentionError, DuplicateKeyError
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.models.mapping import row_to
from storage.models.tasks import Task, TaskStatus, TaskType, WaitingFor


@dataclass(frozen=True)
class NewTask:
    """A task to file. `options` are stored as JSON; only crawls have `page_from` and `page_to`.

    `progress_marker` and the counters are set for the piece that has page 1, which is stored before
    a crawl is split.
    """

    task_type: TaskType
    platform: str
    domain: str
    options: Mapping[str, Any]
    parent_id: int | None = None
    is_leaf: bool = True
    page_from: int | None = None
    page_to: int | None = None
    progress_marker: str | None = None
    item_count: int = 0
    new_count: int = 0


OPEN = "('pending','in_progress','paused')"


def open_key(task_type: TaskType, platform: str, domain: str) -> str:
    """Return the value of the unique column that keeps a second such task from being open."""
    return f"{task_type}|{platform}|{domain}"


def find_open(tx: Tx, task_type: TaskType, platform: str, domain: str) -> Task | None:
    """Return the open top-level task of that type, platform and domain; None when there is none."""
    key = open_key(task_type, platform, domain)
    row = tx.one("SELECT * FROM tasks WHERE open_key=:key", key=key)
    return row_to(Task, row) if row else None


def open_or_join(tx: Tx, new: NewTask, now: datetime) -> tuple[Task, bool]:
    """Return the open task of that type, platform and domain, and True when it was just created.

    Two callers at once get the same task.

    Raises:
        DatabaseContentionError: the open task that was to be joined ended in that moment.
    """
    known = find_open(tx, new.task_type, new.platform, new.domain)
    if known is not None:
        return known, False
    is_new = True
    try:
        _insert(tx, new, now, open_key(new.task_type, new.platform, new.domain))
    except DuplicateKeyError:
        is_new = False  # another caller was faster
    task = find_open(tx, new.task_type, new.platform, new.domain)
    if task is None:
        raise DatabaseContentionError("open_task_ended")
    return task, is_new


def add_child(tx: Tx, new: NewTask, now: datetime) -> int:
    """Insert a piece of a split task and return its id."""
    return _insert(tx, new, now, None)


def _insert(tx: Tx, new: NewTask, now: datetime, key: str | None) -> int:
    return tx.insert(
        "INSERT INTO tasks (parent_id, task_type, platform, domain, is_leaf, open_key,"
        " progress_marker, page_from, page_to, item_count, new_count, options,"
        " created_at, updated_at)"
        " VALUES (:parent_id, :task_type, :platform, :domain, :is_leaf, :key, :marker,"
        " :page_from, :page_to, :items, :new, :options, :now, :now)",
        parent_id=new.parent_id,
        task_type=new.task_type.value,
        platform=new.platform,
        domain=new.domain,
        is_leaf=int(new.is_leaf),
        key=key,
        marker=new.progress_marker,
        page_from=new.page_from,
        page_to=new.page_to,
        items=new.item_count,
        new=new.new_count,
        options=json.dumps(dict(new.options), ensure_ascii=False),
        now=to_sql(now),
    )


def get(tx: Tx, task_id: int) -> Task | None:
    """Return the task with that id; None when there is none."""
    row = tx.one("SELECT * FROM tasks WHERE id=:id", id=task_id)
    return row_to(Task, row) if row else None


def lock_parent(tx: Tx, parent_id: int, now: datetime) -> None:
    """Lock a parent task, so that of two pieces that end at once the second sees the first."""
    tx.execute("UPDATE tasks SET updated_at=:now WHERE id=:id", id=parent_id, now=to_sql(now))


def child_statuses(tx: Tx, parent_id: int) -> set[TaskStatus]:
    """Return the statuses that at least one piece of the parent is in."""
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


def set_parent_status(
    tx: Tx, parent_id: int, status: TaskStatus, now: datetime, error: str | None
) -> None:
    """Set a parent's status, as follows from its pieces; completed and failed free its key.

    `error` is the error of a piece, or None.
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


def is_domain_being_crawled(tx: Tx, platform: str, domain: str) -> bool:
    """Return whether an ingestion task of the platform and domain is open."""
    row = tx.one(
        "SELECT 1 AS yes FROM tasks WHERE open_key=:key",
        key=open_key(TaskType.INGESTION, platform, domain),
    )
    return row is not None


def is_waiting_for_account(
    tx: Tx,
    task_type: TaskType,
    platform: str,
    before: datetime,
    alive_since: datetime,
    due: datetime,
) -> bool:
    """Return whether some open task of that type has waited for an account since `before`.

    Only tasks count that were updated at or after `alive_since`, and that look for an account again
    by `due`.
    """
    for status, rested in (
        (TaskStatus.PENDING, "AND not_before<=:due"),  # who was put back for an account has one
        (TaskStatus.IN_PROGRESS, ""),
    ):
        row = tx.one(
            "SELECT 1 AS yes FROM tasks WHERE task_type=:type AND status=:status AND is_leaf=1"
            " AND platform=:platform AND waiting_for='account' AND waiting_since<=:before"
            f" AND updated_at>=:alive {rested} LIMIT 1",
            type=task_type.value,
            status=status.value,
            platform=platform,
            before=to_sql(before),
            alive=to_sql(alive_since),
            due=to_sql(due),
        )
        if row is not None:
            return True
    return False


def domains(tx: Tx) -> list[str]:
    """Return the domains of all tasks, in alphabetical order."""
    rows = tx.all("SELECT DISTINCT domain FROM tasks ORDER BY domain")
    return [row["domain"] for row in rows]


def top_level(tx: Tx, *, only_open: bool, limit: int, label: str | None = None) -> list[Task]:
    """Return up to `limit` tasks that are no piece of another, newest first.

    With `label` only those that have it, with `only_open` only those that have not ended.
    """
    if label is not None:
        return _labelled(tx, label, only_open=only_open, limit=limit)
    index = tx.dialect.force_index("uq_tasks_open" if only_open else "idx_tasks_pieces")
    where = "open_key>''" if only_open else "parent_id IS NULL"
    rows = tx.all(
        f"SELECT * FROM tasks {index} WHERE {where} ORDER BY id DESC LIMIT :limit", limit=limit
    )
    return [row_to(Task, row) for row in rows]


def _labelled(tx: Tx, label: str, *, only_open: bool, limit: int) -> list[Task]:
    only = " AND t.open_key>''" if only_open else ""
    rows = tx.all(
        "SELECT t.* FROM task_labels l JOIN tasks t ON t.id=l.task_id"
        f" WHERE l.label=:label{only} ORDER BY l.task_id DESC LIMIT :limit",
        label=label,
        limit=limit,
    )
    return [row_to(Task, row) for row in rows]


def children(tx: Tx, parent_id: int) -> list[Task]:
    """Return the pieces of a task, by id."""
    rows = tx.all(
        f"SELECT * FROM tasks {tx.dialect.force_index('idx_tasks_pieces')}"
        " WHERE parent_id=:id ORDER BY id",
        id=parent_id,
    )
    return [row_to(Task, row) for row in rows]


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


def progress_of_leaf(task: Task) -> Progress:
    """Return what `progress` returns for a task that was not split, without a query."""
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


def progress(tx: Tx, task_id: int) -> Progress:
    """Return the sums over a task's pieces or, where it was not split, the task's own counters."""
    task = tx.one("SELECT is_leaf FROM tasks WHERE id=:id", id=task_id)
    if task is not None and task["is_leaf"]:
        which = "WHERE id=:id"
    else:
        which = f"{tx.dialect.force_index('idx_tasks_pieces')} WHERE parent_id=:id"
    row = tx.one(
        "SELECT COALESCE(SUM(item_count),0) AS items, COALESCE(SUM(new_count),0) AS new,"
        " COALESCE(SUM(CASE WHEN progress_marker LIKE 'page=%' THEN"
        " CAST(SUBSTR(progress_marker,6) AS DECIMAL)-page_from+1 ELSE 0 END),0) AS pages,"
        " MIN(CASE WHEN status<>'completed' THEN waiting_for END) AS waiting,"
        " MIN(CASE WHEN status IN ('pending','paused') THEN not_before END) AS not_before,"
        " MAX(CASE WHEN waiting_for IS NOT NULL AND status<>'completed' THEN last_error END)"
        " AS error"
        f" FROM tasks {which}",
        id=task_id,
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


def pause(tx: Tx, task_id: int, now: datetime) -> int:
    """Pause a task and its open pieces until the operator resumes them; return the rows changed."""
    return _change_whole(
        tx,
        task_id,
        "status='paused', not_before=NULL, waiting_for=NULL, updated_at=:now",
        OPEN,
        now=to_sql(now),
    )


def resume(tx: Tx, task_id: int, now: datetime) -> int:
    """Make a task and its paused or failed pieces claimable at once; return the rows changed."""
    return _change_whole(
        tx,
        task_id,
        "status='pending', not_before=NULL, waiting_for=NULL, attempts=0, last_error=NULL,"
        " finished_at=NULL, updated_at=:now",
        "('paused','failed','pending')",
        now=to_sql(now),
    )


def reopen(tx: Tx, task: Task) -> bool:
    """Give a failed task its unique key back; return False when another open task has taken it."""
    other = find_open(tx, task.task_type, task.platform, task.domain)
    if other is not None:
        return other.id == task.id
    key = open_key(task.task_type, task.platform, task.domain)
    tx.execute("UPDATE tasks SET open_key=:key, finished_at=NULL WHERE id=:id", id=task.id, key=key)
    return True


def cancel(tx: Tx, task_id: int, now: datetime, reason: str) -> int:
    """End a task and its open pieces as failed, with `reason`; return the number of rows changed.

    Holders keep their tokens and may still give their leases back.
    """
    return _change_whole(
        tx,
        task_id,
        "status='failed', open_key=NULL, not_before=NULL, waiting_for=NULL, last_error=:reason,"
        " finished_at=:now, updated_at=:now",
        OPEN,
        now=to_sql(now),
        reason=reason,
    )


def _change_whole(tx: Tx, task_id: int, changes: str, statuses: str, **params: object) -> int:
    """Change a task and its pieces; return the rows changed.

    Two statements, as an OR of two columns would read the whole table.
    """
    return sum(
        tx.execute(
            f"UPDATE tasks SET {changes} WHERE {which}=:id AND status IN {statuses}",
            id=task_id,
            **params,
        )
        for which in ("id", "parent_id")
    )


def wake_waiting(tx: Tx, platform: str, now: datetime) -> int:
    """Make every task of the platform that waits for an account or quota claimable now.

    Return the number of tasks. Called when an account was added, enabled or given another limit.
    """
    return tx.execute(
        f"UPDATE tasks {tx.dialect.force_index('idx_tasks_claim')}"
        " SET not_before=:now, updated_at=:now"
        " WHERE task_type IN ('ingestion','export') AND status IN ('pending','paused')"
        " AND is_leaf=1 AND platform=:platform AND waiting_for IN ('account','quota')"
        " AND not_before>:now",
        platform=platform,
        now=to_sql(now),
    )


def wake_for_quota(tx: Tx, now: datetime) -> int:
    """Make every task that waits for the next quota day claimable now; return their number."""
    return tx.execute(
        f"UPDATE tasks {tx.dialect.force_index('idx_tasks_claim')}"
        " SET not_before=:now, updated_at=:now"
        " WHERE task_type IN ('ingestion','export') AND is_leaf=1"
        " AND status IN ('pending','paused') AND waiting_for='quota' AND not_before>:now",
        now=to_sql(now),
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


def waiting_now(tx: Tx, task_id: int, now: datetime) -> Wait | None:
    """Return what a task, or one of its pieces, waits for; None when no wait lasts beyond `now`.

    Of several pieces it is one without a known end, or else the one that is due first.
    """
    row = tx.one(
        "SELECT waiting_for, not_before, last_error FROM tasks"
        " WHERE is_leaf=1 AND (id=:id OR parent_id=:id) AND waiting_for IS NOT NULL"
        " AND status IN ('pending','in_progress','paused')"
        " AND (not_before IS NULL OR not_before>:now) ORDER BY not_before LIMIT 1",
        id=task_id,
        now=to_sql(now),
    )
    if row is None:
        return None
    return Wait(WaitingFor(row["waiting_for"]), row["not_before"], row["last_error"])


def newest_ended(tx: Tx, limit: int) -> list[Task]:
    """Return up to `limit` top-level tasks that have ended, the last to end first."""
    rows = tx.all(
        "SELECT * FROM tasks WHERE parent_id IS NULL AND finished_at IS NOT NULL"
        " ORDER BY finished_at DESC LIMIT :limit",
        limit=limit,
    )
    return [row_to(Task, row) for row in rows]
