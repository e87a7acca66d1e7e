"""Add videos in the browser: by links, from files, all uploads of a creator."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from starlette.responses import RedirectResponse, Response

from core.errors import BatonError
from web.background import begin_adding_works, begin_discovering_works, begin_taking_works
from web.console.rendering import back_with
from web.console.staged_uploads import StagedUpload
from web.console.uploads import content_of, name_of
from web.console.visits import Acting, Visit, action
from web.problems import RequestRefusedError
from web.requests import Creator, NewWorks
from works.catalogue.import_files import WorkRows, works_in

router = APIRouter(include_in_schema=False)
HOME = "/admin/videos"
BEGUN = "Begun; how it goes is shown here."
SHOWN_ROWS = 200


@router.post("/add")
@action
def add(
    visit: Acting,
    links: Annotated[str, Form()] = "",
    platform: Annotated[str, Form()] = "",
    fetch: Annotated[bool, Form()] = False,
) -> str:
    """Begin to add videos by links, one a line, as an operation."""
    lines = [line.strip() for line in links.splitlines() if line.strip()]
    given = NewWorks.model_validate({"links": lines, "platform": platform or None, "fetch": fetch})
    begin_adding_works(visit.backend, visit.who, given)
    return visit.say(BEGUN)


@router.post("/preview")
def preview(
    visit: Acting,
    file: Annotated[UploadFile | None, File()] = None,
    platform: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Keep an uploaded file, and go to the page that shows what its import would do."""
    try:
        upload = StagedUpload(content_of(file), name_of(file), platform or None)
        _rows_of(visit, upload)
    except BatonError as error:
        return visit.back_with(visit.language.problem(error), failed=True)
    word = visit.screens.uploads.keep(visit.who.name, upload)
    return RedirectResponse(f"{HOME}/preview/{word}", HTTPStatus.SEE_OTHER)


@router.get("/preview/{word}")
def show_preview(visit: Acting, word: str) -> Response:
    """Show what the import of an uploaded file would take, change and leave out, and why."""
    try:
        upload = visit.screens.uploads.find(visit.who.name, word)
        rows = _rows_of(visit, upload)
    except BatonError as error:
        # Not a note: it would take the place of that of the page that is shown next.
        raise RequestRefusedError(HTTPStatus.GONE, error) from error
    found, notes = visit.use_cases.works.preview_rows(rows)
    return visit.page(
        "upload_preview",
        upload=upload,
        word_of_upload=word,
        confirm=f"{HOME}/import",
        back=HOME,
        taken=len(found),
        rows=[
            {
                "place": visit.language.problem(row.place),
                "name": row.entry.title or row.entry.work_id or visit.say("short link"),
                "outcome": outcome,
                "notes": (),
            }
            for row, outcome in found[:SHOWN_ROWS]
        ],
        left_out=rows.problems,
        notes=notes[:SHOWN_ROWS],
        shown=SHOWN_ROWS,
    )


@router.post("/import")
def import_file(
    visit: Acting,
    file: Annotated[UploadFile | None, File()] = None,
    platform: Annotated[str, Form(max_length=32)] = "",
    upload: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Begin to import the videos of a file, previewed before or uploaded now, as an operation."""
    try:
        if upload:
            staged = visit.screens.uploads.take(visit.who.name, upload)
        else:
            staged = StagedUpload(content_of(file), name_of(file), platform or None)
        begin_taking_works(visit.backend, visit.who, _rows_of(visit, staged), staged.name)
    except BatonError as error:
        return visit.back_with(visit.language.problem(error), failed=True)
    return back_with(HOME, visit.say(BEGUN))


def _rows_of(visit: Visit, upload: StagedUpload) -> WorkRows:
    """Return the rows of an uploaded file of videos.

    Raises:
        InvalidInputError: there is no such platform, or the file cannot be read as a whole.
    """
    named = upload.platform
    platform = visit.backend.platforms.named(named).name if named else None
    return works_in(upload.content, upload.name, platform, visit.backend.calendar.zone)


@router.post("/discover")
@action
def discover(visit: Acting, uid: Annotated[str, Form()] = "") -> str:
    """Begin to add all uploads of a creator, as an operation."""
    given = Creator.model_validate({"uid": uid.strip()})
    begin_discovering_works(visit.backend, visit.who, given)
    return visit.say(BEGUN)
