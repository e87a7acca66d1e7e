"""Accounts on the terminal: disabled ones first, then those at work, with their quota."""

from __future__ import annotations

from collections import Counter

from rich.text import Text

from core.messages import Message
from core.plain_text import one_line
from presentation.account_views import AccountView, disabled_messages, note_messages
from presentation.i18n.renderer import FrontEnd
from presentation.terminal.layout import Page, screen_table
from storage.models.accounts import Account, AccountStatus

HEAD_LINES = 2
NAME_CELLS, MIN_NAME_CELLS = 24, 14
NOTE_CELLS = 30  # at most, on a narrow page
STATE_STYLES = {
    AccountStatus.IDLE: "dim",
    AccountStatus.INGESTING: "cyan",
    AccountStatus.EXPORTING: "green",
    AccountStatus.DISABLED: "red",
}
SUSPECT_STYLE = "yellow"
ORDER = (
    AccountStatus.DISABLED,
    AccountStatus.EXPORTING,
    AccountStatus.INGESTING,
    AccountStatus.IDLE,
)


def draw(page: Page, accounts: list[AccountView], room: int) -> list[Text]:
    """Return the accounts in `room` lines below the head; the others are counted by state."""
    if not accounts:
        return page.line(page.renderer.sentence(Message.of("no_accounts")), "yellow")
    shown, left_out = chosen(accounts, room)
    digits = max(len(f"{view.account.daily_export_limit:,}") for view in shown)
    table = screen_table(
        page,
        [
            page.titled("column_account", max_cells=NAME_CELLS, min_cells=MIN_NAME_CELLS),
            page.titled("column_state"),
            page.titled("screen_quota"),
            page.titled(
                "column_note",
                max_cells=None if page.is_wide else NOTE_CELLS,
                min_cells=1,
                is_optional=True,
            ),
        ],
    )
    for view in shown:
        table.add(_cells(page, view, digits))
    lines = table.lines(page.window)
    if left_out:
        more = page.say("screen_more", n=f"{len(left_out):,}", counts=counted(page, left_out))
        lines += page.line(more, "dim", indent=1)
    return lines


def _cells(page: Page, view: AccountView, digits: int) -> list[Text]:
    account = view.account
    style = SUSPECT_STYLE if view.is_suspect(page.now) else STATE_STYLES[view.state]
    state = Text(page.word("account_state", view.state_word(page.now)), style)
    name, remark = Text(one_line(account.username)), Text(one_line(note(page, view)))
    return [name, state, _quota(page, view, digits), remark]


def counted(page: Page, accounts: list[AccountView]) -> str:
    """Return the number of accounts in each state: `1 exporting, 2 idle`."""
    states = Counter(
        view.state_word(page.now)
        for view in sorted(accounts, key=lambda view: ORDER.index(view.state))
    )
    return ", ".join(
        f"{number:,} {page.word('account_state', state)}" for state, number in states.items()
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
        return _disabled_note(page, account)
    if view.is_cooling(page.now) and account.cooldown_until is not None:
        return f"{page.say('screen_until')} {page.moment(account.cooldown_until)}"
    if view.route_closed_until is not None:
        until = page.moment(view.route_closed_until)
        return page.say("account_route_closed", egress=view.egress, until=until)
    parts = [page.renderer.text(message) for message in note_messages(view, page.now)]
    if view.unproven_route is not None:
        parts.append(page.say("account_route_unproven", egress=view.unproven_route.egress))
    if not view.left:
        parts.append(page.say("screen_spent"))
    return " · ".join(parts)


def _disabled_note(page: Page, account: Account) -> str:
    """Return why an account is disabled, and what to do about it."""
    if page.renderer.front_end is FrontEnd.CONSOLE:  # which has buttons, and no commands
        return page.renderer.shown_text(account.disabled_reason or "")
    told = [page.renderer.text(message) for message in disabled_messages(account)]
    return page.say("parts_listed", parts=told)
