"""Queries on `tasks` and `ingestion_logs`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import DatabaseContention, DuplicateKey
from storage.database import Tx
from storage.records import Task, TaskStatus, TaskType, WaitingFor
from storage.times import to_sql, to_sql_or_none

UNLEASED = "(lease_until IS NULL OR lease_until<:now)"
DUE = "(not_before IS NULL OR not_before<=:now)"
CLAIMABLE = {
    # A paused task without a moment to wake waits for the operator.
    TaskStatus.PENDING: f"status='pending' AND {DUE} AND {UNLEASED}",
    TaskStatus.PAUSED: f"status='paused' AND not_before<=:now AND {UNLEASED}",
    TaskStatus.IN_PROGRESS: "status='in_progress' AND lease_until<:now",
}


@dataclass(frozen=True)
class NewTask:
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


def open_key(task_type: TaskType, platform: str, domain: str) -> str:
    """What at most one open task may carry."""
    return f"{task_type}|{platform}|{domain}"


def find_open(tx: Tx, task_type: TaskType, platform: str, domain: str) -> Task | None:
    """The open top-level task of that kind, if any."""
    key = open_key(task_type, platform, domain)
    row = tx.one("SELECT * FROM tasks WHERE open_key=:key", key=key)
    return Task.from_row(row) if row else None


def open_or_join(tx: Tx, new: NewTask, now: datetime) -> tuple[Task, bool]:
    """The open task of that type, platform and domain, created when there is none.

    Returns it and whether it is new. Two callers at once get the same task.
    """
    known = find_open(tx, new.task_type, new.platform, new.domain)
    if known is not None:
        return known, False
    is_new = True
    try:
        _insert(tx, new, now, open_key(new.task_type, new.platform, new.domain))
    except DuplicateKey:
        is_new = False  # another caller was faster
    task = find_open(tx, new.task_type, new.platform, new.domain)
    if task is None:
        raise DatabaseContention("the open task ended just now")
    return task, is_new


def add_child(tx: Tx, new: NewTask, now: datetime) -> int:
    """Insert a piece of a split task; its id."""
    return _insert(tx, new, now, None)


def _insert(tx: Tx, new: NewTask, now: datetime, key: str | None) -> int:
    return tx.insert(
        "INSERT INTO tasks (parent_id, task_type, platform, domain, is_leaf, open_key,"
        " progress_marker, page_from, page_to, item_count, new_count, options,"
        " created_at, updated_at)"
        " VALUES (:parent_id, :task_type, :platform, :domain, :is_leaf, :key, :marker,"
        " :page_from, :page_to, :items, :new, :options, :now, :now)",
        parent_id=new.parent_id, task_type=new.task_type.value, platform=new.platform,
        domain=new.domain, is_leaf=int(new.is_leaf), key=key, marker=new.progress_marker,
        page_from=new.page_from, page_to=new.page_to, items=new.item_count, new=new.new_count,
        options=json.dumps(dict(new.options), ensure_ascii=False), now=to_sql(now),
    )  # fmt: skip


def get(tx: Tx, task_id: int) -> Task | None:
    """The task with that id."""
    row = tx.one("SELECT * FROM tasks WHERE id=:id", id=task_id)
    return Task.from_row(row) if row else None


def has_claimable(
    tx: Tx, task_type: TaskType, status: TaskStatus, now: datetime, only: int | None
) -> bool:
    """Whether a leaf in that status may be worked on now (of one task); locks nothing."""
    sql = _claimable_sql(tx, status, only)
    return tx.one(sql, type=task_type.value, now=to_sql(now), only=only) is not None


def next_claimable(
    tx: Tx, task_type: TaskType, status: TaskStatus, now: datetime, only: int | None
) -> Task | None:
    """Lock the oldest leaf in that status that may be worked on now (of one task)."""
    sql = _claimable_sql(tx, status, only) + tx.dialect.lock_suffix
    row = tx.one(sql, type=task_type.value, now=to_sql(now), only=only)
    return Task.from_row(row) if row else None


def _claimable_sql(tx: Tx, status: TaskStatus, only: int | None) -> str:
    narrow = "" if only is None else "AND (id=:only OR parent_id=:only)"
    return (
        f"SELECT * FROM tasks {tx.dialect.force_index('idx_tasks_claim')}"
        f" WHERE task_type=:type AND {CLAIMABLE[status]} AND is_leaf=1 {narrow}"
        " ORDER BY id LIMIT 1"
    )


def take(tx: Tx, seen: Task, owner: str, now: datetime, until: datetime) -> bool:
    """Lease the task as `seen`, its token growing by 1; False when it changed since."""
    return 1 == tx.execute(
        "UPDATE tasks SET status='in_progress', lease_owner=:owner, lease_token=lease_token+1,"
        " lease_until=:until, not_before=NULL, updated_at=:now"
        f" WHERE id=:id AND lease_token=:token AND {CLAIMABLE[seen.status]}",
        id=seen.id, token=seen.lease_token, owner=owner, now=to_sql(now), until=to_sql(until),
    )  # fmt: skip


def hold(tx: Tx, task_id: int, token: int, now: datetime) -> bool:
    """Lock the task's row for this transaction; False when the lease or the run has ended."""
    return 1 == tx.execute(
        "UPDATE tasks SET updated_at=:now"
        " WHERE id=:id AND lease_token=:token AND status='in_progress'",
        id=task_id, token=token, now=to_sql(now),
    )  # fmt: skip


