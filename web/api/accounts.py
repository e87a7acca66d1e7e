"""`/api/v1/accounts`: the pool; never a secret."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field, SecretStr

from accounts.csv_import import parse_accounts
from accounts.enrolment import EnrolmentResult
from core.errors import WrongFieldsError
from presentation.json_rows import as_object
from storage.crawling import accounts as rows
from storage.models.accounts import Account, AccountStatus
from storage.operations import listings
from web.audit_log import ActionLog
from web.auth.access import Actor, Reader, Visitor
from web.backend import Backend
from web.paging import Page, Paging, page_of
from web.problems import RequestRefusedError, partly_refused, unknown
from web.state import TheActions, TheBackend

router = APIRouter(prefix="/accounts", tags=["accounts"])
AccountId = Annotated[int, Path(ge=1, lt=2**63)]
MAX_COOKIE_LETTERS = 1_000_000
MAX_FILE_LETTERS = 16_000_000
ADD_FIRST = "the cookies as a header string, JSON of an extension, or cookies.txt"


class Reason(BaseModel):
    reason: str | None = Field(None, max_length=200, description="why")


class Limit(BaseModel):
    daily_export_limit: int = Field(ge=0, le=1_000_000_000, description="rows a day")


class NewAccount(BaseModel):
    username: str = Field(max_length=128, description="a name for it")
    platform: str = Field("bilibili", max_length=32)
    cookies: SecretStr = Field(max_length=MAX_COOKIE_LETTERS, description=ADD_FIRST)
    proxy: SecretStr | None = Field(
        None, max_length=2000, description="http://user:password@host:port of this account"
    )
    daily_export_limit: int | None = Field(None, description="rows a day; null: the usual number")


class AccountsFile(BaseModel):
    content: SecretStr = Field(
        max_length=MAX_FILE_LETTERS,
        description="CSV with the columns username, cookie (and password, proxy, limit)",
    )
    platform: str = Field("bilibili", max_length=32)
    name: str = Field("file", max_length=200, description="what messages call it")
    daily_export_limit: int | None = Field(None, ge=0, le=1_000_000_000)


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


@router.post(
    "",
    summary="Add an account, or give one a fresh session",
    status_code=201,
    responses={200: {"description": "It was there"}},
)
def add_account(
    given: NewAccount, response: Response, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    done = enrol(given, backend, actions, who)
    if not done.is_new:
        response.status_code = HTTPStatus.OK
    account = backend.registry.find(done.username, backend.catalog.named(given.platform).name)
    return {"account": shaped(backend, account), "new": done.is_new, "change": done.change}


@router.post(
    "/import",
    summary="Add or refresh the accounts of a CSV file",
    responses=partly_refused(),
)
def import_accounts(
    given: AccountsFile, response: Response, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    done, problems = take_in(given, backend, actions, who)
    if problems:
        some = HTTPStatus.MULTI_STATUS if done else HTTPStatus.UNPROCESSABLE_ENTITY
        response.status_code = some
    return {"imported": [vars(one) for one in done], "problems": problems}


@router.get("/{account_id}", summary="One account")
def show_account(account_id: AccountId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    return shaped(backend, existing(backend, account_id))


@router.get("/{account_id}/events", summary="Its timeline: what happened, why, until when")
def account_events(
    account_id: AccountId, request: Request, backend: TheBackend, part: Paging, _who: Reader
) -> Page[dict[str, Any]]:
    existing(backend, account_id)
    return page_of(
        request,
        backend.database,
        part,
        lambda tx, part: listings.events(tx, part, account_id=account_id),
        as_object,
    )


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


@router.post("/{account_id}/check", summary="Ask the platform whether it is signed in")
def check_account(
    account_id: AccountId, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    account = existing(backend, account_id)
    with actions.action(who, "account.check", named(account)):
        status = backend.account_desk.check(account)
    return {"signed_in": status.signed_in, "uid": status.uid, "name": status.name}


def enrol(given: NewAccount, backend: Backend, actions: ActionLog, who: Visitor) -> EnrolmentResult:
    """Add or refresh it, and note who did. Raises RequestRefusedError with what is wrong"
    " field by field."""
    proxy = given.proxy.get_secret_value().strip() if given.proxy else None
    desk = backend.account_desk
    with actions.action(who, "account.add", f"{given.platform}/{given.username}"):
        try:
            new = desk.read(
                given.platform,
                given.username,
                given.cookies.get_secret_value(),
                proxy,
                given.daily_export_limit,
            )
            return desk.add_or_refresh(new.platform, new.username, new.credentials, new.limit)
        except WrongFieldsError as error:
            raise wrong(error.problems) from error


def take_in(
    given: AccountsFile, backend: Backend, actions: ActionLog, who: Visitor
) -> tuple[list[EnrolmentResult], list[str]]:
    """Add or refresh those of the file, and note who did. Raises InvalidInputError for"
    " another file."""
    platform = backend.catalog.named(given.platform)
    rows = parse_accounts(given.content.get_secret_value(), given.name, platform)
    subject = f"{platform.name} {given.name}: {len(rows.good)}"
    with actions.action(who, "account.import", subject):
        return backend.account_desk.import_rows(
            platform.name, rows, given.name, given.daily_export_limit
        )


def wrong(problems: Mapping[str, str]) -> RequestRefusedError:
    """Refused, with a sentence for each field."""
    errors = [{"field": field, "message": text} for field, text in problems.items()]
    detail = "; ".join(f"{one['field']}: {one['message']}" for one in errors)
    return RequestRefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)


def existing(backend: Backend, account_id: int) -> Account:
    """The account. Raises RequestRefusedError (404)."""
    account = backend.database.read(rows.get, account_id)
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
