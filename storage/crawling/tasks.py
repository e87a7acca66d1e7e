"""Queries on `tasks` without a lease: filing them, and looking at them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import DatabaseContentionError, DuplicateKeyError
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx, in_list
from storage.models.mapping import row_of, row_to
from storage.models.tasks import Pin, Task, TaskStatus, TaskType

# As wide as the column, with whose letters MySQL counts.
MAX_OPEN_KEY = 191
AT_ONCE = 500  # ids in one query
MAX_PINS = 20  # of tasks that wait, to which other tasks leave their accounts
RUNS = "status='in_progress'"
# Only tasks that were put back have `not_before`: the index leads past pieces that never began.
WAITS_FOR_PACE = "(status='pending' AND not_before IS NOT NULL AND waiting_for='account')"


@dataclass(frozen=True)
class NewTask:
    """A task to create, or a piece of one.

    `options` are stored as JSON; only crawls have `page_from` and `page_to`. `progress_marker` and
    the counters are set for the piece that has page 1, which is stored before a crawl is split.
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
    keyword: str | None = None
    only_account_id: int | None = None
    only_group: str | None = None

    @property
    def pin(self) -> Pin:
        """Whom the task is pinned to."""
        return Pin(self.only_account_id, self.only_group)


def open_key(task_type: TaskType, platform: str, domain: str, keyword: str | None = None) -> str:
    """Return the value of the unique column that keeps a second such task from being open.

    Crawls of one domain by several keywords may be open at once.
    """
    key = f"{task_type}|{platform}|{domain}"
    if keyword is None:
        return key
    whole = f"{key}|{keyword}"
    if len(whole) <= MAX_OPEN_KEY:
        return whole
    return f"{task_type}|{hashlib.sha256(whole.encode()).hexdigest()}"


def find_open(
    tx: Tx, task_type: TaskType, platform: str, domain: str, keyword: str | None = None
) -> Task | None:
    """Return the open top-level task of that type, platform, domain and keyword; None: there is
    none."""
    key = open_key(task_type, platform, domain, keyword)
    row = tx.one("SELECT * FROM tasks WHERE open_key=:key", key=key)
    return row_to(Task, row) if row else None


def open_crawl(tx: Tx, platform: str, domain: str) -> Task | None:
    """Return an open crawl of the domain, by whatever keyword, the oldest; None: there is none."""
    row = tx.one(
        f"SELECT * {_open_crawls(tx)} ORDER BY id LIMIT 1", platform=platform, domain=domain
    )
    return row_to(Task, row) if row else None


def open_crawls(tx: Tx, platform: str, domain: str) -> list[Task]:
    """Return the open crawls of the domain, by whatever keywords, the oldest first."""
    rows = tx.all(f"SELECT * {_open_crawls(tx)} ORDER BY id", platform=platform, domain=domain)
    return [row_to(Task, row) for row in rows]


def _open_crawls(tx: Tx) -> str:
    return (
        f"FROM tasks {tx.dialect.force_index('idx_tasks_open_domain')}"
        " WHERE task_type='ingestion' AND platform=:platform AND domain=:domain"
        " AND status IN ('pending','in_progress','paused') AND parent_id IS NULL"
    )


def open_or_join(tx: Tx, new: NewTask, now: datetime) -> tuple[Task, bool]:
    """Return the open task of that type, platform and domain, and whether it was created just now.

    If one is open already, `new` is not stored and the open one is returned as it is. Two callers
    at once get the same task.

    Raises:
        DatabaseContentionError: the open task ended in that moment; the transaction may run again.
    """
    known = find_open(tx, new.task_type, new.platform, new.domain, new.keyword)
    if known is not None:
        return _joined(tx, known), False
    is_new = True
    try:
        key = open_key(new.task_type, new.platform, new.domain, new.keyword)
        _insert(tx, new, now, key)
    except DuplicateKeyError:
        is_new = False  # another caller was faster
    task = find_open(tx, new.task_type, new.platform, new.domain, new.keyword)
    if task is None:
        raise DatabaseContentionError("open_task_ended")
    return (task, True) if is_new else (_joined(tx, task), False)


def joins(tx: Tx, task_id: int) -> int:
    """Return how many requests were answered with the task because it was open already."""
    return tx.number("SELECT joins FROM tasks WHERE id=:id", id=task_id)


def _joined(tx: Tx, task: Task) -> Task:
    # A crawl brings a joiner nothing that it has not got: its row is not waited for, which a host
    # that vanished may hold locked.
    if task.task_type is TaskType.INGESTION:
        return task
    # Counted on the row itself: a worker that is completing the task sees it, or comes before it.
    if not tx.execute(
        "UPDATE tasks SET joins=joins+1 WHERE id=:id AND open_key IS NOT NULL", id=task.id
    ):
        raise DatabaseContentionError("open_task_ended")
    return task


def add_child(tx: Tx, new: NewTask, now: datetime) -> int:
    """Insert a piece of a split task and return its id."""
    return _insert(tx, new, now, None)


def _insert(tx: Tx, new: NewTask, now: datetime, key: str | None) -> int:
    moment = to_sql(now)
    return tx.add("tasks", **row_of(new), open_key=key, created_at=moment, updated_at=moment)


def get(tx: Tx, task_id: int) -> Task | None:
    """Return the task with that id; None when there is none."""
    row = tx.one("SELECT * FROM tasks WHERE id=:id", id=task_id)
    return row_to(Task, row) if row else None