def hold_any_status(tx: Tx, task_id: int, token: int, now: datetime) -> bool:
    """Lock the task's row for its holder, also after the operator paused or cancelled it."""
    return 1 == tx.execute(
        "UPDATE tasks SET updated_at=:now WHERE id=:id AND lease_token=:token",
        id=task_id, token=token, now=to_sql(now),
    )  # fmt: skip


def assign_account(tx: Tx, task_id: int, token: int, account_id: int, now: datetime) -> bool:
    """Write down which account works on the task."""
    return 1 == tx.execute(
        "UPDATE tasks SET assigned_account_id=:account, waiting_for=NULL, waiting_since=NULL,"
        " updated_at=:now"
        " WHERE id=:id AND lease_token=:token",
        id=task_id, token=token, account=account_id, now=to_sql(now),
    )  # fmt: skip


def advance(
    tx: Tx,
    task_id: int,
    token: int,
    marker: str,
    items: int,
    new: int,
    now: datetime,
    page_to: int | None = None,
) -> bool:
    """Move the marker and add to the counters; False when the lease or the task's run has ended."""
    pages = "" if page_to is None else ", page_to=:page_to"
    return 1 == tx.execute(
        "UPDATE tasks SET progress_marker=:marker, item_count=item_count+:items,"
        f" new_count=new_count+:new, attempts=0, last_error=NULL, updated_at=:now{pages}"
        " WHERE id=:id AND lease_token=:token AND status='in_progress'",
        id=task_id, token=token, marker=marker, items=items, new=new, page_to=page_to,
        now=to_sql(now),
    )  # fmt: skip


def add_new_count(tx: Tx, task_id: int, new: int) -> None:
    """Count creators that turned out to be new, in the transaction that holds the task."""
    tx.execute("UPDATE tasks SET new_count=new_count+:new WHERE id=:id", id=task_id, new=new)


def show_waiting(
    tx: Tx, task_id: int, token: int, reason: WaitingFor | None, now: datetime
) -> bool:
    """Tell what a task in progress waits for."""
    return 1 == tx.execute(
        "UPDATE tasks SET waiting_for=:reason, waiting_since=:since, updated_at=:now"
        " WHERE id=:id AND lease_token=:token",
        id=task_id, token=token, reason=reason and reason.value,
        since=to_sql(now) if reason else None, now=to_sql(now),
    )  # fmt: skip


