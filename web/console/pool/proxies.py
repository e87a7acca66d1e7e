"""Proxies: who leaves by which and how each fares; add, import, check, assign and remove them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile
from starlette.responses import RedirectResponse, Response

from accounts.intake.proxy_lists import ProxyRows, proxies_in
from accounts.proxies.assignment import AssignmentRequest
from accounts.proxies.check import PARALLEL
from accounts.proxies.text import DEFAULT_SCHEME, MAX_LETTERS, SCHEMES
from core.errors import BatonError, InvalidInputError
from core.messages import Message
from presentation.egress_views import plan_remarks, proxy_state
from web.console.rendering import back_with
from web.console.staged_uploads import StagedUpload
from web.console.uploads import content_of, name_of
from web.console.visits import Acting, Reading, Visit, action
from web.lookups import existing_account
from web.parameters import RowId
from web.problems import RequestRefusedError

router = APIRouter(include_in_schema=False)
of_account = APIRouter(include_in_schema=False)
HOME = "/admin/proxies"
SHOWN_ROWS = 200
CHECK_SECS = 25.0  # a browser waits for the page meanwhile
Platform = Annotated[str, Query(max_length=32)]
PerProxy = Annotated[int, Query(ge=1, le=1000)]


@router.get("")
def proxies(visit: Reading) -> Response:
    """Show the proxies, those in trouble first."""
    now = visit.backend.clock.now()
    found = visit.use_cases.proxies.all()
    found.sort(key=lambda one: not one.route.bad_in_row and not one.route.is_cooling(now))
    return visit.page(
        "proxies",
        proxies=[(one, proxy_state(one.route, now)) for one in found[:SHOWN_ROWS]],
        more=max(0, len(found) - SHOWN_ROWS),
        schemes=SCHEMES,
        platforms=_platforms(visit),
    )


@router.post("/preview")
def preview(
    visit: Acting,
    file: Annotated[UploadFile | None, File()] = None,
    text: Annotated[str, Form()] = "",
    scheme: Annotated[str, Form(max_length=8)] = DEFAULT_SCHEME,
    is_rotating: Annotated[bool, Form()] = False,
) -> Response:
    """Keep an uploaded or pasted list, and go to the page that shows what its import would do."""
    try:
        content = content_of(file) if file is not None and file.filename else text.encode()
        if not content.strip():
            raise InvalidInputError("file_not_chosen")
        name = name_of(file) if file is not None and file.filename else "list"
        # The scheme takes the place of the platform: both say how the rows are to be read.
        upload = StagedUpload(content, name, scheme, is_rotating)
        _rows_of(upload)
    except BatonError as error:
        return visit.back_with(visit.language.problem(error), failed=True)
    word = visit.screens.uploads.keep(visit.who.name, upload)
    return RedirectResponse(f"{HOME}/preview/{word}", HTTPStatus.SEE_OTHER)


@router.get("/preview/{word}")
def show_preview(visit: Acting, word: str) -> Response:
    """Show what the import of a list would add and leave out, and why."""
    try:
        upload = visit.screens.uploads.find(visit.who.name, word)
        rows = _rows_of(upload)
        planned = visit.use_cases.proxies.preview(rows)
    except BatonError as error:
        # Not a note: it would take the place of that of the page that is shown next.
        raise RequestRefusedError(HTTPStatus.GONE, error) from error
    return visit.page(
        "upload_preview",
        upload=upload,
        word_of_upload=word,
        confirm=f"{HOME}/import",
        back=HOME,
        taken=len(planned),
        rows=[
            {
                "place": row.line,
                "name": one.egress,
                "outcome": Message.of("proxy_preview_new" if one.is_new else "proxy_preview_known"),
                "notes": (),
            }
            for row, one in zip(rows.good, planned, strict=True)
        ],
        left_out=rows.problems,
        notes=rows.notes,
        shown=SHOWN_ROWS,
    )


@router.post("/import")
@action
def import_list(visit: Acting, upload: Annotated[str, Form(max_length=64)] = "") -> str:
    """Keep the proxies of a list that was previewed."""
    staged = visit.screens.uploads.take(visit.who.name, upload)
    done = visit.use_cases.proxies.import_rows(
        visit.who, _rows_of(staged), staged.name, is_rotating=staged.new_login
    )
    new = sum(one.is_new for one in done)
    return visit.say("{n} proxies added, {known} were there.", n=new, known=len(done) - new)


@router.post("/check")
@action
def check(visit: Acting, name: Annotated[str, Form(max_length=80)] = "") -> str:
    """Send one request through a proxy, or through all of them, and tell the outcome."""
    outcomes = visit.use_cases.proxies.check(
        visit.who,
        [name] if name else [],
        platform="bilibili",
        target=None,
        parallel=PARALLEL,
        deadline_secs=CHECK_SECS,
        stop=visit.backend.ending,
    )
    if name:
        [one] = outcomes
        return visit.say("{name}: {outcome}.", name=name, outcome=visit.language.problem(one.told))
    good = sum(one.works is True for one in outcomes)
    return visit.say("{good} of {n} proxies work.", good=good, n=len(outcomes))


@router.post("/remove")
@action
def remove(
    visit: Acting,
    name: Annotated[str, Form(max_length=80)],
    accounts_to: Annotated[str, Form(max_length=MAX_LETTERS)] = "",
) -> str:
    """Forget a proxy; its accounts go where the form says."""
    was = visit.use_cases.proxies.remove(visit.who, name, accounts_to.strip() or None)
    return visit.say("{name} is removed.", name=was.route.egress)


@router.get("/assign")
def show_plan(visit: Acting, platform: Platform = "bilibili", per_proxy: PerProxy = 1) -> Response:
    """Show which account would get which proxy."""
    try:
        wanted = _wanted(visit, platform, per_proxy)
        plan = visit.use_cases.proxies.plan(wanted)
    except BatonError as error:
        return back_with(HOME, visit.language.problem(error), failed=True)
    return visit.page(
        "proxy_plan",
        plan=plan,
        per_proxy=per_proxy,
        remarks=plan_remarks(plan),
        shown=SHOWN_ROWS,
    )


@router.post("/assign")
def assign(
    visit: Acting,
    platform: Annotated[str, Form(max_length=32)] = "bilibili",
    per_proxy: Annotated[int, Form(ge=1, le=1000)] = 1,
) -> Response:
    """Give each account without a proxy one of its own."""
    use_cases = visit.use_cases.proxies
    try:
        plan = use_cases.plan(_wanted(visit, platform, per_proxy))
        done = use_cases.assign(visit.who, plan, per_proxy=per_proxy)
    except BatonError as error:
        return back_with(HOME, visit.language.problem(error), failed=True)
    return back_with(HOME, visit.say("{n} accounts have got a proxy.", n=len(done)))


@of_account.post("/{account_id}/proxy")
@action
def set_proxy(
    account_id: RowId, visit: Acting, proxy: Annotated[str, Form(max_length=MAX_LETTERS)] = ""
) -> str:
    """Let an account leave by a proxy, or without one (`none`)."""
    account = existing_account(visit.backend, account_id)
    done = visit.use_cases.proxies.give(visit.who, account, proxy)
    if done.is_direct:
        return visit.say("Account {name} leaves without a proxy.", name=account.username)
    return visit.say(
        "Account {name} leaves by {egress}.", name=account.username, egress=done.egress
    )


def _wanted(visit: Visit, platform: str, per_proxy: int) -> AssignmentRequest:
    name = visit.backend.platforms.named(platform).name
    return AssignmentRequest(platform=name, per_proxy=per_proxy)


def _platforms(visit: Visit) -> list[str]:
    known = visit.backend.platforms.platforms.values()
    return [platform.name for platform in known if platform.key is None]


def _rows_of(upload: StagedUpload) -> ProxyRows:
    return proxies_in(upload.content, upload.name, upload.platform or DEFAULT_SCHEME)
