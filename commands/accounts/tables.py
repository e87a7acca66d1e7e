"""The tables and lines of `accounts list` and `accounts explain`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from rich.cells import set_cell_size
from rich.text import Text

from app.container import App
from commands.framework.context import window_width
from commands.framework.reader import (
    column_of,
    is_chinese,
    joined,
    reader,
    shown,
    table_of,
    text_of,
    word,
)
from core.attribution import ALL
from core.messages import Message
from core.plain_text import one_line
from presentation.account_views import (
    AccountView,
    disabled_messages,
    egress_message,
    fact_messages,
    note_messages,
    place_messages,
    uid_messages,
    work_messages,
)
from presentation.egress_views import shown_circuits, unproven_message
from presentation.i18n.renderer import renderer_for
from presentation.terminal.egress_lines import (
    ACCOUNTS,
    FaultLine,
    of_account,
    of_circuit,
    of_route,
    of_unproven,
    with_advice,
)
from presentation.terminal.layout import Page, Space
from presentation.terminal.tables import Table, wrapped
from sources.pacing import learned_per_sec
from storage.crawling import proxies
from storage.models.accounts import Account, AccountEvent, AccountStatus

BAR_CELLS = 10
ENDS_SOON = timedelta(days=7)
EVIDENCE_CHARS = 300
KIND_CELLS = 16
EVENT_INDENT = 21
NAME_CELLS = 10  # in a window, at least
COOLDOWN_EVENTS = ("suspect", "cooldown")


def account_table(app: App, views: list[AccountView]) -> Table:
    """Return a table of accounts: state, quota of the day, rate, next use, and a note with the
    task that each works for."""
    now = app.clock.now()
    table = table_of(
        (
            "id",
            "platform",
            column_of("name", min_cells=NAME_CELLS),
            "state",
            "exported today",
            column_of("rate", is_optional=True),
            "next use",
            column_of("note", is_long=True),
        ),
    )
    for view in views:
        account = view.account
        table.add(
            (
                str(account.id),
                account.platform,
                account.username,
                word_of(view, now),
                _quota(app, account, now),
                _rate(app, account),
                _next_use(app, view),
                joined(_notes(app, view, now)),
            ),
        )
    return table


def _notes(app: App, view: AccountView, now: datetime) -> list[str]:
    """Return the work of an account, or route and login of an idle one, and what to do."""
    messages = note_messages(view, now)
    if not messages:
        route = [egress_message(view.egress)] if view.egress is not None else []
        messages = [*place_messages(view), *route, *uid_messages(view.account)]
    if view.route_closed_until is not None:
        until = page_of(app).moment(view.route_closed_until)
        messages.append(Message.of("account_route_closed", egress=view.egress, until=until))
    if view.unproven_route is not None:
        messages.append(unproven_message(view.unproven_route))
    return [*_texts(messages), *notes_of(app, view.account, now)]


def word_of(view: AccountView, now: datetime) -> str:
    """Return an account's state in one word: what it does, or why an idle account is not quite
    idle."""
    return reader().word("account_state", view.state_word(now))


def notes_of(app: App, account: Account, now: datetime) -> list[str]:
    """Return what an operator should know and do about an account; empty when nothing."""
    parts = []
    if account.status is AccountStatus.DISABLED:
        parts += _texts(disabled_messages(account))
    elif account.session is None:
        parts.append(text_of(Message.of("note_no_session")))
    if account.daily_export_limit == 0:
        parts.append(text_of(Message.of("note_limit_zero")))
    elif account.remaining_quota(app.calendar.day(now)) == 0:
        parts.append(text_of(Message.of("note_quota_spent")))
    ends = account.session_expires_at
    if ends is not None and ends - now < ENDS_SOON:
        parts.append(text_of(Message.of("note_session_ends", moment=_local(app, ends))))
    return parts


def explain_lines(app: App, view: AccountView, events: list[AccountEvent]) -> list[Text]:
    """Return an account's state and what to do, and its events as lines, oldest first, each with
    its evidence; for the window that shows stdout.

    Args:
        events: newest first, as the registry returns them.
    """
    page = page_of(app)
    lines = [*_state_lines(app, page, view), *_fault_lines(app, page, view, events)]
    for event in reversed(events):
        detail = shown(event.detail)
        if event.until_at:
            until = _local(app, event.until_at)
            detail = text_of(Message.of("event_until", detail=detail, moment=until))
        line = f"{_local(app, event.created_at)}  {_kind(event)} {one_line(detail)}"
        lines += wrapped(Text(line), page.window, EVENT_INDENT, first=0)
        for told in _evidence(event):
            lines += wrapped(Text(one_line(told)), page.window, EVENT_INDENT)
    return lines


def _state_lines(app: App, page: Page, view: AccountView) -> list[Text]:
    """Return what an account does, and what it has: rate, next use, route and login."""
    now, account = page.now, view.account
    head = f"{account.username} ({account.platform}): {word_of(view, now)}"
    work = _texts(work_messages(view, now))
    notes = [] if account.status is AccountStatus.DISABLED else notes_of(app, account, now)
    state = Message.of(
        "account_health_line",
        health=word(account.health),
        rate=_rate(app, account),
        moment=_next_use(app, view),
    )
    if account.status is AccountStatus.DISABLED:
        state = Message.of("account_disabled_line", rate=_rate(app, account))
    if account.deleted_at is not None:
        state = Message.load(account.disabled_reason or "")
    facts = joined([text_of(state), *_texts(fact_messages(view))])
    return [*page.line(one_line(joined([head, *work, *notes]))), *page.line(one_line(facts))]


def _fault_lines(
    app: App, page: Page, view: AccountView, events: list[AccountEvent]
) -> Iterator[Text]:
    """Yield what keeps an account from its work, until when, and what to do about it."""
    account = view.account
    if account.deleted_at is not None:
        return
    if account.status is AccountStatus.DISABLED:
        *reason, what_to_do = _texts(disabled_messages(account))
        why = text_of(Message.of("account_disabled_why", reason=joined(reason))) if reason else ""
        yield from with_advice(page, FaultLine(why or word(account.status), what_to_do, ACCOUNTS))
        return
    if view.is_cooling(page.now):
        found = next((event for event in events if event.kind in COOLDOWN_EVENTS), None)
        yield from with_advice(page, of_account(page, view, found.detail if found else None))
    if view.egress is not None:
        route = app.database.read(proxies.find, view.egress)
        if route is not None and route.is_cooling(page.now):
            yield from with_advice(page, of_route(page, route))
    if view.unproven_route is not None:
        yield from with_advice(page, of_unproven(page, view.unproven_route))
    circuits = app.pool.egress_operator.circuits(account.platform)
    for circuit in shown_circuits(circuits):
        if circuit.egress in (ALL, view.egress):
            yield from with_advice(page, of_circuit(page, circuit))


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


def _next_use(app: App, view: AccountView) -> str:
    """Return when the account may be used next, by its route too; empty for a disabled one."""
    if view.account.status is AccountStatus.DISABLED:
        return ""
    if view.next_request_at is not None:
        return page_of(app).moment(view.next_request_at)
    return word("now") if view.unproven_route is None else word("now as a trial")


def page_of(app: App) -> Page:
    """Return what lines are drawn for, in the window that shows stdout or in a pipe."""
    width = window_width()
    return Page(
        renderer=renderer_for(app.settings.language, app.calendar.zone),
        width=width or 0,
        now=app.clock.now(),
        space=Space.WINDOW if width else Space.PIPE,
    )


def _local(app: App, moment: datetime) -> str:
    return f"{moment.astimezone(app.calendar.zone):%Y-%m-%d %H:%M:%S}"