def put_back(
    tx: Tx,
    task_id: int,
    token: int,
    status: TaskStatus,
    now: datetime,
    *,
    not_before: datetime | None,
    waiting_for: WaitingFor | None,
    error: str | None,
    failed_attempt: bool,
) -> bool:
    """End a lease with the work unfinished. An operator's pause or cancel in between stays."""
    attempts = ", attempts=attempts+1" if failed_attempt else ""
    keeps = "CASE WHEN status='in_progress' THEN {} ELSE {} END"
    return 1 == tx.execute(
        f"UPDATE tasks SET not_before={keeps.format(':not_before', 'not_before')},"
        " waiting_since=CASE WHEN :waiting_for IS NULL THEN NULL"
        " WHEN waiting_for=:waiting_for THEN COALESCE(waiting_since, :now) ELSE :now END,"
        f" waiting_for={keeps.format(':waiting_for', 'waiting_for')},"
        f" status={keeps.format(':status', 'status')},"
        " lease_owner=NULL, lease_until=NULL, last_error=COALESCE(:error, last_error),"
        f" updated_at=:now{attempts} WHERE id=:id AND lease_token=:token",
        id=task_id, token=token, status=status.value, not_before=to_sql_or_none(not_before),
        waiting_for=waiting_for and waiting_for.value, error=error and error[:1024],
        now=to_sql(now),
    )  # fmt: skip


def finish(
    tx: Tx, task_id: int, token: int, status: TaskStatus, now: datetime, error: str | None = None
) -> bool:
    """End a lease with the task completed or failed; False when the lease or its run has ended."""
    return 1 == tx.execute(
        "UPDATE tasks SET status=:status, open_key=NULL, lease_owner=NULL, lease_until=NULL,"
        " not_before=NULL, waiting_for=NULL, last_error=:error, finished_at=:now, updated_at=:now"
        " WHERE id=:id AND lease_token=:token AND status='in_progress'",
        id=task_id, token=token, status=status.value, error=error and error[:1024],
        now=to_sql(now),
    )  # fmt: skip


def make_parent(tx: Tx, task_id: int, token: int, page_to: int | None, now: datetime) -> bool:
    """End the lease of a task that was split: from now on its children are worked on."""
    return 1 == tx.execute(
        "UPDATE tasks SET is_leaf=0, lease_owner=NULL, lease_until=NULL, page_to=:page_to,"
        " lease_token=lease_token+1, updated_at=:now"
        " WHERE id=:id AND lease_token=:token AND status='in_progress'",
        id=task_id, token=token, page_to=page_to, now=to_sql(now),
    )  # fmt: skip


def lock_parent(tx: Tx, parent_id: int, now: datetime) -> None:
    """Lock a parent, so that of two children that end at once the second sees the first."""
    tx.execute("UPDATE tasks SET updated_at=:now WHERE id=:id", id=parent_id, now=to_sql(now))


def child_statuses(tx: Tx, parent_id: int) -> dict[TaskStatus, int]:
    """How many children are in each status."""
    rows = tx.all(
        "SELECT status, COUNT(*) AS n FROM tasks WHERE parent_id=:id GROUP BY status", id=parent_id
    )
    return {TaskStatus(row["status"]): int(row["n"]) for row in rows}


def first_child_error(tx: Tx, parent_id: int) -> str | None:
    """Why the first failed child failed."""
    row = tx.one(
        "SELECT last_error FROM tasks WHERE parent_id=:id AND status='failed' ORDER BY id LIMIT 1",
        id=parent_id,
    )
    return row["last_error"] if row else None


def set_parent_status(
    tx: Tx, parent_id: int, status: TaskStatus, now: datetime, error: str | None
) -> None:
    """Let a parent follow its children."""
    ended = status in (TaskStatus.COMPLETED, TaskStatus.FAILED)
    end = ", open_key=NULL, finished_at=:now" if ended else ""
    tx.execute(
        f"UPDATE tasks SET status=:status, last_error=:error, updated_at=:now{end} WHERE id=:id",
        id=parent_id, status=status.value, error=error, now=to_sql(now),
    )  # fmt: skip


def drop_pages_beyond(tx: Tx, parent_id: int, last_page: int, now: datetime) -> int:
    """Complete waiting pieces that begin behind the platform's last page; their range is empty."""
    return tx.execute(
        "UPDATE tasks SET status='completed', page_to=page_from-1, finished_at=:now,"
        " updated_at=:now, waiting_for=NULL, not_before=NULL"
        " WHERE parent_id=:id AND page_from>:last AND progress_marker IS NULL"
        f" AND status IN ('pending','paused') AND {UNLEASED}",
        id=parent_id, last=last_page, now=to_sql(now),
    )  # fmt: skip


