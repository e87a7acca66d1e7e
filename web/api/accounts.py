"""`/api/v1/accounts`: the pool; never a secret."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from crawler.shapes import as_object
from storage import accounts as rows
from storage import listings
from storage.records import Account, AccountStatus
from web.access import Actor, Reader
from web.backend import Backend
from web.paging import Page, Paging, page_of
from web.problems import unknown
from web.state import TheActions, TheBackend

router = APIRouter(prefix="/accounts", tags=["accounts"])
AccountId = Annotated[int, Path(ge=1, lt=2**63)]


class Reason(BaseModel):
    reason: str | None = Field(None, max_length=200, description="why")


class Limit(BaseModel):
    daily_export_limit: int = Field(ge=0, le=1_000_000_000, description="rows a day")


@router.get("", summary="All accounts")
def list_accounts(
    backend: TheBackend,
    _who: Reader,
    platform: Annotated[str | None, Query(description="only of this platform")] = None,
    status: Annotated[AccountStatus | None, Query(description="only in this state")] = None,
) -> Page[dict[str, Any]]:
    found = backend.registry.all(platform)
    wanted = [one for one in found if status is None or one.status is status]
    return Page(items=[shaped(backend, one) for one in wanted], next=None)


@router.get("/{account_id}", summary="One account")
def show_account(account_id: AccountId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    return shaped(backend, existing(backend, account_id))


@router.get("/{account_id}/events", summary="Its timeline: what happened, why, until when")
def account_events(
    account_id: AccountId, request: Request, backend: TheBackend, part: Paging, _who: Reader
) -> Page[dict[str, Any]]:
    existing(backend, account_id)
    return page_of(
        request, backend.database, part,
        lambda tx, part: listings.events(tx, part, account_id=account_id), as_object,
    )  # fmt: skip


@router.post("/{account_id}/enable", summary="Into the pool; ends a rest too")
def enable_account(
    account_id: AccountId, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    account = existing(backend, account_id)
    with actions.action(who, "account.enable", named(account)):
        backend.accounts.set_account_status(account_id, AccountStatus.IDLE)
    return shaped(backend, existing(backend, account_id))


@router.post("/{account_id}/disable", summary="Out of the pool")
def disable_account(
    account_id: AccountId,
    backend: TheBackend,
    actions: TheActions,
    who: Actor,
    given: Reason | None = None,
) -> dict[str, Any]:
    account = existing(backend, account_id)
    with actions.action(who, "account.disable", named(account)):
        reason = given.reason if given else None
        backend.accounts.set_account_status(account_id, AccountStatus.DISABLED, reason)
    return shaped(backend, existing(backend, account_id))


@router.post("/{account_id}/limit", summary="Change its daily export limit")
def set_account_limit(
    account_id: AccountId, given: Limit, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    account = existing(backend, account_id)
    with actions.action(who, "account.limit", f"{named(account)} {given.daily_export_limit}"):
        backend.registry.set_limit(account, given.daily_export_limit)
    return shaped(backend, existing(backend, account_id))


def existing(backend: Backend, account_id: int) -> Account:
    """The account. Raises Refused (404)."""
    account = backend.database.read(lambda tx: rows.get(tx, account_id))
    if account is None:
        raise unknown("account", account_id, "/api/v1/accounts")
    return account


def named(account: Account) -> str:
    """As the log of actions has it."""
    return f"{account.platform}/{account.username}"


def shaped(backend: Backend, account: Account) -> dict[str, Any]:
    """Its columns, and what is left of its quota today."""
    day = backend.calendar.day(backend.clock.now())
    today = {
        "exported_today": account.exported_on(day),
        "remaining_today": account.remaining_quota(day),
    }
    return as_object(account) | today
