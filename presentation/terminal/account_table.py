"""Accounts on the terminal: disabled ones first, then those at work, with their quota."""

from __future__ import annotations

from collections import Counter

from rich.console import Group, RenderableType
from rich.text import Text

from core.plain_text import one_line
from presentation.account_views import AccountView, note_messages
from presentation.terminal.layout import Page, in_columns
from storage.models.accounts import AccountStatus

HEAD_LINES = 2
NOTE_CELLS = 30  # at most, on a narrow page
SHRINKING_COLUMNS = ((0, 14), (3, 1))
STATE_STYLES = {
    AccountStatus.IDLE: "dim",
    AccountStatus.INGESTING: "cyan",
    AccountStatus.EXPORTING: "green",
    AccountStatus.DISABLED: "red",
}
ORDER = (
    AccountStatus.DISABLED,
    AccountStatus.EXPORTING,
    AccountStatus.INGESTING,
    AccountStatus.IDLE,
)


def draw(page: Page, accounts: list[AccountView], room: int) -> RenderableType:
    """Return the accounts in `room` lines below the head; the others are counted by state."""
    if not accounts:
        return Text(page.say("screen_no_accounts"), style="yellow")
    shown, left_out = chosen(accounts, room)
    digits = max(len(f"{view.account.daily_export_limit:,}") for view in shown)
    head = page.head("column_account", "column_state", "screen_quota", "column_note")
    rows = [head, *(_cells(page, view, digits) for view in shown)]
    lines = in_columns(page, rows, (24, 0, 0, 0 if page.is_wide else NOTE_CELLS), SHRINKING_COLUMNS)
    if left_out:
        more = page.say("screen_more", n=f"{len(left_out):,}", counts=counted(page, left_out))
        lines.append(Text(f" {more}", style="dim", no_wrap=True, overflow="ellipsis"))
    return Group(*lines)


def _cells(page: Page, view: AccountView, digits: int) -> list[Text]:
    account = view.account
    state = Text(page.word("account_state", view.state), STATE_STYLES[view.state])
    name, remark = Text(one_line(account.username)), Text(one_line(note(page, view)))
    return [name, state, _quota(page, view, digits), remark]


def counted(page: Page, accounts: list[AccountView]) -> str:
    """Return the number of accounts in each state: `1 exporting, 2 idle`."""
    states = Counter(view.state for view in accounts)
    return ", ".join(
        f"{states[status]:,} {page.word('account_state', status)}"
        for status in ORDER
        if states[status]
    )


def chosen(accounts: list[AccountView], room: int) -> tuple[list[AccountView], list[AccountView]]:
    """Return the accounts to show in `room` lines, in their order, and those that are left out."""
    ordered = sorted(accounts, key=lambda view: ORDER.index(view.state))
    if len(ordered) <= room:
        return ordered, []
    room = max(1, room - 1)  # the last line counts the rest
    disabled = [view for view in ordered if view.account.status is AccountStatus.DISABLED]
    others = ordered[len(disabled) :]
    # However many are disabled, half of the room is for those at work.
    max_disabled = max(room - len(others), (room + 1) // 2)
    shown = [*disabled[:max_disabled], *others][:room]
    return shown, [view for view in ordered if view not in shown]


def _quota(page: Page, view: AccountView, digits: int) -> Text:
    limit = view.account.daily_export_limit
    share = view.used / limit if limit else 1.0
    style = "green" if share < 0.9 else "yellow" if share < 1 else "red"
    return page.bar(share, 6, 24, style) + Text(f" {view.used:>{digits},} / {limit:>{digits},}")


def note(page: Page, view: AccountView) -> str:
    """Return why an account does not work now, or what it works on; empty when it is idle."""
    account = view.account
    if account.status is AccountStatus.DISABLED:
        return page.renderer.shown_text(account.disabled_reason or "")
    if account.cooldown_until is not None and account.cooldown_until > page.now:
        rests, until = page.say("account_event_cooldown"), page.say("screen_until")
        return f"{rests} {until} {page.moment(account.cooldown_until)}"
    parts = [page.renderer.text(message) for message in note_messages(view, page.now)]
    if view.used >= account.daily_export_limit:
        parts.append(page.say("screen_spent"))
    return " · ".join(parts)
