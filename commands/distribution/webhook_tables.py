"""The tables and lines of `webhooks list` and `webhooks show`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.cells import set_cell_size

from app.container import App
from commands.framework.reader import (
    column_of,
    column_titles,
    joined,
    shown,
    table_of,
    text_of,
    word,
)
from core.logs import redact
from core.messages import Message
from core.plain_text import one_line
from distribution.settlement.reader import ToldDay
from presentation.i18n.renderer import counted
from presentation.terminal.tables import Table
from storage.distribution.deliveries import Attempt, Delivery, DeliveryState
from storage.distribution.delivery_tasks import ReportedTask
from storage.distribution.endpoints import Endpoint
from webhooks.service import DeliveryDetails, Overview

TASK_CELLS, HOST_CELLS = 10, 12  # in a narrow window, at least
BODY_CHARS, RESPONSE_CHARS = 2000, 300
LABEL_CELLS = 9
MAX_TASKS = 20


def delivery_table(app: App, overview: Overview) -> Table:
    """Return a table of deliveries: where each goes, its state, and what to know of it."""
    disabled = {endpoint.url_hash for endpoint in overview.disabled}
    table = table_of(
        (
            "id",
            "kind",
            column_of("task", min_cells=TASK_CELLS),
            column_of("to", min_cells=HOST_CELLS),
            "state",
            "try",
            column_of("note", is_long=True),
        ),
    )
    for one in overview.deliveries:
        table.add(
            (
                str(one.id),
                word(one.kind),
                one.task_id or "",
                one.host,
                word(one.state),
                str(one.attempts),
                _note(app, one, one.url_hash in disabled),
            ),
        )
    return table


def delivery_lines(app: App, details: DeliveryDetails, days: Sequence[ToldDay]) -> list[str]:
    """Return a delivery as lines, with the beginning of its body, redacted.

    `days` are the days of tasks that it reports.
    """
    one = details.delivery
    told = [
        ("event", one.event_id),
        ("kind", " ".join(filter(None, [word(one.kind), str(one.stats_date or "")]))),
        ("task", _tasks(details.tasks) or one.task_id or "-"),
        ("url", redact(one.url)),
        ("state", _state(one)),
        ("filed", _local(app, one.created_at)),
    ]
    if one.not_before is not None:
        told.append(("due", _local(app, one.not_before)))
    if one.last_error:
        told.append(("error", redact(one_line(shown(one.last_error)))))
    if details.endpoint is not None and not details.endpoint.is_enabled:
        told.append(("endpoint", _why_disabled(details.endpoint)))
    if days:
        told.append(("days", _days(days)))
    told.append(("body", redact(one_line(one.body[:BODY_CHARS]))))
    return [f"{_label(name)}{text}" for name, text in told]


def attempt_table(app: App, attempts: list[Attempt]) -> Table:
    """Return a table of a delivery's attempts."""
    table = table_of(
        (
            "try",
            "at",
            "secs",
            "HTTP",
            column_of("answer or error", is_long=True),
        )
    )
    for one in attempts:
        took = (one.finished_at - one.started_at).total_seconds() if one.finished_at else None
        said = shown(one.error) if one.status is None else one.response
        unfinished = text_of(Message.of("attempt_unfinished"))
        table.add(
            (
                str(one.number),
                _local(app, one.started_at),
                "" if took is None else f"{took:.1f}",
                str(one.status or ""),
                redact(said or ("" if one.finished_at else unfinished))[:RESPONSE_CHARS],
            ),
        )
    return table


def endpoint_line(endpoint: Endpoint) -> str:
    """Return the line for a disabled callback URL and its reason, redacted."""
    reason = shown(endpoint.reason) or text_of(Message.of("no_reason_given"))
    return text_of(
        Message.of("endpoint_disabled_line", url=redact(endpoint.url), reason=redact(reason))
    )


def _note(app: App, one: Delivery, is_disabled: bool) -> str:
    """Return what an operator should know of a delivery: its end, error, or next attempt."""
    if one.state is DeliveryState.DELIVERED:
        if one.finished_at is None:
            return ""
        return text_of(Message.of("note_delivered_at", moment=_minute(app, one.finished_at)))
    if one.state is DeliveryState.DEAD:
        return f"HTTP {one.last_status}" if one.last_status else shown(one.last_error)
    if is_disabled:
        return text_of(Message.of("note_url_disabled"))
    if one.not_before is None:
        return ""
    moment = _minute(app, one.not_before)
    if not one.last_status:
        return text_of(Message.of("note_due", moment=moment))
    return text_of(Message.of("note_due_after", moment=moment, status=one.last_status))


def _tasks(tasks: Sequence[ReportedTask]) -> str:
    """Return the tasks of a delivery, the first MAX_TASKS of them with their titles."""
    names = [" ".join(filter(None, (task.task_id, task.title))) for task in tasks[:MAX_TASKS]]
    if len(tasks) > MAX_TASKS:
        names.append(text_of(Message.of("more_tasks", count=len(tasks) - MAX_TASKS)))
    return one_line(joined(names)) if names else ""


def _days(days: Sequence[ToldDay]) -> str:
    """Return the days of tasks that a delivery reports, the first MAX_TASKS of them."""
    names = [f"{day.stats_date} {day.task_id}" for day in days[:MAX_TASKS]]
    if len(days) > MAX_TASKS:
        names.append(text_of(Message.of("more_tasks", count=len(days) - MAX_TASKS)))
    return one_line(joined(names))


def _state(one: Delivery) -> str:
    attempts = counted(one.attempts, "attempt")
    return text_of(Message.of("delivery_state_line", state=word(one.state), attempts=attempts))


def _why_disabled(endpoint: Endpoint) -> str:
    return text_of(Message.of("endpoint_disabled_why", reason=redact(shown(endpoint.reason))))


def _label(name: str) -> str:
    (title,) = column_titles((name,))
    return set_cell_size(title, LABEL_CELLS)


def _local(app: App, moment: datetime) -> str:
    """Return a time as `11-22 13:05:07`, in the quota time zone."""
    return f"{moment.astimezone(app.settings.quota_zone):%m-%d %H:%M:%S}"


def _minute(app: App, moment: datetime) -> str:
    return _local(app, moment)[: -len(":07")]
