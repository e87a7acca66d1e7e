"""Queries behind lists: filtered, newest first, a page at a time. A filter of None selects all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Generic, TypeVar

from core.messages import Message
from storage.catalogue.works import Work
from storage.crawling.job_runs import JobRun, RunState
from storage.distribution.completions import Completion
from storage.distribution.daily_stats import DailyStats
from storage.distribution.deliveries import Delivery, Filter, conditions
from storage.distribution.distribution_tasks import Drama, DramaStatus
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Row, Tx
from storage.models.accounts import AccountEvent
from storage.models.mapping import row_to
from storage.models.segments import Segment, SegmentState
from storage.models.tasks import Task, TaskStatus, TaskType
from storage.operations.alerts import Alert
from storage.operations.audit_log import WebAction

T = TypeVar("T")


@dataclass(frozen=True)
class Slice:
    """A page of a list, which is ordered by id, the highest first.

    It has at most `limit` rows with ids below `before` (the last id of the page before), whose time
    lies in `[since, until)`. None leaves that bound out. Which time is meant, each list says; most
    mean that of creation.
    """

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
    label: str | None = None,
) -> list[Task]:
    """Return tasks that are no piece of another, newest first."""
    source = f"tasks {tx.dialect.force_index('idx_tasks_pieces')}"
    labelled = None if label is None else {"label": label}
    if labelled is not None:
        source = (
            "(SELECT t.* FROM task_labels l JOIN tasks t ON t.id=l.task_id WHERE l.label=:label) t"
        )
    rows = _newest(
        tx,
        source,
        part=part,
        moment="created_at",
        fixed="parent_id IS NULL",
        params=labelled,
        task_type=task_type,
        status=status,
        domain=domain,
    )
    return [row_to(Task, row) for row in rows]


def segments(
    tx: Tx,
    part: Slice,
    domain: str | None = None,
    state: SegmentState | None = None,
    account_id: int | None = None,
    task_id: int | None = None,
    quota_day: date | None = None,
    of_task: int | None = None,
) -> list[Segment]:
    """Return export segments, newest first; the slice's time limits apply to their opening.

    `task_id` is the task or piece that wrote them, `of_task` a task with its pieces.
    """
    of_tree = "task_id IN (SELECT id FROM tasks WHERE id=:of_task OR parent_id=:of_task)"
    rows = _newest(
        tx,
        "export_logs",
        part,
        "start_time",
        fixed="1=1" if of_task is None else of_tree,
        params=None if of_task is None else {"of_task": of_task},
        quota_day=None if quota_day is None else str(quota_day),
        domain=domain,
        state=state,
        account_id=account_id,
        task_id=task_id,
    )
    return [row_to(Segment, row) for row in rows]


def events(
    tx: Tx, part: Slice, account_id: int | None = None, kind: str | None = None
) -> list[AccountEvent]:
    """Return events of accounts, newest first."""
    rows = _newest(
        tx,
        "(SELECT e.*, a.username FROM account_events e JOIN accounts a ON a.id=e.account_id) e",
        part,
        "created_at",
        account_id=account_id,
        kind=kind,
    )
    return [row_to(AccountEvent, row) for row in rows]


def actions(tx: Tx, part: Slice, who: str | None = None) -> list[WebAction]:
    """Return actions by console and API, newest first."""
    rows = _newest(tx, "web_actions", part, "created_at", who=who)
    return [row_to(WebAction, row) for row in rows]


def alerts(tx: Tx, part: Slice, *, only_open: bool = False) -> list[Alert]:
    """Return alerts, newest first; the slice's time limits apply to their raising."""
    fixed = "open_key>''" if only_open else "1=1"
    return [row_to(Alert, row) for row in _newest(tx, "alerts", part, "raised_at", fixed)]


def job_runs(
    tx: Tx, part: Slice, job: str | None = None, state: RunState | None = None
) -> list[JobRun]:
    """Return runs of scheduled jobs, last inserted first.

    The slice's time limits apply to the times that they were scheduled for.
    """
    rows = _newest(tx, "job_runs", part, "scheduled_at", job=job, state=state)
    return [row_to(JobRun, row) for row in rows]


