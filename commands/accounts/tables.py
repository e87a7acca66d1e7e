"""The tables and lines of `accounts list` and `accounts explain`."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from rich.table import Table
from rich.text import Text

from app.container import App
from presentation.i18n.renderer import ENGLISH_RENDERER
from sources.pacing import learned_per_sec
from storage.models.accounts import Account, AccountEvent, AccountStatus, Health

BAR_CELLS = 10
ENDS_SOON = timedelta(days=7)
EVIDENCE_CHARS = 300


def account_table(app: App, accounts: list[Account]) -> Table:
    """Return a table of accounts: state, quota of the day, rate, next use, and a note."""
    now = app.clock.now()
    table = Table(box=None, pad_edge=False)
    titles = ("id", "platform", "name", "state", "exported today", "rate", "next use", "note")
    for title in titles:
        table.add_column(title, no_wrap=title != "note", overflow="ellipsis")
    for account in accounts:
        table.add_row(
            str(account.id),
            account.platform,
            account.username,
            state_of(account, now),
            _quota(app, account, now),
            _rate(app, account),
            _next_use(app, account, now),
            note_of(app, account, now),
        )
    return table


def state_of(account: Account, now: datetime) -> str:
    """Return one word: the status, or why an idle account is not quite idle."""
    if account.status is not AccountStatus.IDLE:
        return account.status.value
    if account.cooldown_until is not None and account.cooldown_until > now:
        return "suspect" if account.health is Health.SUSPECT else "resting"
    return "idle" if account.health is Health.HEALTHY else account.health.value


def note_of(app: App, account: Account, now: datetime) -> str:
    """Return what an operator should know and do about an account; empty when nothing."""
    parts = []
    if account.disabled_reason:
        parts.append(ENGLISH_RENDERER.shown_text(account.disabled_reason or ""))
    if account.status is not AccountStatus.DISABLED and account.session is None:
        parts.append("no session, cannot crawl")
    if account.daily_export_limit == 0:
        parts.append("limit 0: never exports")
    elif account.remaining_quota(app.calendar.day(now)) == 0:
        parts.append("quota of the day used up")
    ends = account.session_expires_at
    if ends is not None and ends - now < ENDS_SOON:
        parts.append(f"session ends {_local(app, ends)}: sign in again")
    return "; ".join(parts)


def explain_lines(app: App, account: Account, events: list[AccountEvent]) -> list[str]:
    """Return an account's state and its events, oldest first, each with its evidence."""
    now = app.clock.now()
    head = f"{account.username} ({account.platform}): {state_of(account, now)}"
    note = note_of(app, account, now)
    lines = [head + (f"; {note}" if note else "")]
    lines.append(
        f"health {account.health.value}, rate {_rate(app, account)}, next use"
        f" {_next_use(app, account, now) or 'any time'}"
    )
    for event in reversed(events):
        until = f" until {_local(app, event.until_at)}" if event.until_at else ""
        detail = ENGLISH_RENDERER.stored(event.detail)
        lines.append(f"{_local(app, event.created_at)}  {event.kind:<16} {detail}{until}")
        lines += [f"{'':21}{line}" for line in _evidence(event)]
    return lines


def _evidence(event: AccountEvent) -> list[str]:
    if event.evidence is None:
        return []
    evidence = json.loads(event.evidence)
    lines = [f"asked: {evidence.get('request')}"]
    answer = [
        f"{name} {evidence[key]}"
        for name, key in (("HTTP", "http_status"), ("code", "code"))
        if evidence.get(key) is not None
    ]
    body = " ".join(str(evidence.get("body") or "").split())[:EVIDENCE_CHARS]
    lines.append(f"came back: {', '.join(answer) or 'nothing'}" + (f": {body}" if body else ""))
    return lines


def _quota(app: App, account: Account, now: datetime) -> Text:
    used, limit = account.exported_on(app.calendar.day(now)), account.daily_export_limit
    share = min(1.0, used / limit) if limit else 0.0
    full = int(share * BAR_CELLS)
    bar = Text("━" * full, "green" if share < 1 else "red") + Text("─" * (BAR_CELLS - full), "dim")
    return bar + Text(f" {used:,} / {limit:,}")


def _rate(app: App, account: Account) -> str:
    """Return requests per minute: as learned, else as declared."""
    learned = learned_per_sec(account.pace)
    if learned is not None:
        return f"{learned * 60:.0f}/min"
    access = app.pool.access.get(account.platform)
    return f"{60 / access.source.source.pace.gap_secs:.0f}/min" if access else ""


def _next_use(app: App, account: Account, now: datetime) -> str:
    if account.status is AccountStatus.DISABLED:
        return ""
    candidates = (account.cooldown_until, account.ready_at)
    moments = [moment for moment in candidates if moment is not None and moment > now]
    return _local(app, max(moments)) if moments else "now"


def _local(app: App, moment: datetime) -> str:
    return f"{moment.astimezone(app.calendar.zone):%Y-%m-%d %H:%M:%S}"
