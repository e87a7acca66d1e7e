"""Accounts: the pool with its quota, one account with its timeline, enable and disable."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from storage.models.accounts import Account, AccountStatus
from storage.operations import listings
from web.console import account_entries, proxies
from web.console.list_view import TheList
from web.console.overview import account_row
from web.console.visits import Acting, Reading, action
from web.lookups import existing_account
from web.parameters import RowId
from web.requests import DailyLimit, DisableReason

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
) -> Response:
    """Show the accounts that match, newest first, with today's quota."""
    page = visit.drawing()
    pool = visit.backend.registry.all()
    found = [
        account_view
        for account_view in reversed(visit.backend.account_views.views(pool))
        if status in ("", account_view.state.value)
        and _fits(account_view.account, platform, name)
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
        chosen=(status, platform, name),
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
def enable(account_id: RowId, visit: Acting) -> str:
    """Put an account back into the pool; ends a cooldown too."""
    account = existing_account(visit.backend, account_id)
    visit.use_cases.accounts.enable(visit.who, account)
    return visit.say("Account {name} is enabled.", name=account.username)


@router.post("/{account_id}/disable")
@action
def disable(
    account_id: RowId, visit: Acting, reason: Annotated[str, Form(max_length=200)] = ""
) -> str:
    """Take an account out of the pool; without a reason the timeline says that an operator did
    it."""
    account = existing_account(visit.backend, account_id)
    given = DisableReason(reason=reason.strip() or None)
    visit.use_cases.accounts.disable(visit.who, account, given.reason)
    return visit.say("Account {name} is disabled.", name=account.username)


@router.post("/{account_id}/limit")
@action
def set_limit(
    account_id: RowId, visit: Acting, daily_export_limit: Annotated[str, Form(max_length=20)] = ""
) -> str:
    """Change an account's daily export limit, in rows."""
    account = existing_account(visit.backend, account_id)
    given = DailyLimit.model_validate({"daily_export_limit": daily_export_limit})
    rows = given.daily_export_limit
    visit.use_cases.accounts.set_limit(visit.who, account, rows)
    return visit.say(
        "Account {name} may export {rows} rows a day.", name=account.username, rows=f"{rows:,}"
    )
