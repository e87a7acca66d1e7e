"""The tables and lines of `webhooks list` and `webhooks show`."""

from __future__ import annotations

from datetime import datetime

from rich.cells import cell_len, set_cell_size
from rich.markup import escape
from rich.table import Table

from app.container import App
from commands.framework.reader import column_titles, counted, shown, text_of, word
from core.logs import redact
from core.messages import Message
from core.plain_text import one_line
from storage.distribution.deliveries import Attempt, Delivery, DeliveryState
from storage.distribution.endpoints import Endpoint
from webhooks.service import DeliveryDetails, Overview

WIDTH, GAP, TASK_CELLS, HOST_CELLS = 80, 2, 10, 12
BODY_CHARS, RESPONSE_CHARS = 2000, 50
LABEL_CELLS = 9


def delivery_table(app: App, overview: Overview) -> Table:
    """Return a table of deliveries, a row of at most 80 cells each."""
    disabled = {endpoint.url_hash for endpoint in overview.disabled}
    titles = column_titles(("id", "kind", "task", "to", "state", "try", "note"))
    rows = [
        (
            str(one.id),
            word(one.kind),
            _short(one.task_id or "", TASK_CELLS),
            _short(one.host, HOST_CELLS),
            word(one.state),
            str(one.attempts),
            _note(app, one, one.url_hash in disabled),
        )
        for one in overview.deliveries
    ]
    widths = [max(cell_len(row[n]) for row in (titles, *rows)) for n in range(len(titles) - 1)]
    left = WIDTH - sum(width + GAP for width in widths)
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, no_wrap=True)
    for row in rows:
        table.add_row(*map(escape, (*row[:-1], _short(row[-1], left))))
    return table


def delivery_lines(app: App, details: DeliveryDetails) -> list[str]:
    """Return a delivery as lines, with the beginning of its body, redacted."""
    one = details.delivery
    told = [
        ("event", one.event_id),
        ("kind", " ".join(filter(None, [word(one.kind), str(one.stats_date or "")]))),
        ("task", one.task_id or "-"),
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
    told.append(("body", redact(one_line(one.body[:BODY_CHARS]))))
    return [f"{_label(name)}{text}" for name, text in told]


def attempt_table(app: App, attempts: list[Attempt]) -> Table:
    """Return a table of a delivery's attempts."""
    table = Table(box=None, pad_edge=False)
    for title in column_titles(("try", "at", "secs", "HTTP", "answer or error")):
        table.add_column(title, no_wrap=True)
    for one in attempts:
        took = (one.finished_at - one.started_at).total_seconds() if one.finished_at else None
        said = shown(one.error) if one.status is None else one.response
        unfinished = text_of(Message.of("attempt_unfinished"))
        cells = (
            str(one.number),
            _local(app, one.started_at),
            "" if took is None else f"{took:.1f}",
            str(one.status or ""),
            _short(redact(said or ("" if one.finished_at else unfinished)), RESPONSE_CHARS),
        )
        table.add_row(*map(escape, cells))
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


def _state(one: Delivery) -> str:
    attempts = counted(one.attempts, "attempt")
    return text_of(Message.of("delivery_state_line", state=word(one.state), attempts=attempts))


def _why_disabled(endpoint: Endpoint) -> str:
    return text_of(Message.of("endpoint_disabled_why", reason=redact(shown(endpoint.reason))))


def _label(name: str) -> str:
    (title,) = column_titles((name,))
    return set_cell_size(title, LABEL_CELLS)


def _short(text: str, cells: int) -> str:
    text = one_line(text)
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, cells - 1).rstrip() + "…"


def _local(app: App, moment: datetime) -> str:
    """Return a time as `11-22 13:05:07`, in the quota time zone."""
    return f"{moment.astimezone(app.settings.quota_zone):%m-%d %H:%M:%S}"


def _minute(app: App, moment: datetime) -> str:
    return _local(app, moment)[: -len(":07")]