def reap(tx: Tx, now: datetime) -> int:
    """Put back every task whose lease ran out."""
    return tx.execute(
        "UPDATE tasks SET status='pending', lease_owner=NULL, lease_until=NULL,"
        " lease_token=lease_token+1, updated_at=:now"
        " WHERE task_type IN ('ingestion','export') AND status='in_progress' AND is_leaf=1"
        " AND lease_until<:now",
        now=to_sql(now),
    )  # fmt: skip


def is_domain_being_crawled(tx: Tx, platform: str, domain: str) -> bool:
    """Whether an ingestion task of the domain is open."""
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
    """Whether an open task of that type has lacked an account since `before`, somebody asked for
    it after `alive_since`, and it would take one at once: it asks again before `due`."""
    for status in (TaskStatus.PENDING, TaskStatus.IN_PROGRESS):
        row = tx.one(
            "SELECT 1 AS yes FROM tasks WHERE task_type=:type AND status=:status AND is_leaf=1"
            " AND platform=:platform AND waiting_for='account' AND waiting_since<=:before"
            " AND updated_at>=:alive AND (not_before IS NULL OR not_before<=:due) LIMIT 1",
            type=task_type.value, status=status.value, platform=platform,
            before=to_sql(before), alive=to_sql(alive_since), due=to_sql(due),
        )  # fmt: skip
        if row is not None:
            return True
    return False


def domains(tx: Tx) -> list[str]:
    """Domains that any task was made for."""
    rows = tx.all("SELECT DISTINCT domain FROM tasks ORDER BY domain")
    return [row["domain"] for row in rows]


def top_level(tx: Tx, *, only_open: bool, limit: int) -> list[Task]:
    """Tasks that are no piece of another, newest first."""
    where = "AND open_key IS NOT NULL" if only_open else ""
    rows = tx.all(
        f"SELECT * FROM tasks WHERE parent_id IS NULL {where} ORDER BY id DESC LIMIT :limit",
        limit=limit,
    )
    return [Task.from_row(row) for row in rows]


def children(tx: Tx, parent_id: int) -> list[Task]:
    """The pieces of a task, by id."""
    rows = tx.all("SELECT * FROM tasks WHERE parent_id=:id ORDER BY id", id=parent_id)
    return [Task.from_row(row) for row in rows]


@dataclass(frozen=True)
class Progress:
    """Counters of a task with all its pieces."""

    item_count: int
    new_count: int
    pages_done: int
    waiting_for: WaitingFor | None
    not_before: str | None
    error: str | None


