"""Add accounts in the browser, by cookies or by a file, and check their sessions."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, UploadFile
from pydantic import SecretStr, ValidationError
from starlette.responses import Response

from accounts.csv_import import parse_accounts
from accounts.requests import MAX_COOKIE_LETTERS
from core.errors import InvalidInputError, SourceError, WrongFieldsError
from web.backend import Backend
from web.console.rendering import back_with
from web.console.uploads import name_of, text_of
from web.console.visits import Acting, action
from web.lookups import existing_account
from web.parameters import RowId
from web.problems import RequestRefusedError, of_error, of_form
from web.requests import AccountsFile, NewAccount

router = APIRouter(include_in_schema=False)
HOME = "/admin/accounts"
SHOWN_PROBLEMS = 20


@router.get("/new")
def new_account(
    visit: Acting,
    name: Annotated[str, Query(max_length=128)] = "",
    platform: Annotated[str, Query(max_length=32)] = "bilibili",
) -> Response:
    """Show the form for an account; `name` and `platform` fill it in for a known one."""
    given = {"username": name, "platform": platform, "daily_export_limit": "", "new_login": False}
    return visit.page("account_new", **_form_values(visit.backend, given))


@router.post("/new")
def add(
    visit: Acting,
    username: Annotated[str, Form()] = "",
    platform: Annotated[str, Form(max_length=32)] = "bilibili",
    cookies: Annotated[str, Form()] = "",
    cookie_file: Annotated[UploadFile | None, File()] = None,
    proxy: Annotated[str, Form()] = "",
    daily_export_limit: Annotated[str, Form()] = "",
    new_login: Annotated[bool, Form()] = False,
) -> Response:
    """Add or refresh an account; show the form again with the problems of its fields."""
    language, backend = visit.language, visit.backend
    try:
        text = text_of(cookie_file) or cookies
        new = NewAccount.model_validate(
            {
                "username": username,
                "platform": platform,
                "cookies": text[: MAX_COOKIE_LETTERS + 1],
                "proxy": proxy.strip() or None,
                "daily_export_limit": daily_export_limit.strip() or None,
                "new_login": new_login,
            }
        )
        done = backend.use_cases.accounts.add_or_refresh(visit.who, platform, new.as_request())
    except ValidationError as error:
        problems = of_form(error)
    except WrongFieldsError as error:
        problems = of_error(error)
    except InvalidInputError as error:
        problems = RequestRefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY, error, problems=[("cookies", error.message)]
        )
    else:
        account = backend.registry.find(done.username, platform)
        said = "Account {name} is added." if done.is_new else "Account {name} is up to date."
        return back_with(f"{HOME}/{account.id}", language.say(said, name=done.username))
    given = {
        "username": username,
        "platform": platform,
        "daily_export_limit": daily_export_limit,
        "new_login": new_login,
    }
    messages = {field: language.problem(problem) for field, problem in problems.problems}
    return visit.page(
        "account_new",
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        **_form_values(backend, given, messages or {"form": language.problem(problems)}),
    )


def _of_cookies(error: InvalidInputError) -> RequestRefusedError:
    """Return the problems of an error; one that names no field is about the cookies."""
    if isinstance(error, WrongFieldsError):
        return of_error(error)
    problems = [("cookies", error.message)]
    return RequestRefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, error, problems=problems)


@router.post("/import")
@action
def import_many(
    visit: Acting,
    file: Annotated[UploadFile | None, File()] = None,
    platform: Annotated[str, Form(max_length=32)] = "bilibili",
    new_login: Annotated[bool, Form()] = False,
) -> str:
    """Add or refresh the accounts of a CSV file; name the refused rows."""
    text = text_of(file)
    if not text.strip():
        raise InvalidInputError("file_not_chosen")
    given = AccountsFile(content=SecretStr(text), platform=platform, name=name_of(file))
    known = visit.backend.platforms.named(given.platform)
    rows = parse_accounts(text, given.name, known)
    done, problems = visit.use_cases.accounts.import_rows(
        visit.who, known.name, rows, given.name, None, new_login=new_login
    )
    count = visit.say("{n} accounts imported.", n=len(done))
    if not problems:
        return count
    shown = "; ".join(map(visit.language.problem, problems[:SHOWN_PROBLEMS]))
    more = visit.say("{n} problems.", n=len(problems))
    raise RequestRefusedError(HTTPStatus.MULTI_STATUS, f"{count} {more} {shown}")


@router.post("/{account_id}/check")
@action
def check(account_id: RowId, visit: Acting) -> str:
    """Ask the platform whether an account is signed in, and show the answer."""
    account = existing_account(visit.backend, account_id)
    name = account.username
    try:
        status = visit.use_cases.accounts.check(visit.who, account)
    except SourceError as error:
        said = visit.say(
            "Account {name} could not be checked: {why}",
            name=name,
            why=visit.language.problem(error),
        )
        raise RequestRefusedError(HTTPStatus.BAD_GATEWAY, said) from error
    if not status.signed_in:
        said = visit.say("Account {name} is not signed in any more.", name=name)
        raise RequestRefusedError(HTTPStatus.CONFLICT, said)
    return visit.say(
        "Account {name} is signed in as {person} ({uid}).",
        name=name,
        person=status.name or "?",
        uid=status.uid or "?",
    )


def _form_values(
    backend: Backend, given: dict[str, object], problems: dict[str, str] | None = None
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
