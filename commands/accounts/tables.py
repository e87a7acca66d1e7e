"""The tables and lines of `accounts list` and `accounts explain`."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from rich.cells import set_cell_size
from rich.table import Table
from rich.text import Text

from app.container import App
from commands.framework.reader import (
    column_titles,
    is_chinese,
    joined,
    reader,
    shown,
    text_of,
    word,
)
from core.messages import Message
from core.plain_text import one_line
from presentation.account_views import (
    AccountView,
    egress_message,
    fact_messages,
    note_messages,
    place_messages,
    uid_messages,
    work_messages,
)
from sources.pacing import learned_per_sec
from storage.models.accounts import Account, AccountEvent, AccountStatus, Health

BAR_CELLS = 10
ENDS_SOON = timedelta(days=7)
EVIDENCE_CHARS = 300
KIND_CELLS = 16


def account_table(app: App, views: list[AccountView]) -> Table:
    """Return a table of accounts: state, quota of the day, rate, next use, and a note with the
    task that each works for."""
    now = app.clock.now()
    table = Table(box=None, pad_edge=False)
    *titles, note = column_titles(
        ("id", "platform", "name", "state", "exported today", "rate", "next use", "note")
    )
    for title in titles:
        table.add_column(title, no_wrap=True, overflow="ellipsis")
    table.add_column(note, overflow="ellipsis")
    for view in views:
        account = view.account
        table.add_row(
            *(
                str(account.id),
                account.platform,
                account.username,
                state_of(view, now),
                _quota(app, account, now),
                _rate(app, account),
                _next_use(app, account, now),
                joined(_notes(app, view, now)),
            )
        )
    return table


def _notes(app: App, view: AccountView, now: datetime) -> list[str]:
    """Return the work of an account, or route and login of an idle one, and what to do."""
    messages = note_messages(view, now)
    if not messages:
        route = [egress_message(view.egress)] if view.egress is not None else []
        messages = [*place_messages(view), *route, *uid_messages(view.account)]
    return [*_texts(messages), *notes_of(app, view.account, now)]


def state_of(view: AccountView, now: datetime) -> str:
    """Return an account's state in one word: what it does, or why an idle account is not quite
    idle."""
    account = view.account
    if view.state is not AccountStatus.IDLE:
        return word(view.state)
    if account.cooldown_until is not None and account.cooldown_until > now:
        return word("suspect" if account.health is Health.SUSPECT else "resting")
    return word("idle" if account.health is Health.HEALTHY else account.health)


def notes_of(app: App, account: Account, now: datetime) -> list[str]:
    """Return what an operator should know and do about an account; empty when nothing."""
    parts = []
    if account.disabled_reason:
        parts.append(shown(account.disabled_reason))
    if account.status is not AccountStatus.DISABLED and account.session is None:
        parts.append(text_of(Message.of("note_no_session")))
    if account.daily_export_limit == 0:
        parts.append(text_of(Message.of("note_limit_zero")))
    elif account.remaining_quota(app.calendar.day(now)) == 0:
        parts.append(text_of(Message.of("note_quota_spent")))
    ends = account.session_expires_at
    if ends is not None and ends - now < ENDS_SOON:
        parts.append(text_of(Message.of("note_session_ends", moment=_local(app, ends))))
    return parts


def explain_lines(app: App, view: AccountView, events: list[AccountEvent]) -> list[str]:
    """Return an account's state and work, and its events as lines, oldest first, each with its
    evidence.

    Args:
        events: newest first, as the registry returns them.
    """
    now, account = app.clock.now(), view.account
    head = f"{account.username} ({account.platform}): {state_of(view, now)}"
    work = _texts(work_messages(view, now))
    lines = [joined([head, *work, *notes_of(app, account, now)])]
    state = Message.of(
        "account_health_line",
        health=word(account.health),
        rate=_rate(app, account),
        moment=_next_use(app, account, now) or word("any time"),
    )
    lines.append(joined([text_of(state), *_texts(fact_messages(view))]))
    for event in reversed(events):
        detail = shown(event.detail)
        if event.until_at:
            until = _local(app, event.until_at)
            detail = text_of(Message.of("event_until", detail=detail, moment=until))
        lines.append(f"{_local(app, event.created_at)}  {_kind(event)} {detail}")
        lines += [f"{'':21}{line}" for line in _evidence(event)]
    return lines


def _texts(messages: list[Message]) -> list[str]:
    return [one_line(text_of(message)) for message in messages]


def _kind(event: AccountEvent) -> str:
    if is_chinese():
        return set_cell_size(reader().word("account_event", event.kind), KIND_CELLS)
    return f"{event.kind:<16}"


def _evidence(event: AccountEvent) -> list[str]:
    """Return the request and the response that led to an event, as lines; empty without
    evidence."""
    if event.evidence is None:
        return []
    evidence = json.loads(event.evidence)
    lines = [text_of(Message.of("evidence_asked", request=evidence.get("request")))]
    answer = [
        f"{name} {evidence[key]}"
        for name, key in (("HTTP", "http_status"), ("code", "code"))
        if evidence.get(key) is not None
    ]
    body = " ".join(str(evidence.get("body") or "").split())[:EVIDENCE_CHARS]
    came = ", ".join(answer) or word("nothing")
    answered = text_of(Message.of("evidence_answer", answer=came))
    lines.append(answered + (f": {body}" if body else ""))
    return lines


def _quota(app: App, account: Account, now: datetime) -> Text:
    used, limit = account.exported_on(app.calendar.day(now)), account.daily_export_limit
    share = min(1.0, used / limit) if limit else 0.0
    full = int(share * BAR_CELLS)
    bar = Text("━" * full, "green" if share < 1 else "red") + Text("─" * (BAR_CELLS - full), "dim")
    return bar + Text(f" {used:,} / {limit:,}")


def _rate(app: App, account: Account) -> str:
    """Return an account's requests per minute: the learned rate, else the declared one."""
    learned = learned_per_sec(account.pace)
    if learned is not None:
        return f"{learned * 60:.0f}/min"
    access = app.pool.access.get(account.platform)
    return f"{60 / access.source.source.pace.gap_secs:.0f}/min" if access else ""


def _next_use(app: App, account: Account, now: datetime) -> str:
    """Return when the account may be used next; empty for a disabled one."""
    if account.status is AccountStatus.DISABLED:
        return ""
    candidates = (account.cooldown_until, account.ready_at)
    moments = [moment for moment in candidates if moment is not None and moment > now]
    return _local(app, max(moments)) if moments else word("now")


def _local(app: App, moment: datetime) -> str:
    return f"{moment.astimezone(app.calendar.zone):%Y-%m-%d %H:%M:%S}"
