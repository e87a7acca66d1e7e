"""Rows as JSON objects: columns by their names, times in ISO form, without secrets."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from core.clock import iso_utc
from core.message_json import message_keys
from core.messages import Message
from presentation.i18n.renderer import ENGLISH_RENDERER, Renderer
from presentation.snapshot import working_for
from storage.catalogue.works import Work
from storage.crawling.account_groups import GroupTotals
from storage.crawling.job_runs import JobRun
from storage.crawling.leases import Worker
from storage.models.accounts import Account, AccountEvent
from storage.models.segments import Segment
from storage.models.tasks import Task
from storage.operations.alerts import Alert
from storage.operations.audit_log import WebAction
from storage.operations.hosts import HostRow

if TYPE_CHECKING:
    from crawler.export.verifier import VerificationResult
    from presentation.account_views import AccountView
    from presentation.snapshot import TaskView

# Encrypted in the table, and yet of no use to any reader of a listing.
SECRET_COLUMNS = frozenset({"password", "session", "proxy", "device"})

# Columns that hold messages; JSON has their sentence, and beside it their code and parameters.
MESSAGE_COLUMNS: Mapping[type, Collection[str]] = {
    Account: ("disabled_reason",),
    AccountEvent: ("detail",),
    Task: ("last_error", "end_reason"),
    Work: ("invalid_reason", "last_error"),
}

ExportedRow = (
    Account | AccountEvent | Task | Segment | Worker | Alert | JobRun | Work | WebAction | HostRow
)


def as_object(row: ExportedRow) -> dict[str, Any]:
    """Return the columns of a row as JSON, without the secret ones.

    Messages among them become English sentences without advice, with codes and parameters beside.
    """
    messages = MESSAGE_COLUMNS.get(type(row), ())
    shown: dict[str, Any] = {}
    for field in dataclasses.fields(row):
        value = getattr(row, field.name)
        if field.name in messages:
            shown |= message_keys(field.name, value, ENGLISH_RENDERER.text)
        elif field.name not in SECRET_COLUMNS:
            shown[field.name] = plain(value)
    return shown


def account_object(view: AccountView) -> dict[str, Any]:
    """Return the columns of an account, without the secret ones, and what it does, as JSON.

    `working_task_id` is null where the account is idle, whatever its column still holds.
    """
    return as_object(view.account) | {
        "activity": view.activity.value,
        "working_task_id": view.account.working_task_id if view.is_working else None,
        "next_request_at": plain(view.next_request_at),
        "pages_today": view.pages,
        "egress": view.egress,
        "uid_proven": view.account.is_proven,
        "pinned_tasks": list(view.pinned_tasks),
    }


def task_object(
    task: Task,
    labels: Mapping[int, Sequence[str]],
    pool: Collection[AccountView],
    pins: Mapping[int, Message],
) -> dict[str, Any]:
    """Return the columns of a task, its labels, the names of the accounts that work for it, and
    that of the only account which may (null: others may).

    Args:
        labels: the labels of several tasks, by id; pieces of a task have none.
        pool: the accounts; pieces of a task have none, their task has them.
        pins: whom tasks are pinned to, by id.
    """
    return as_object(task) | {
        "only_account": only_account(task, pins),
        "labels": list(labels.get(task.id, ())),
        "working_accounts": working_names(task.id, pool),
    }


def group_object(totals: GroupTotals) -> dict[str, Any]:
    """Return the totals of a group as JSON; `group_name` is null for accounts without one."""
    return dict(vars(totals))


def only_account(task: Task, pins: Mapping[int, Message]) -> str | None:
    """Return the name of the only account that may work on a task; None when others may."""
    if task.only_account_id is None or task.id not in pins:
        return None
    return str(pins[task.id].params["name"])


def view_object(view: TaskView) -> dict[str, Any]:
    """Return the columns of a task, its labels, and the sums over its pieces as JSON."""
    return as_object(view.task) | {
        "items": view.items,
        "new": view.new,
        "pages_done": view.pages_done,
        "pending_rows": view.rows_left.rows,
        "waiting_for": view.waiting_for.value if view.waiting_for else None,
        "labels": list(view.labels),
        "working_accounts": working_names(view.task.id, view.working),
        "stopped_crawl": view.stopped_crawl.task.id if view.stopped_crawl else None,
    }


def working_names(task_id: int, pool: Collection[AccountView]) -> list[str]:
    """Return the names of those of the accounts that work for a top-level task."""
    return [view.account.username for view in working_for(task_id, pool)]


def verification_object(
    result: VerificationResult, renderer: Renderer = ENGLISH_RENDERER
) -> dict[str, Any]:
    """Return a verification's counts and problems as JSON.

    `by_peers` (files that other hosts looked at, by host) and `elsewhere` (files of hosts that
    could not be asked; `unreached` has the reasons) are there only when there are some.
    """
    report: dict[str, Any] = {
        "ok": result.ok,
        "segments": result.segments,
        "rows": result.rows,
        "problems": [renderer.sentence(problem) for problem in result.problems],
    }
    if result.by_peers:
        report["by_peers"] = result.by_peers
    if result.elsewhere:
        report["elsewhere"] = result.elsewhere
        report["unreached"] = {
            host: renderer.sentence(reason) for host, reason in result.unreached.items()
        }
    return report


def plain(value: object) -> object:
    """Return a value as JSON has it: times as `2026-11-22T05:00:00.123Z`, dates as `2026-11-22`.

    Other values stay as they are.
    """
    if isinstance(value, datetime):
        return iso_utc(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return value