def deliveries(tx: Tx, part: Slice, wanted: Filter) -> list[Delivery]:
    """Return reports to receivers, newest first.

    The time limits are those of the slice and apply to the filing. The filter's own are ignored.
    """
    where, params = conditions(replace(wanted, since=None, until=None))
    rows = _newest(
        tx, "webhook_deliveries", part=part, moment="created_at", fixed=where, params=params
    )
    return [row_to(Delivery, row) for row in rows]


def works(
    tx: Tx,
    part: Slice,
    platform: str | None = None,
    uid: str | None = None,
    is_valid: bool | None = None,
) -> list[Work]:
    """Return works, last stored first; the slice's time limits apply to their publishing.

    With a time limit, works without a date of publishing are left out.
    """
    valid = None if is_valid is None else int(is_valid)
    rows = _newest(tx, "works", part, "publish_time", platform=platform, uid=uid, is_valid=valid)
    return [row_to(Work, row) for row in rows]


@dataclass(frozen=True)
class Numbered(Generic[T]):
    """A row and its id, for values without a field for it; a page's last id begins the next one."""

    id: int
    row: T


def dramas(tx: Tx, part: Slice, status: DramaStatus | None = None) -> list[Numbered[Drama]]:
    """Return distribution tasks, newest first."""
    rows = _newest(tx, "drama_tasks", part, "created_at", status=status)
    return [Numbered(row["id"], row_to(Drama, row)) for row in rows]


def completions(
    tx: Tx, part: Slice, task_id: str | None = None, user_id: str | None = None
) -> list[Numbered[Completion]]:
    """Return posted videos, last stored first; the slice's time limits apply to their
    completion."""
    rows = _newest(tx, "task_completions", part, "completed_at", task_id=task_id, user_id=user_id)
    return [Numbered(row["id"], row_to(Completion, row)) for row in rows]


def daily_stats(
    tx: Tx,
    part: Slice,
    task_id: str | None = None,
    day: date | None = None,
    *,
    incomplete: bool = False,
    cause: str | None = None,
) -> list[Numbered[DailyStats]]:
    """Return the daily counts of distribution tasks, last stored first, each with its row id.

    The slice's time limits apply to the time of the scan that counted them, not to their day.

    Args:
        incomplete: only those that could not be counted yet.
        cause: only those that are incomplete for this cause, given as a message's code.
    """
    source, fixed, params = "task_daily_stats", "1=1", {}
    if incomplete or cause is not None:
        source += f" {tx.dialect.force_index('idx_task_daily_stats_incomplete')}"
        fixed = "incomplete_since IS NOT NULL"
    if cause is not None:
        fixed += " AND SUBSTR(incomplete_cause, 1, :cause_chars)=:cause"
        begin = Message.of(cause).dump().partition(",")[0]
        params = {"cause": begin, "cause_chars": len(begin)}
    rows = _newest(
        tx,
        source,
        part,
        "scanned_at",
        fixed,
        params,
        task_id=task_id,
        stats_date=str(day) if day else None,
    )
    return [Numbered(row["id"], row_to(DailyStats, row)) for row in rows]


def _newest(
    tx: Tx,
    source: str,
    part: Slice,
    moment: str,
    fixed: str = "1=1",
    params: Mapping[str, object] | None = None,
    **equal: object,
) -> list[Row]:
    """Return rows for which `fixed` (with its `params`) and the equalities hold, newest first.

    An equality with None is left out. `moment` is the column of the slice's times.
    """
    terms = [fixed, *(f"{name}=:{name}" for name, value in equal.items() if value is not None)]
    if part.before is not None:
        terms.append("id<:before")
    if part.since is not None:
        terms.append(f"{moment}>=:since")
    if part.until is not None:
        terms.append(f"{moment}<:until")
    given = {name: str(value) if isinstance(value, str) else value for name, value in equal.items()}
    return tx.all(
        f"SELECT * FROM {source} WHERE {' AND '.join(terms)} ORDER BY id DESC LIMIT :limit",
        limit=part.limit,
        before=part.before,
        since=to_sql(part.since) if part.since else None,
        until=to_sql(part.until) if part.until else None,
        **(params or {}),
        **given,
    )
