"""Accounts: the pool with its quota, one account with its timeline, enable and disable."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from core.errors import SourceError
from storage.models.accounts import Account, AccountStatus
from storage.operations import listings
from web.console.list_view import TheList
from web.console.overview import account_row
from web.console.pool import account_entries, proxies
from web.console.visits import Acting, Reading, action
from web.lookups import existing_account, is_in_group, live_account
from web.parameters import RowId
from web.problems import RequestRefusedError
from web.requests import AccountGroup, DailyLimit, DisableReason

router = APIRouter(include_in_schema=False)
router.include_router(proxies.of_account)
router.include_router(account_entries.router)  # before /{account_id}: it has /new


@router.get("")
def accounts(
    visit: Reading,
    view: TheList,
    status: Annotated[str, Query()] = "",
    platform: Annotated[str, Query()] = "",
    name: Annotated[str, Query()] = "",
    group: Annotated[str, Query()] = "",
    deleted: Annotated[bool, Query()] = False,
) -> Response:
    """Show the accounts that match, newest first, with today's quota, and the totals of groups."""
    page, registry = visit.drawing(), visit.backend.registry
    pool = registry.deleted() if deleted else registry.all()
    found = [
        account_view
        for account_view in reversed(visit.backend.account_views.views(pool))
        if status in ("", account_view.state.value)
        and _fits(account_view.account, platform, name)
        and (not group.strip() or is_in_group(account_view.account, group))
        and (view.part.before is None or account_view.account.id < view.part.before)
    ]
    shown = found[: view.part.limit]
    return visit.page(
        "accounts",
        accounts=[account_row(page, account_view) for account_view in shown],
        items=[account_view.account for account_view in shown],
        view=view,
        more=len(found) > len(shown),
        states=AccountStatus,
        chosen=(status, platform, name, group, deleted),
        groups=visit.backend.groups.totals(),
        platforms=sorted({account.platform for account in pool}),
        total=len(pool),
    )


def _fits(account: Account, platform: str, name: str) -> bool:
    same_platform = platform in ("", account.platform)
    return same_platform and name.strip().casefold() in account.username.casefold()


@router.get("/{account_id}")
def account(account_id: RowId, visit: Reading, view: TheList) -> Response:
    """Show one account with its timeline."""
    found = existing_account(visit.backend, account_id)
    page = visit.drawing()
    [account_view] = visit.backend.account_views.views([found])
    return visit.list_page(
        "account",
        view,
        lambda tx, part: listings.events(tx, part, account_id=account_id),
        row=account_row(page, account_view),
    )


@router.post("/{account_id}/enable")
@action
def enable(account_id: RowId, visit: Acting, check: Annotated[bool, Form()] = False) -> str:
    """Put an account back into the pool; ends a cooldown too. With `check` only if the platform
    says that it is signed in."""
    account = live_account(visit.backend, account_id)
    if not check:
        visit.use_cases.accounts.enable(visit.who, account)
        return visit.say("Account {name} is enabled.", name=account.username)
    try:
        status = visit.use_cases.accounts.check_and_enable(visit.who, account)
    except SourceError as error:
        said = visit.say(
            "Account {name} could not be checked: {why}",
            name=account.username,
            why=visit.language.problem(error),
        )
        raise RequestRefusedError(HTTPStatus.BAD_GATEWAY, said) from error
    return visit.say(
        "Account {name} is signed in as {person} ({uid}), and enabled.",
        name=account.username,
        person=status.name or "?",
        uid=status.uid or "?",
    )


@router.post("/{account_id}/rename")
@action
def rename(account_id: RowId, visit: Acting, username: Annotated[str, Form()] = "") -> str:
    """Give an account another name."""
    account = live_account(visit.backend, account_id)
    name = visit.use_cases.accounts.rename(visit.who, account, username)
    return visit.say("Account {before} is {name} now.", before=account.username, name=name)


@router.post("/{account_id}/group")
@action
def set_group(account_id: RowId, visit: Acting, group: Annotated[str, Form()] = "") -> str:
    """Put an account into a group; an empty name takes it out of its own."""
    account = live_account(visit.backend, account_id)
    given = AccountGroup.model_validate({"group": group.strip() or None}).group
    visit.use_cases.accounts.set_group(visit.who, [account], given)
    if given is None:
        return visit.say("Account {name} is in no group.", name=account.username)
    return visit.say("Account {name} is in group {group}.", name=account.username, group=given)


@router.post("/{account_id}/delete")
@action
def delete(account_id: RowId, visit: Acting) -> str:
    """Erase an account's secrets; its row stays for what it exported."""
    account = live_account(visit.backend, account_id)
    done = visit.use_cases.accounts.delete(visit.who, account)
    said = visit.say("Account {name} is deleted.", name=account.username)
    waiting = " ".join(
        visit.say("Task {id} is pinned to it and waits.", id=task_id)
        for task_id in done.waiting_tasks
    )
    return f"{said} {waiting}".rstrip()


@router.post("/{account_id}/disable")
@action
def disable(
    account_id: RowId, visit: Acting, reason: Annotated[str, Form(max_length=200)] = ""
) -> str:
    """Take an account out of the pool; without a reason the timeline says that an operator did
    it."""
    account = live_account(visit.backend, account_id)
    given = DisableReason(reason=reason.strip() or None)
    visit.use_cases.accounts.disable(visit.who, account, given.reason)
    return visit.say("Account {name} is disabled.", name=account.username)


@router.post("/{account_id}/limit")
@action
def set_limit(
    account_id: RowId, visit: Acting, daily_export_limit: Annotated[str, Form(max_length=20)] = ""
) -> str:
    """Change an account's daily export limit, in rows."""
    account = live_account(visit.backend, account_id)
    given = DailyLimit.model_validate({"daily_export_limit": daily_export_limit})
    rows = given.daily_export_limit
    visit.use_cases.accounts.set_limit(visit.who, account, rows)
    return visit.say(
        "Account {name} may export {rows} rows a day.", name=account.username, rows=f"{rows:,}"
    )