def statuses(tx: Tx, task_ids: Collection[int]) -> dict[int, TaskStatus]:
    """Return the statuses of those tasks, by id; of a parent as its pieces had it last."""
    places, names = in_list(sorted(task_ids))
    rows = tx.all(f"SELECT id, status FROM tasks WHERE id IN ({places})", **names)
    return {row["id"]: TaskStatus(row["status"]) for row in rows}


@dataclass(frozen=True)
class TaskAtWork:
    """A top-level task that is being worked on, as far as its row tells."""

    id: int
    task_type: TaskType
    domain: str


def at_work(tx: Tx, task_ids: Collection[int]) -> dict[int, TaskAtWork]:
    """Return, by id, those of the top-level tasks that are worked on.

    They are in progress, or put back only until the pace of their accounts allows a request.
    """
    found: dict[int, TaskAtWork] = {}
    ids = sorted(task_ids)
    for start in range(0, len(ids), AT_ONCE):
        places, names = in_list(ids[start : start + AT_ONCE])
        rows = tx.all(
            f"SELECT id, task_type, domain FROM tasks t WHERE id IN ({places})"
            f" AND (is_leaf=1 AND ({RUNS} OR {WAITS_FOR_PACE}) OR {_has_piece(tx, RUNS)}"
            f" OR {_has_piece(tx, WAITS_FOR_PACE)})",
            **names,
        )
        found |= {row["id"]: row_to(TaskAtWork, row) for row in rows}
    return found


def _has_piece(tx: Tx, condition: str) -> str:
    # Unqualified columns of the condition are those of the innermost table, the piece.
    index = tx.dialect.force_index("idx_tasks_parent")
    return f"EXISTS (SELECT 1 FROM tasks p {index} WHERE p.parent_id=t.id AND {condition})"


def is_domain_being_crawled(tx: Tx, platform: str, domain: str) -> bool:
    """Return whether a crawl of the platform and domain is open, by whatever keyword."""
    return tx.exists(
        f"SELECT 1 AS yes {_open_crawls(tx)} LIMIT 1", platform=platform, domain=domain
    )


@dataclass(frozen=True)
class KeywordYield:
    """What the crawls of a domain by one keyword found over all time.

    `creators` were listed, `new` of them were not known in the domain before.
    """

    keyword: str
    pages: int
    creators: int
    new: int


def yields(tx: Tx, platform: str, domain: str) -> list[KeywordYield]:
    """Return what each keyword of a domain found, the one with most new creators first."""
    rows = tx.all(
        "SELECT COALESCE(t.keyword, t.domain) AS keyword, SUM(t.item_count) AS creators,"
        " SUM(t.new_count) AS new, SUM((SELECT COUNT(*) FROM ingestion_logs l WHERE"
        " l.task_id=t.id)) AS pages"
        f" FROM tasks t {tx.dialect.force_index('idx_tasks_open_domain')}"
        " WHERE t.task_type='ingestion' AND t.platform=:platform AND t.domain=:domain"
        " AND t.is_leaf=1 GROUP BY COALESCE(t.keyword, t.domain) ORDER BY new DESC, keyword",
        platform=platform,
        domain=domain,
    )
    return [
        KeywordYield(row["keyword"], int(row["pages"]), int(row["creators"]), int(row["new"]))
        for row in rows
    ]


def set_end_reason(tx: Tx, task_id: int, reason: str) -> None:
    """Record why a task ends with work left, a stored message; it replaces an earlier one."""
    tx.execute(
        "UPDATE tasks SET end_reason=:reason WHERE id=:id",
        id=task_id,
        reason=reason,
    )


def pins_of_waiting(
    tx: Tx,
    task_type: TaskType,
    platform: str,
    before: datetime,
    alive_since: datetime,
    due: datetime,
) -> set[Pin]:
    """Return the pins, a few at most, of the open tasks of that type that have waited for an
    account since `before`; empty when none has.

    Only tasks count that were updated at or after `alive_since`, and that look for an account again
    by `due`.
    """
    found: set[Pin] = set()
    for status, rested in (
        (TaskStatus.PENDING, "AND not_before<=:due"),  # who was put back for an account has one
        (TaskStatus.IN_PROGRESS, ""),
    ):
        rows = tx.all(
            "SELECT DISTINCT only_account_id, only_group FROM tasks"
            " WHERE task_type=:type AND status=:status AND is_leaf=1"
            " AND platform=:platform AND waiting_for='account' AND waiting_since<=:before"
            f" AND updated_at>=:alive {rested} LIMIT {MAX_PINS}",
            type=task_type.value,
            status=status.value,
            platform=platform,
            before=to_sql(before),
            alive=to_sql(alive_since),
            due=to_sql(due),
        )
        found |= {Pin(row["only_account_id"], row["only_group"]) for row in rows}
    return found


def domains(tx: Tx) -> list[str]:
    """Return the domains of all tasks, in alphabetical order."""
    return [row["domain"] for row in tx.all("SELECT DISTINCT domain FROM tasks ORDER BY domain")]


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


def running(tx: Tx, limit: int) -> list[Task]:
    """Return up to `limit` top-level tasks that are in progress, newest first."""
    rows = tx.all(
        f"SELECT * FROM tasks {tx.dialect.force_index('idx_tasks_parent')}"
        " WHERE parent_id IS NULL AND status='in_progress' ORDER BY id DESC LIMIT :limit",
        limit=limit,
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


def newest_ended(tx: Tx, limit: int) -> list[Task]:
    """Return up to `limit` top-level tasks that have ended, the last to end first."""
    rows = tx.all(
        "SELECT * FROM tasks WHERE parent_id IS NULL AND finished_at IS NOT NULL"
        " ORDER BY finished_at DESC LIMIT :limit",
        limit=limit,
    )
    return [row_to(Task, row) for row in rows]
