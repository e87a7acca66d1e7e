"""Queries behind lists: newest first, filtered, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.database import Row, Tx
from storage.records import AccountEvent, Segment, SegmentState, Task, TaskStatus, TaskType
from storage.times import to_sql
from storage.web_actions import WebAction


@dataclass(frozen=True)
class Slice:
    """Which rows of a list: the newest `limit` below the id `before`, made in `[since, until)`."""

    limit: int
    before: int | None = None
    since: datetime | None = None
    until: datetime | None = None


def tasks(
    tx: Tx,
    part: Slice,
    task_type: TaskType | None = None,
    status: TaskStatus | None = None,
    domain: str | None = None,
) -> list[Task]:
    """Tasks that are no piece of another."""
    source = f"tasks {tx.dialect.force_index('idx_tasks_pieces')}"
    rows = _newest(
        tx, source, part, "created_at", "parent_id IS NULL",
        task_type=task_type, status=status, domain=domain,
    )  # fmt: skip
    return [Task.from_row(row) for row in rows]


def segments(
    tx: Tx,
    part: Slice,
    domain: str | None = None,
    state: SegmentState | None = None,
    account_id: int | None = None,
    task_id: int | None = None,
) -> list[Segment]:
    """Export files."""
    rows = _newest(
        tx, "export_logs", part, "start_time",
        domain=domain, state=state, account_id=account_id, task_id=task_id,
    )  # fmt: skip
    return [Segment.from_row(row) for row in rows]


def events(
    tx: Tx, part: Slice, account_id: int | None = None, kind: str | None = None
) -> list[AccountEvent]:
    """What happened to the accounts (to one of them)."""
    rows = _newest(
        tx, "(SELECT e.*, a.username FROM account_events e JOIN accounts a ON a.id=e.account_id) e",
        part, "created_at", account_id=account_id, kind=kind,
    )  # fmt: skip
    return [AccountEvent.from_row(row) for row in rows]


def actions(tx: Tx, part: Slice, who: str | None = None) -> list[WebAction]:
    """What people did by console and API."""
    rows = _newest(tx, "web_actions", part, "created_at", who=who)
    return [WebAction.from_row(row) for row in rows]


def _newest(
    tx: Tx, source: str, part: Slice, moment: str, fixed: str = "1=1", **equal: object
) -> list[Row]:
    """Rows of a list by its id. A condition whose value is None is left out."""
    conditions = [fixed, *(f"{name}=:{name}" for name, value in equal.items() if value is not None)]
    if part.before is not None:
        conditions.append("id<:before")
    if part.since is not None:
        conditions.append(f"{moment}>=:since")
    if part.until is not None:
        conditions.append(f"{moment}<:until")
    return tx.all(
        f"SELECT * FROM {source} WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT :limit",
        limit=part.limit, before=part.before,
        since=to_sql(part.since) if part.since else None,
        until=to_sql(part.until) if part.until else None,
        **{name: str(value) if isinstance(value, str) else value for name, value in equal.items()},
    )  # fmt: skip
