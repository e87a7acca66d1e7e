"""Add accounts in the browser, by cookies or by a file, and check their sessions."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, UploadFile
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from accounts.csv_import import AccountRows, accounts_in
from accounts.requests import MAX_COOKIE_LETTERS, group_name
from core.errors import BatonError, InvalidInputError, SourceError, WrongFieldsError
from web.backend import Backend
from web.console.rendering import back_with
from web.console.staged_uploads import StagedUpload
from web.console.uploads import content_of, name_of, text_of
from web.console.visits import Acting, action
from web.lookups import live_account
from web.parameters import RowId
from web.problems import RequestRefusedError, of_error, of_form
from web.requests import NewAccount

router = APIRouter(include_in_schema=False)
HOME = "/admin/accounts"
SHOWN_PROBLEMS = 20
SHOWN_ROWS = 200


@router.get("/new")
def new_account(
    visit: Acting,
    name: Annotated[str, Query(max_length=128)] = "",
    platform: Annotated[str, Query(max_length=32)] = "bilibili",
) -> Response:
    """Show the form for an account; `name` and `platform` fill it in for a known one."""
    given = {
        "username": name,
        "platform": platform,
        "daily_export_limit": "",
        "new_login": False,
        "group": "",
    }
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
    group: Annotated[str, Form()] = "",
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
                "group": group.strip() or None,
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
        notes = backend.platforms.named(platform).read_session(text).notes
        told = [language.say(said, name=done.username), *map(language.problem, notes)]
        return back_with(f"{HOME}/{account.id}", " ".join(told))
    given = {
        "username": username,
        "platform": platform,
        "daily_export_limit": daily_export_limit,
        "new_login": new_login,
        "group": group,
    }
    messages = {field: language.problem(problem) for field, problem in problems.problems}
    return visit.page(
        "account_new",
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        **_form_values(backend, given, messages or {"form": language.problem(problems)}),
    )


@router.post("/preview")
def preview(
    visit: Acting,
    file: Annotated[UploadFile | None, File()] = None,
    platform: Annotated[str, Form(max_length=32)] = "bilibili",
    new_login: Annotated[bool, Form()] = False,
    group: Annotated[str, Form()] = "",
) -> Response:
    """Keep an uploaded list, and go to the page that shows what its import would do."""
    try:
        upload = _upload(file, platform, group, new_login=new_login)
        _rows_of(visit.backend, upload)
    except BatonError as error:
        return visit.back_with(visit.language.problem(error), failed=True)
    word = visit.screens.uploads.keep(visit.who.name, upload)
    return RedirectResponse(f"{HOME}/preview/{word}", HTTPStatus.SEE_OTHER)


@router.get("/preview/{word}")
def show_preview(visit: Acting, word: str) -> Response:
    """Show what the import of an uploaded list would take, change and leave out, and why."""
    try:
        upload = visit.screens.uploads.find(visit.who.name, word)
        platform, rows = _rows_of(visit.backend, upload)
    except BatonError as error:
        # Not a note: it would take the place of that of the page that is shown next.
        raise RequestRefusedError(HTTPStatus.GONE, error) from error
    found = visit.use_cases.accounts.preview_rows(
        platform, rows, new_login=upload.new_login, group=upload.group
    )
    taken = [one for one in found if one.is_taken]
    return visit.page(
        "upload_preview",
        upload=upload,
        word_of_upload=word,
        confirm=f"{HOME}/import",
        back=f"{HOME}/new",
        taken=len(taken),
        rows=[
            {"place": o.line, "name": o.username, "outcome": o.outcome, "notes": o.notes}
            for o in taken
        ],
        left_out=[*rows.problems, *(one.outcome for one in found if not one.is_taken)],
        notes=rows.notes,
        shown=SHOWN_ROWS,
    )


@router.post("/import")
def import_many(
    visit: Acting,
    file: Annotated[UploadFile | None, File()] = None,
    platform: Annotated[str, Form(max_length=32)] = "bilibili",
    new_login: Annotated[bool, Form()] = False,
    group: Annotated[str, Form()] = "",
    upload: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Add or refresh the accounts of a list, previewed before or uploaded now; name what was
    refused.

    The choices of `new_login` and `group` are those of the preview, if there was one.
    """
    try:
        if upload:
            staged = visit.screens.uploads.take(visit.who.name, upload)
        else:
            staged = _upload(file, platform, group, new_login=new_login)
        known, rows = _rows_of(visit.backend, staged)
        done, problems = visit.use_cases.accounts.import_rows(
            visit.who,
            known,
            rows,
            staged.name,
            None,
            new_login=staged.new_login,
            group=staged.group,
        )
    except BatonError as error:
        return visit.back_with(visit.language.problem(error), failed=True)
    count = visit.say("{n} accounts imported.", n=len(done))
    if not problems:
        return back_with(HOME, count)
    shown = "; ".join(map(visit.language.problem, problems[:SHOWN_PROBLEMS]))
    more = visit.say("{n} problems.", n=len(problems))
    return back_with(HOME, f"{count} {more} {shown}", failed=True)


def _upload(file: UploadFile | None, platform: str, group: str, *, new_login: bool) -> StagedUpload:
    """Return an uploaded list with what was chosen for it.

    Raises:
        InvalidInputError: there is no file, or the group cannot be called so.
    """
    return StagedUpload(
        content_of(file),
        name_of(file),
        platform,
        new_login,
        group=group_name(group) if group.strip() else None,
    )


def _rows_of(backend: Backend, upload: StagedUpload) -> tuple[str, AccountRows]:
    """Return the platform's name and the rows of an uploaded list.

    Raises:
        InvalidInputError: there is no such platform, or the file is no list.
    """
    known = backend.platforms.named(upload.platform or "")
    return known.name, accounts_in(upload.content, upload.name, known)


@router.post("/{account_id}/check")
@action
def check(account_id: RowId, visit: Acting) -> str:
    """Ask the platform whether an account is signed in, and show the answer."""
    account = live_account(visit.backend, account_id)
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
        "groups": [one.group_name for one in backend.groups.totals() if one.group_name],
        "platforms": [
            platform.name
            for platform in backend.platforms.platforms.values()
            if platform.key is None
        ],
        "usual_limit": backend.settings.daily_export_limit,
    }
