"""Rows as JSON objects: columns by their names, times in ISO form, without secrets."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from core.clock import iso_utc
from core.messages import Message
from presentation.i18n.renderer import ENGLISH_RENDERER, Renderer
from storage.catalogue.works import Work
from storage.crawling.job_runs import JobRun
from storage.models.accounts import Account, AccountEvent
from storage.models.segments import Segment
from storage.models.tasks import Task
from storage.models.workers import Worker
from storage.operations.alerts import Alert
from storage.operations.audit_log import WebAction

if TYPE_CHECKING:
    from crawler.export.verifier import VerificationResult
    from presentation.snapshot import TaskView

# Encrypted in the table, and yet of no use to any reader of a listing.
SECRET_COLUMNS = frozenset({"password", "session", "proxy"})

# Columns that hold messages; JSON has their sentence, and beside it their code and parameters.
MESSAGE_COLUMNS: Mapping[type, Collection[str]] = {
    Account: ("disabled_reason",),
    AccountEvent: ("detail",),
    Task: ("last_error",),
    JobRun: ("result",),
    Work: ("invalid_reason", "last_error"),
}
ALERT_MESSAGES = ("reason", "error")  # facts of alerts that are messages

ExportedRow = Account | AccountEvent | Task | Segment | Worker | Alert | JobRun | Work | WebAction


def as_object(row: ExportedRow, renderer: Renderer = ENGLISH_RENDERER) -> dict[str, Any]:
    """Return the columns of a row as JSON, without the secret ones.

    Messages are sentences in the renderer's language, each with its code and parameters beside it.
    """
    columns = {
        field.name: plain(getattr(row, field.name))
        for field in dataclasses.fields(row)
        if field.name not in SECRET_COLUMNS
    }
    if isinstance(row, Alert):
        return columns | {"facts": with_messages(row.facts, ALERT_MESSAGES, renderer)}
    return with_messages(columns, MESSAGE_COLUMNS.get(type(row), ()), renderer)


def with_messages(
    values: Mapping[str, Any], names: Collection[str], renderer: Renderer = ENGLISH_RENDERER
) -> dict[str, Any]:
    """Return the values with sentences in place of the stored messages `names`.

    Beside each stand its code and parameters: `last_error`, `last_error_code` and
    `last_error_params`. Empty values stay as they are.
    """
    shown: dict[str, Any] = {}
    for name, value in values.items():
        if name not in names or not isinstance(value, str) or not value:
            shown[name] = value
            continue
        message = Message.load(value)
        fact = message.as_json()
        shown[name] = renderer.text(message)
        shown[f"{name}_code"], shown[f"{name}_params"] = fact["code"], fact["params"]
    return shown


def task_object(task: Task, labels: Mapping[int, Sequence[str]]) -> dict[str, Any]:
    """Return the columns of a task and its labels as JSON.

    Args:
        labels: the labels of several tasks, by id; pieces of a task have none.
    """
    return as_object(task) | {"labels": list(labels.get(task.id, ()))}


def view_object(view: TaskView) -> dict[str, Any]:
    """Return the columns of a task, its labels, and the sums over its pieces as JSON."""
    return as_object(view.task) | {
        "items": view.items,
        "new": view.new,
        "pages_done": view.pages_done,
        "pending_rows": view.pending_rows,
        "waiting_for": view.waiting_for.value if view.waiting_for else None,
        "labels": list(view.labels),
    }


def verification_object(
    result: VerificationResult, renderer: Renderer = ENGLISH_RENDERER
) -> dict[str, Any]:
    """Return a verification's counts and problems as JSON; `elsewhere` only when it is not 0."""
    report: dict[str, Any] = {
        "ok": result.ok,
        "segments": result.segments,
        "rows": result.rows,
        "problems": [renderer.sentence(problem) for problem in result.problems],
    }
    return report | ({"elsewhere": result.elsewhere} if result.elsewhere else {})


def plain(value: object) -> object:
    """Return a value that JSON can hold: times as
    `2026-11-22T05:00:00.123Z`, dates as `2026-11-22`."""
    if isinstance(value, datetime):
        return iso_utc(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return value
