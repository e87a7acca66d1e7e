"""Accounts come in by the browser: one by its cookies, many by a file; and their sessions tried."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from pydantic import SecretStr, ValidationError
from starlette.responses import Response

from core.errors import InvalidInputError, SourceError
from web.api.accounts import (
    MAX_COOKIE_LETTERS,
    AccountId,
    AccountsFile,
    NewAccount,
    check_account,
    enrol,
    existing,
    take_in,
)
from web.auth.access import Actor
from web.backend import Backend
from web.console.acting import acted
from web.console.language import language_of
from web.console.rendering import back_with
from web.console.screens import TheScreens
from web.console.uploads import name_of, text_of
from web.problems import RequestRefusedError, of_fields
from web.state import TheActions, TheBackend

router = APIRouter(include_in_schema=False)
HOME = "/admin/accounts"
SHOWN_PROBLEMS = 20


@router.get("/new")
def new_account(
    request: Request,
    backend: TheBackend,
    screens: TheScreens,
    who: Actor,
    name: Annotated[str, Query(max_length=128)] = "",
    platform: Annotated[str, Query(max_length=32)] = "bilibili",
) -> Response:
    given = {"username": name, "platform": platform, "daily_export_limit": ""}
    return screens.page(request, "account_new", who, section="Accounts", **_facts(backend, given))


@router.post("/new")
def add(
    request: Request,
    backend: TheBackend,
    screens: TheScreens,
    actions: TheActions,
    who: Actor,
    username: Annotated[str, Form()] = "",
    platform: Annotated[str, Form(max_length=32)] = "bilibili",
    cookies: Annotated[str, Form()] = "",
    cookie_file: Annotated[UploadFile | None, File()] = None,
    proxy: Annotated[str, Form()] = "",
    daily_export_limit: Annotated[str, Form()] = "",
) -> Response:
    language = language_of(request)
    try:
        text = text_of(cookie_file) or cookies
        new = NewAccount.model_validate(
            {
                "username": username,
                "platform": platform,
                "cookies": text[: MAX_COOKIE_LETTERS + 1],
                "proxy": proxy.strip() or None,
                "daily_export_limit": daily_export_limit.strip() or None,
            }
        )
        done = enrol(new, backend, actions, who)
    except ValidationError as error:
        problems = of_fields([{**one, "loc": ("form", *one["loc"])} for one in error.errors()])
    except InvalidInputError as error:
        problems = RequestRefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            str(error),
            errors=[{"field": "cookies", "message": str(error)}],
        )
    except RequestRefusedError as error:
        problems = error
    else:
        account = backend.registry.find(done.username, platform)
        said = "Account {name} is added." if done.is_new else "Account {name} is up to date."
        return back_with(f"{HOME}/{account.id}", language.say(said, name=done.username))
    given = {"username": username, "platform": platform, "daily_export_limit": daily_export_limit}
    told = {one["field"]: language.problem(one["message"]) for one in problems.errors}
    return screens.page(
        request,
        "account_new",
        who,
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        section="Accounts",
        **_facts(backend, given, told or {"form": language.problem(problems.detail)}),
    )


@router.post("/import")
def import_many(
    request: Request,
    backend: TheBackend,
    actions: TheActions,
    who: Actor,
    file: Annotated[UploadFile | None, File()] = None,
    platform: Annotated[str, Form(max_length=32)] = "bilibili",
) -> Response:
    language = language_of(request)

    def act() -> str:
        text = text_of(file)
        if not text.strip():
            raise InvalidInputError("choose a file first")
        given = AccountsFile(content=SecretStr(text), platform=platform, name=name_of(file))
        done, problems = take_in(given, backend, actions, who)
        count = language.say("{n} accounts imported.", n=len(done))
        if not problems:
            return count
        shown = "; ".join(map(language.problem, problems[:SHOWN_PROBLEMS]))
        more = language.say("{n} problems.", n=len(problems))
        raise RequestRefusedError(HTTPStatus.MULTI_STATUS, f"{count} {more} {shown}")

    return acted(request, f"{HOME}/new", act)


@router.post("/{account_id}/check")
def check(
    account_id: AccountId, request: Request, backend: TheBackend, actions: TheActions, who: Actor
) -> Response:
    language = language_of(request)

    def act() -> str:
        name = existing(backend, account_id).username
        try:
            status = check_account(account_id, backend, actions, who)
        except SourceError as error:
            said = language.say("Account {name} could not be checked: {why}", name=name, why=error)
            raise RequestRefusedError(HTTPStatus.BAD_GATEWAY, said) from error
        if not status["signed_in"]:
            said = language.say("Account {name} is not signed in any more.", name=name)
            raise RequestRefusedError(HTTPStatus.CONFLICT, said)
        return language.say(
            "Account {name} is signed in as {person} ({uid}).",
            name=name,
            person=status["name"] or "?",
            uid=status["uid"] or "?",
        )

    return acted(request, HOME, act)


def _facts(
    backend: Backend, given: dict[str, str], problems: dict[str, str] | None = None
) -> dict[str, Any]:
    """What the form shows again; never a secret."""
    return {
        "given": given,
        "problems": problems or {},
        "platforms": [one.name for one in backend.catalog.platforms.values() if one.key is None],
        "usual_limit": backend.settings.daily_export_limit,
    }
