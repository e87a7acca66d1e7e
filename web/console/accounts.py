"""Accounts: the pool with its quota, one account with its timeline, enable and disable."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from presentation.snapshot import AccountView
from storage.models.accounts import AccountStatus
from storage.operations import listings
from web.auth.access import Actor, Reader
from web.console import account_entries
from web.console.acting import acted
from web.console.language import language_of
from web.console.list_view import TheList
from web.console.overview import account_row
from web.console.screens import TheScreens
from web.lookups import existing_account
from web.paging import read_page
from web.parameters import RowId
from web.requests import DailyLimit, DisableReason
from web.state import TheBackend

router = APIRouter(include_in_schema=False)
# Before `/{account_id}`, which would match `/new` as well.
router.include_router(account_entries.router)
HOME = "/admin/accounts"


@router.get("")
def accounts(
    request: Request,
    backend: TheBackend,
    screens: TheScreens,
    visitor: Reader,
    view: TheList,
    status: Annotated[str, Query()] = "",
    platform: Annotated[str, Query()] = "",
    name: Annotated[str, Query()] = "",
) -> Response:
    """Show the accounts that match, newest first, with today's quota."""
    page = screens.drawing(language_of(request))
    day = backend.calendar.day(page.now)
    pool = backend.registry.all()
    found = [
        account
        for account in reversed(pool)
        if status in ("", account.status.value)
        and platform in ("", account.platform)
        and name.strip().casefold() in account.username.casefold()
        and (view.part.before is None or account.id < view.part.before)
    ]
    shown = found[: view.part.limit]
    rows = [account_row(page, AccountView(account, account.exported_on(day))) for account in shown]
    return screens.page(
        request,
        "accounts",
        visitor,
        section="Accounts",
        accounts=rows,
        items=shown,
        view=view,
        more=len(found) > len(shown),
        states=AccountStatus,
        chosen=(status, platform, name),
        platforms=sorted({account.platform for account in pool}),
        total=len(pool),
    )


@router.get("/{account_id}")
def account(
    account_id: RowId,
    request: Request,
    backend: TheBackend,
    screens: TheScreens,
    visitor: Reader,
    view: TheList,
) -> Response:
    """Show one account with its timeline."""
    found = existing_account(backend, account_id)
    page = screens.drawing(language_of(request))
    day = backend.calendar.day(page.now)
    events, more = read_page(
        backend.database,
        view.part,
        lambda tx, part: listings.events(tx, part, account_id=account_id),
    )
    return screens.page(
        request,
        "account",
        visitor,
        section="Accounts",
        view=view,
        items=events,
        more=more,
        row=account_row(page, AccountView(found, found.exported_on(day))),
    )


@router.post("/{account_id}/enable")
def enable(account_id: RowId, request: Request, backend: TheBackend, who: Actor) -> Response:
    """Put an account back into the pool; ends a cooldown too."""

    def act() -> str:
        account = existing_account(backend, account_id)
        backend.use_cases.accounts.enable(who, account)
        return language_of(request).say("Account {name} is enabled.", name=account.username)

    return acted(request, HOME, act)


@router.post("/{account_id}/disable")
def disable(
    account_id: RowId,
    request: Request,
    backend: TheBackend,
    who: Actor,
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Take an account out of the pool, with a reason where one is given."""

    def act() -> str:
        account = existing_account(backend, account_id)
        given = DisableReason(reason=reason.strip() or None)
        backend.use_cases.accounts.disable(who, account, given.reason)
        return language_of(request).say("Account {name} is disabled.", name=account.username)

    return acted(request, HOME, act)


@router.post("/{account_id}/limit")
def set_limit(
    account_id: RowId,
    request: Request,
    backend: TheBackend,
    who: Actor,
    daily_export_limit: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Change an account's daily export limit, in rows."""

    def act() -> str:
        account = existing_account(backend, account_id)
        given = DailyLimit.model_validate({"daily_export_limit": daily_export_limit})
        rows = given.daily_export_limit
        backend.use_cases.accounts.set_limit(who, account, rows)
        return language_of(request).say(
            "Account {name} may export {rows} rows a day.", name=account.username, rows=f"{rows:,}"
        )

    return acted(request, HOME, act)
