"""Add accounts in the browser, by cookies or by a file, and check their sessions."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from pydantic import SecretStr, ValidationError
from starlette.responses import Response

from accounts.csv_import import parse_accounts
from accounts.requests import MAX_COOKIE_LETTERS
from core.errors import InvalidInputError, SourceError, WrongFieldsError
from web.auth.access import Actor
from web.backend import Backend
from web.console.acting import acted
from web.console.language import language_of
from web.console.rendering import back_with
from web.console.screens import TheScreens
from web.console.uploads import name_of, text_of
from web.lookups import existing_account
from web.parameters import RowId
from web.problems import RequestRefusedError, of_error, of_fields
from web.requests import AccountsFile, NewAccount
from web.state import TheBackend

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
    """Show the form for an account; `name` and `platform` fill it in for a known one."""
    given = {"username": name, "platform": platform, "daily_export_limit": ""}
    return screens.page(
        request, "account_new", who, section="Accounts", **_form_values(backend, given)
    )


@router.post("/new")
def add(
    request: Request,
    backend: TheBackend,
    screens: TheScreens,
    who: Actor,
    username: Annotated[str, Form()] = "",
    platform: Annotated[str, Form(max_length=32)] = "bilibili",
    cookies: Annotated[str, Form()] = "",
    cookie_file: Annotated[UploadFile | None, File()] = None,
    proxy: Annotated[str, Form()] = "",
    daily_export_limit: Annotated[str, Form()] = "",
) -> Response:
    """Add or refresh an account; show the form again with the problems of its fields."""
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
        done = backend.use_cases.accounts.add_or_refresh(who, platform, new.as_request())
    except ValidationError as error:
        problems = of_fields(
            [{**problem, "loc": ("form", *problem["loc"])} for problem in error.errors()]
        )
    except WrongFieldsError as error:
        problems = of_error(error)
    except InvalidInputError as error:
        problems = RequestRefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            error,
            problems=[("cookies", error.message)],
        )
    else:
        account = backend.registry.find(done.username, platform)
        said = "Account {name} is added." if done.is_new else "Account {name} is up to date."
        return back_with(f"{HOME}/{account.id}", language.say(said, name=done.username))
    given = {"username": username, "platform": platform, "daily_export_limit": daily_export_limit}
    messages = {field: language.problem(problem) for field, problem in problems.problems}
    return screens.page(
        request,
        "account_new",
        who,
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        section="Accounts",
        **_form_values(backend, given, messages or {"form": language.problem(problems)}),
    )


@router.post("/import")
def import_many(
    request: Request,
    backend: TheBackend,
    who: Actor,
    file: Annotated[UploadFile | None, File()] = None,
    platform: Annotated[str, Form(max_length=32)] = "bilibili",
) -> Response:
    """Add or refresh the accounts of a CSV file; name the refused rows."""
    language = language_of(request)

    def act() -> str:
        text = text_of(file)
        if not text.strip():
            raise InvalidInputError("file_not_chosen")
        given = AccountsFile(content=SecretStr(text), platform=platform, name=name_of(file))
        known = backend.platforms.named(given.platform)
        rows = parse_accounts(text, given.name, known)
        done, problems = backend.use_cases.accounts.import_rows(
            who, known.name, rows, given.name, None
        )
        count = language.say("{n} accounts imported.", n=len(done))
        if not problems:
            return count
        shown = "; ".join(map(language.problem, problems[:SHOWN_PROBLEMS]))
        more = language.say("{n} problems.", n=len(problems))
        raise RequestRefusedError(HTTPStatus.MULTI_STATUS, f"{count} {more} {shown}")

    return acted(request, f"{HOME}/new", act)


@router.post("/{account_id}/check")
def check(account_id: RowId, request: Request, backend: TheBackend, who: Actor) -> Response:
    """Ask the platform whether an account is signed in, and show the answer."""
    language = language_of(request)

    def act() -> str:
        account = existing_account(backend, account_id)
        name = account.username
        try:
            status = backend.use_cases.accounts.check(who, account)
        except SourceError as error:
            said = language.say(
                "Account {name} could not be checked: {why}", name=name, why=language.problem(error)
            )
            raise RequestRefusedError(HTTPStatus.BAD_GATEWAY, said) from error
        if not status.signed_in:
            said = language.say("Account {name} is not signed in any more.", name=name)
            raise RequestRefusedError(HTTPStatus.CONFLICT, said)
        return language.say(
            "Account {name} is signed in as {person} ({uid}).",
            name=name,
            person=status.name or "?",
            uid=status.uid or "?",
        )

    return acted(request, HOME, act)


def _form_values(
    backend: Backend, given: dict[str, str], problems: dict[str, str] | None = None
) -> dict[str, Any]:
    """Return the values that the form shows again; never a secret."""
    return {
        "given": given,
        "problems": problems or {},
        "platforms": [
            platform.name
            for platform in backend.platforms.platforms.values()
            if platform.key is None
        ],
        "usual_limit": backend.settings.daily_export_limit,
    }