def progress(tx: Tx, task_id: int) -> Progress:
    """Sum up a task, or its pieces where it was split."""
    row = tx.one(
        "SELECT COALESCE(SUM(item_count),0) AS items, COALESCE(SUM(new_count),0) AS new,"
        " COALESCE(SUM(CASE WHEN progress_marker LIKE 'page=%' THEN"
        " CAST(SUBSTR(progress_marker,6) AS DECIMAL)-page_from+1 ELSE 0 END),0) AS pages,"
        " MIN(CASE WHEN status<>'completed' THEN waiting_for END) AS waiting,"
        " MIN(CASE WHEN status IN ('pending','paused') THEN not_before END) AS not_before,"
        " MAX(CASE WHEN waiting_for IS NOT NULL AND status<>'completed' THEN last_error END)"
        " AS error"
        " FROM tasks WHERE is_leaf=1 AND (id=:id OR parent_id=:id)",
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
    """Hold a task and its open pieces until the operator resumes them; how many it changed."""
    return tx.execute(
        "UPDATE tasks SET status='paused', not_before=NULL, waiting_for=NULL, updated_at=:now"
        " WHERE (id=:id OR parent_id=:id) AND status IN ('pending','in_progress','paused')",
        id=task_id, now=to_sql(now),
    )  # fmt: skip


def resume(tx: Tx, task_id: int, now: datetime) -> int:
    """Make paused and failed pieces claimable at once; how many it changed."""
    return tx.execute(
        "UPDATE tasks SET status='pending', not_before=NULL, waiting_for=NULL, attempts=0,"
        " last_error=NULL, finished_at=NULL, updated_at=:now"
        " WHERE (id=:id OR parent_id=:id) AND status IN ('paused','failed','pending')",
        id=task_id, now=to_sql(now),
    )  # fmt: skip


def reopen(tx: Tx, task: Task) -> bool:
    """Give a failed task its open key back; False when another open task carries it."""
    other = find_open(tx, task.task_type, task.platform, task.domain)
    if other is not None:
        return other.id == task.id
    key = open_key(task.task_type, task.platform, task.domain)
    tx.execute("UPDATE tasks SET open_key=:key, finished_at=NULL WHERE id=:id", id=task.id, key=key)
    return True


def cancel(tx: Tx, task_id: int, now: datetime, reason: str) -> int:
    """End a task and its open pieces for good; how many it changed. Holders keep their tokens."""
    return tx.execute(
        "UPDATE tasks SET status='failed', open_key=NULL, not_before=NULL, waiting_for=NULL,"
        " last_error=:reason, finished_at=:now, updated_at=:now"
        " WHERE (id=:id OR parent_id=:id) AND status IN ('pending','in_progress','paused')",
        id=task_id, reason=reason, now=to_sql(now),
    )  # fmt: skip


def log_page(
    tx: Tx,
    task_id: int,
    account_id: int,
    domain: str,
    page: int,
    counts: tuple[int, int],
    started: datetime,
    ended: datetime,
) -> int:
    """Write down a stored page; `counts` are creators kept (all new, until
    `set_page_new_count`) and entries rejected."""
    kept, rejected = counts
    return tx.insert(
        "INSERT INTO ingestion_logs (task_id, account_id, domain, page_number, ingested_count,"
        " new_count, rejected_count, start_time, end_time)"
        " VALUES (:task, :account, :domain, :page, :kept, :kept, :rejected, :started, :ended)",
        task=task_id, account=account_id, domain=domain, page=page, kept=kept, rejected=rejected,
        started=to_sql(started), ended=to_sql(ended),
    )  # fmt: skip


def set_page_new_count(tx: Tx, log_id: int, new: int) -> None:
    """Complete a page's log with how many creators were new."""
    tx.execute("UPDATE ingestion_logs SET new_count=:new WHERE id=:id", id=log_id, new=new)


def set_page_to(tx: Tx, task_id: int, token: int, page_to: int, now: datetime) -> bool:
    """Change the end of a task's range; False when the lease or the task's run has ended."""
    return 1 == tx.execute(
        "UPDATE tasks SET page_to=:page_to, updated_at=:now"
        " WHERE id=:id AND lease_token=:token AND status='in_progress'",
        id=task_id, token=token, page_to=page_to, now=to_sql(now),
    )  # fmt: skip


def wake_waiting(tx: Tx, platform: str, now: datetime) -> int:
    """Let every task that waits for an account or its quota look again at once."""
    return tx.execute(
        "UPDATE tasks SET not_before=:now, updated_at=:now"
        " WHERE task_type IN ('ingestion','export') AND status IN ('pending','paused')"
        " AND platform=:platform AND waiting_for IN ('account','quota') AND not_before>:now",
        platform=platform, now=to_sql(now),
    )  # fmt: skip


def current_token(tx: Tx, task_id: int) -> int:
    """The token that was handed out last for the task."""
    row = tx.one("SELECT lease_token FROM tasks WHERE id=:id", id=task_id)
    return int(row["lease_token"]) if row else 0


def bump_token_unless_leased(tx: Tx, task_id: int, now: datetime) -> int | None:
    """Make every token that was handed out for the task stale; the new one, or None when a lease
    is alive."""
    changed = tx.execute(
        "UPDATE tasks SET lease_token=lease_token+1, lease_owner=NULL, lease_until=NULL,"
        " status=CASE WHEN status='in_progress' THEN 'pending' ELSE status END"
        f" WHERE id=:id AND is_leaf=1 AND {UNLEASED}",
        id=task_id, now=to_sql(now),
    )  # fmt: skip
    return current_token(tx, task_id) if changed else None
