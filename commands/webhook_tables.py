"""What `webhooks list` and `webhooks show` print, for people and for programs."""

from __future__ import annotations

from datetime import datetime

from rich.markup import escape
from rich.table import Table

from commands.root import App
from core.logs import redact
from crawler.drawing import one_line
from reports.webhook_desk import Shown
from storage.webhook_endpoints import Endpoint
from storage.webhooks import Attempt, Delivery, DeliveryState

KIND_CELLS, TASK_CELLS, HOST_CELLS, NOTE_CELLS = 10, 10, 14, 20
BODY_CHARS, RESPONSE_CHARS = 2000, 50


def delivery_table(app: App, found: list[Delivery]) -> Table:
    """A line each, within 80 columns."""
    table = Table(box=None, pad_edge=False)
    for title in ("id", "kind", "task", "to", "state", "tries", "note"):
        table.add_column(title, no_wrap=True)
    for one in found:
        cells = (
            str(one.id), _short(one.kind.value, KIND_CELLS), _short(one.task_id or "", TASK_CELLS),
            _short(one.host, HOST_CELLS), one.state.value, str(one.attempts),
            _short(_note(app, one), NOTE_CELLS),
        )  # fmt: skip
        table.add_row(*map(escape, cells))
    return table


def delivery_lines(app: App, shown: Shown) -> list[str]:
    """A delivery in words, with the beginning of its body."""
    one = shown.delivery
    told = [
        ("event", one.event_id),
        ("kind", " ".join(filter(None, [one.kind.value, str(one.stats_date or "")]))),
        ("task", one.task_id or "-"),
        ("url", redact(one.url)),
        ("state", f"{one.state.value} after {one.attempts} attempts"),
        ("filed", _local(app, one.created_at)),
    ]
    if one.not_before is not None:
        told.append(("due", _local(app, one.not_before)))
    if one.last_error:
        told.append(("error", redact(one_line(one.last_error))))
    if shown.endpoint is not None and not shown.endpoint.is_enabled:
        told.append(("endpoint", f"disabled: {redact(shown.endpoint.reason or '')}"))
    told.append(("body", redact(one_line(one.body[:BODY_CHARS]))))
    return [f"{name:<9}{text}" for name, text in told]


def attempt_table(app: App, attempts: list[Attempt]) -> Table:
    """A line for each attempt."""
    table = Table(box=None, pad_edge=False)
    for title in ("try", "at", "secs", "HTTP", "answer or error"):
        table.add_column(title, no_wrap=True)
    for one in attempts:
        took = (one.finished_at - one.started_at).total_seconds() if one.finished_at else None
        said = one.error if one.status is None else one.response
        unfinished = "under way, or its process died"
        cells = (
            str(one.number), _local(app, one.started_at), "" if took is None else f"{took:.1f}",
            str(one.status or ""),
            _short(redact(said or ("" if one.finished_at else unfinished)), RESPONSE_CHARS),
        )  # fmt: skip
        table.add_row(*map(escape, cells))
    return table


def endpoint_line(endpoint: Endpoint) -> str:
    return f"disabled: {redact(endpoint.url)} ({redact(endpoint.reason or 'no reason given')})"


def _note(app: App, one: Delivery) -> str:
    if one.state is DeliveryState.DELIVERED:
        return f"at {_minute(app, one.finished_at)}" if one.finished_at else ""
    if one.state is DeliveryState.DEAD:
        return one.last_error or ""
    if one.state is DeliveryState.SENDING:
        return ""
    if one.not_before is None:
        return "its URL is disabled"
    said = f"{one.last_status}, " if one.last_status else ""
    return f"{said}due {_minute(app, one.not_before)}"


def _short(text: str, cells: int) -> str:
    text = one_line(text)
    return text if len(text) <= cells else text[: cells - 1] + "…"


def _local(app: App, moment: datetime) -> str:
    """`11-22 13:05:07`, in the zone of shown times."""
    return f"{moment.astimezone(app.settings.quota_zone):%m-%d %H:%M:%S}"


def _minute(app: App, moment: datetime) -> str:
    return _local(app, moment)[: -len(":07")]
