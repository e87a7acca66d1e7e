"""`/api/v1/proxies`: proxies without their URLs, their checks, who leaves by which."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import Field, SecretStr

from accounts.intake.proxy_lists import proxies_in
from accounts.proxies.assignment import AssignmentRequest
from accounts.proxies.check import DEADLINE_SECS, MAX_PARALLEL, PARALLEL
from accounts.proxies.text import DEFAULT_SCHEME, MAX_LETTERS
from core.errors import InvalidInputError
from crawler.tasks.requests import DEFAULT_PLATFORM
from presentation.egress_views import check_object, plan_object, proxy_object
from presentation.i18n.renderer import API_RENDERER
from web.api.lists import ObjectPage, Page
from web.auth.access import Actor, Reader
from web.lookups import existing_account
from web.parameters import RowId
from web.problems import partly_refused, refused_as
from web.requests import MAX_FILE_LETTERS, MAX_FILE_NAME_LETTERS, RequestBody
from web.state import TheBackend

router = APIRouter(prefix="/proxies", tags=["proxies"])
of_accounts = APIRouter(prefix="/accounts", tags=["accounts"])
ProxyName = Annotated[str, Path(max_length=80, description="from the list of proxies")]
Name = Annotated[str, Field(max_length=MAX_LETTERS)]
FORMS = "in any form that sellers write, or a name from the list"


class ProxyList(RequestBody):
    """One proxy, or many."""

    content: SecretStr = Field(
        min_length=1, max_length=MAX_FILE_LETTERS, description="a proxy a line, CSV or JSON"
    )
    name: str = Field("list", max_length=MAX_FILE_NAME_LETTERS, description="what messages call it")
    is_rotating: bool = Field(False, description="each request leaves by another exit")
    scheme: str = Field(DEFAULT_SCHEME, max_length=8, description="of proxies without one")
    dry_run: bool = Field(False, description="store nothing")


class ProxyOfAccount(RequestBody):
    proxy: SecretStr = Field(max_length=MAX_LETTERS, description=f"{FORMS}; `none` for none")


class Removal(RequestBody):
    """Where the accounts of a removed proxy go."""

    accounts_to: SecretStr | None = Field(
        None, max_length=MAX_LETTERS, description=f"a proxy {FORMS}; `none`; null: it has none"
    )


class WantedAssignment(RequestBody):
    """Which accounts get which proxies."""

    platform: str = Field(DEFAULT_PLATFORM, max_length=32)
    proxies: list[Name] = Field([], max_length=1000, description="empty: all that work")
    accounts: list[Name] = Field([], max_length=1000, description="empty: all without a proxy")
    per_proxy: int = Field(1, ge=1, le=1000, description="accounts of the platform by one proxy")
    dry_run: bool = Field(False, description="only plan")


class WantedCheck(RequestBody):
    """Which proxies are checked, and how."""

    names: list[Name] = Field([], max_length=1000, description="empty: all")
    platform: str = Field(DEFAULT_PLATFORM, max_length=32, description="whose endpoint is asked")
    url: str | None = Field(None, max_length=2000, description="what is asked instead")
    parallel: int = Field(PARALLEL, ge=1, le=MAX_PARALLEL)
    deadline_secs: float = Field(30.0, ge=1, le=DEADLINE_SECS, description="for all together")


@router.get("", summary="All proxies, with the accounts of each")
def list_proxies(backend: TheBackend, _who: Reader) -> ObjectPage:
    now = backend.clock.now()
    found = [proxy_object(one, API_RENDERER.text, now) for one in backend.use_cases.proxies.all()]
    return Page(items=found, next=None)


@router.post("/import", summary="Keep the proxies of a list", responses=partly_refused())
def import_proxies(
    given: ProxyList, response: Response, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    content = given.content.get_secret_value().encode("utf-8", "replace")
    rows = proxies_in(content, given.name, given.scheme)
    use_cases = backend.use_cases.proxies
    if given.dry_run:
        done = use_cases.preview(rows)
    else:
        done = use_cases.import_rows(who, rows, given.name, is_rotating=given.is_rotating)
    if rows.problems:
        some = HTTPStatus.MULTI_STATUS if done else HTTPStatus.UNPROCESSABLE_ENTITY
        response.status_code = some
    return {
        "imported": [{"name": one.egress, "is_new": one.is_new} for one in done],
        "problems": [API_RENDERER.sentence(problem) for problem in rows.problems],
        "notes": [API_RENDERER.sentence(note) for note in rows.notes],
    }


@router.post("/check", summary="Send one request through each")
def check_proxies(wanted: WantedCheck, backend: TheBackend, who: Actor) -> ObjectPage:
    outcomes = backend.use_cases.proxies.check(
        who,
        wanted.names,
        platform=wanted.platform,
        target=wanted.url,
        parallel=wanted.parallel,
        deadline_secs=wanted.deadline_secs,
        stop=backend.ending,
    )
    return Page(items=[check_object(one, API_RENDERER.text) for one in outcomes], next=None)


@router.post("/assign", summary="Give each account without a proxy one of its own")
def assign_proxies(wanted: WantedAssignment, backend: TheBackend, who: Actor) -> dict[str, Any]:
    use_cases = backend.use_cases.proxies
    plan = use_cases.plan(
        AssignmentRequest(
            platform=backend.platforms.named(wanted.platform).name,
            proxies=wanted.proxies,
            accounts=wanted.accounts,
            per_proxy=wanted.per_proxy,
        )
    )
    done = () if wanted.dry_run else use_cases.assign(who, plan, per_proxy=wanted.per_proxy)
    return plan_object(plan, API_RENDERER.text) | {"done": len(done)}


@router.post("/{name}/remove", summary="Forget a proxy")
def remove_proxy(
    name: ProxyName, backend: TheBackend, who: Actor, given: Removal | None = None
) -> dict[str, Any]:
    target = given.accounts_to.get_secret_value() if given and given.accounts_to else None
    with refused_as(HTTPStatus.CONFLICT, InvalidInputError):
        was = backend.use_cases.proxies.remove(who, name, target)
    return {"name": was.route.egress, "moved": [user.username for user in was.users]}


@of_accounts.post("/{account_id}/proxy", summary="Let it leave by a proxy, or without one")
def set_account_proxy(
    account_id: RowId, given: ProxyOfAccount, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    account = existing_account(backend, account_id)
    done = backend.use_cases.proxies.give(who, account, given.proxy.get_secret_value())
    return {
        "account_id": account.id,
        "egress": done.egress,
        "is_direct": done.is_direct,
        "shared_with": list(done.shared_with),
    }
