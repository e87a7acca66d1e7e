"""The console's accounts: who needs help first, then who works, with the day's quota of each."""

from __future__ import annotations

from collections import Counter

from rich.console import Group, RenderableType
from rich.text import Text

from core.plain_text import one_line
from presentation.i18n.reason_messages import told
from presentation.snapshot import AccountView
from presentation.terminal.layout import Page, in_columns
from storage.models.accounts import AccountStatus

HEAD_LINES = 2
NOTE_CELLS = 30  # on a narrow page: as long as a name gives way for it
CUT = ((0, 14), (3, 1))
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
    """All accounts in `room` lines under the head; who is left out is counted by state."""
    texts = page.texts
    if not accounts:
        return Text(texts.no_accounts, style="yellow")
    shown, left_out = chosen(accounts, room)
    digits = max(len(f"{view.account.daily_export_limit:,}") for view in shown)
    names = (texts.account, texts.state, texts.quota, texts.note)
    rows = [[Text(name, "bold") for name in names], *(_cells(page, one, digits) for one in shown)]
    lines = in_columns(page, rows, (24, 0, 0, 0 if page.is_wide else NOTE_CELLS), CUT)
    if left_out:
        more = texts.more.format(n=f"{len(left_out):,}", counts=counted(page, left_out))
        lines.append(Text(f" {more}", style="dim", no_wrap=True, overflow="ellipsis"))
    return Group(*lines)


def _cells(page: Page, view: AccountView, digits: int) -> list[Text]:
    account = view.account
    state = Text(page.texts.account_states[account.status], STATE_STYLES[account.status])
    name, remark = Text(one_line(account.username)), Text(one_line(note(page, view)))
    return [name, state, _quota(page, view, digits), remark]


def counted(page: Page, accounts: list[AccountView]) -> str:
    """`1 exporting, 2 idle`"""
    states = Counter(view.account.status for view in accounts)
    return ", ".join(f"{states[s]:,} {page.texts.account_states[s]}" for s in ORDER if states[s])


def chosen(accounts: list[AccountView], room: int) -> tuple[list[AccountView], list[AccountView]]:
    """Those that are shown, who needs help first, and those that are left out."""
    ordered = sorted(accounts, key=lambda view: ORDER.index(view.account.status))
    if len(ordered) <= room:
        return ordered, []
    room = max(1, room - 1)  # the last line tells of the rest
    helpless = [view for view in ordered if view.account.status is AccountStatus.DISABLED]
    others = ordered[len(helpless) :]
    some = max(room - len(others), (room + 1) // 2)  # those who work are not pushed out by them
    shown = [*helpless[:some], *others][:room]
    return shown, [view for view in ordered if view not in shown]


def _quota(page: Page, view: AccountView, digits: int) -> Text:
    limit = view.account.daily_export_limit
    share = view.used / limit if limit else 1.0
    style = "green" if share < 0.9 else "yellow" if share < 1 else "red"
    return page.bar(share, 6, 24, style) + Text(f" {view.used:>{digits},} / {limit:>{digits},}")


def note(page: Page, view: AccountView) -> str:
    """Why an account does not work just now; empty when it may."""
    account, texts = view.account, page.texts
    if account.status is AccountStatus.DISABLED:
        return told(texts, account.disabled_reason or "")
    if account.cooldown_until is not None and account.cooldown_until > page.now:
        rests = texts.event_kinds["cooldown"]
        return f"{rests} {texts.until} {page.moment(account.cooldown_until)}"
    return texts.spent if view.used >= account.daily_export_limit else ""
