"""`/api/v1/accounts`: the accounts of the pool, without their secrets."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from accounts.csv_import import parse_accounts
from accounts.enrolment import EnrolmentResult
from core.errors import InvalidInputError
from core.message_json import message_keys
from presentation.i18n.renderer import API_RENDERER
from presentation.json_rows import account_object, as_object, group_object
from storage.models.accounts import Account, AccountStatus
from storage.operations import listings
from web.api.lists import ObjectPage, Page, TheListing
from web.auth.access import Actor, Reader
from web.backend import Backend
from web.lookups import existing_account, is_in_group, live_account
from web.parameters import RowId
from web.problems import partly_refused, refused_as
from web.requests import (
    AccountGroup,
    AccountName,
    AccountsFile,
    DailyLimit,
    DisableReason,
    EnableChoice,
    NewAccount,
)
from web.state import TheBackend

router = APIRouter(prefix="/accounts", tags=["accounts"])


@router.get("", summary="All accounts")
def list_accounts(
    backend: TheBackend,
    _who: Reader,
    platform: Annotated[str | None, Query(description="only of this platform")] = None,
    status: Annotated[AccountStatus | None, Query(description="only in this state")] = None,
    group: Annotated[str | None, Query(description="only of this group; none: of no group")] = None,
    deleted: Annotated[bool, Query(description="the deleted accounts instead")] = False,
) -> ObjectPage:
    registry = backend.registry
    accounts = [
        account
        for account in (registry.deleted(platform) if deleted else registry.all(platform))
        if (status is None or account.status is status)
        and (group is None or is_in_group(account, group))
    ]
    return Page(items=_accounts(backend, accounts), next=None)


@router.get("/groups", summary="The groups of accounts, with today's totals")
def list_groups(backend: TheBackend, _who: Reader) -> ObjectPage:
    return Page(items=[group_object(totals) for totals in backend.groups.totals()], next=None)


@router.post(
    "",
    summary="Add an account, or give one a fresh session",
    status_code=201,
    responses={200: {"description": "It was there"}},
)
def add_account(
    given: NewAccount, response: Response, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    result = backend.use_cases.accounts.add_or_refresh(who, given.platform, given.as_request())
    if not result.is_new:
        response.status_code = HTTPStatus.OK
    account = backend.registry.find(result.username, backend.platforms.named(given.platform).name)
    return {"account": _account(backend, account), "new": result.is_new, **_change(result)}


@router.post(
    "/import", summary="Add or refresh the accounts of a CSV file", responses=partly_refused()
)
def import_accounts(
    given: AccountsFile, response: Response, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    platform = backend.platforms.named(given.platform)
    rows = parse_accounts(given.content.get_secret_value(), given.name, platform)
    results, problems = backend.use_cases.accounts.import_rows(
        who,
        platform.name,
        rows,
        given.name,
        given.daily_export_limit,
        new_login=given.new_login,
        group=given.group,
    )
    if problems:
        some = HTTPStatus.MULTI_STATUS if results else HTTPStatus.UNPROCESSABLE_ENTITY
        response.status_code = some
    imported = [
        {"username": result.username, "is_new": result.is_new, **_change(result)}
        for result in results
    ]
    problem_texts = [API_RENDERER.sentence(problem) for problem in problems]
    return {"imported": imported, "problems": problem_texts}


def _change(result: EnrolmentResult) -> dict[str, Any]:
    """Return what was changed in an account, as a sentence, a code and parameters."""
    return message_keys("change", result.change, API_RENDERER.text)


@router.get("/{account_id}", summary="One account")
def show_account(account_id: RowId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    return _account(backend, existing_account(backend, account_id))


@router.get("/{account_id}/events", summary="Its timeline: what happened, why, until when")
def account_events(account_id: RowId, backend: TheBackend, listing: TheListing) -> ObjectPage:
    existing_account(backend, account_id)
    return listing.page(
        lambda tx, part: listings.events(tx, part, account_id=account_id), as_object
    )


@router.post("/{account_id}/enable", summary="Into the pool; ends a rest too")
def enable_account(
    account_id: RowId, backend: TheBackend, who: Actor, given: EnableChoice | None = None
) -> dict[str, Any]:
    account = live_account(backend, account_id)
    if given is not None and given.check:
        with refused_as(HTTPStatus.CONFLICT, InvalidInputError):
            backend.use_cases.accounts.check_and_enable(who, account)
    else:
        backend.use_cases.accounts.enable(who, account)
    return _account(backend, existing_account(backend, account_id))


@router.post("/{account_id}/rename", summary="Give it another name")
def rename_account(
    account_id: RowId, given: AccountName, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    backend.use_cases.accounts.rename(who, live_account(backend, account_id), given.username)
    return _account(backend, existing_account(backend, account_id))


@router.post("/{account_id}/group", summary="Put it into a group, or out of its own")
def set_account_group(
    account_id: RowId, given: AccountGroup, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    account = live_account(backend, account_id)
    backend.use_cases.accounts.set_group(who, [account], given.group)
    return _account(backend, existing_account(backend, account_id))


@router.post("/{account_id}/delete", summary="Erase its secrets; what it exported stays proven")
def delete_account(account_id: RowId, backend: TheBackend, who: Actor) -> dict[str, Any]:
    account = live_account(backend, account_id)
    done = backend.use_cases.accounts.delete(who, account)
    shown = _account(backend, existing_account(backend, account_id))
    return {"account": shown, "waiting_tasks": list(done.waiting_tasks)}


@router.post("/{account_id}/disable", summary="Out of the pool")
def disable_account(
    account_id: RowId, backend: TheBackend, who: Actor, given: DisableReason | None = None
) -> dict[str, Any]:
    account = live_account(backend, account_id)
    backend.use_cases.accounts.disable(who, account, given.reason if given else None)
    return _account(backend, existing_account(backend, account_id))


@router.post("/{account_id}/limit", summary="Change its daily export limit")
def set_account_limit(
    account_id: RowId, given: DailyLimit, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    account = live_account(backend, account_id)
    backend.use_cases.accounts.set_limit(who, account, given.daily_export_limit)
    return _account(backend, existing_account(backend, account_id))


@router.post("/{account_id}/check", summary="Ask the platform whether it is signed in")
def check_account(account_id: RowId, backend: TheBackend, who: Actor) -> dict[str, Any]:
    status = backend.use_cases.accounts.check(who, live_account(backend, account_id))
    return {"signed_in": status.signed_in, "uid": status.uid, "name": status.name}


def _account(backend: Backend, account: Account) -> dict[str, Any]:
    [shown] = _accounts(backend, [account])
    return shown


def _accounts(backend: Backend, accounts: list[Account]) -> list[dict[str, Any]]:
    """Return accounts as JSON, without their secrets, with what they do and their quota of
    today."""
    day = backend.calendar.day(backend.clock.now())
    return [
        account_object(view)
        | {"exported_today": view.used, "remaining_today": view.account.remaining_quota(day)}
        for view in backend.account_views.views(accounts)
    ]
