"""Take lists of distribution tasks, users and completions in, in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from starlette.responses import RedirectResponse, Response

from core.errors import BatonError
from core.messages import Message
from distribution.intake.importer import Outcome, Problem
from distribution.intake.item_files import ItemFile, ItemKind
from web.background import begin_taking_items
from web.console.rendering import back_with
from web.console.staged_uploads import StagedUpload
from web.console.uploads import content_of, name_of
from web.console.visits import Acting
from web.problems import RequestRefusedError

router = APIRouter(include_in_schema=False)
HOME = "/admin/dramas"
SHOWN_ROWS = 200
OUTCOMES: Mapping[Outcome, Message] = {
    Outcome.CREATED: Message.of("preview_work_new"),
    Outcome.UPDATED: Message.of("preview_work_changed"),
    Outcome.UNCHANGED: Message.of("preview_work_same"),
}


@router.post("/preview")
def preview(
    visit: Acting,
    file: Annotated[UploadFile | None, File()] = None,
    kind: Annotated[ItemKind, Form()] = ItemKind.DRAMAS,
    report: Annotated[bool, Form()] = False,
) -> Response:
    """Keep an uploaded list, and go to the page that shows what its import would do."""
    try:
        upload = StagedUpload(content_of(file), name_of(file), None, kind=kind, report=report)
        _items_of(upload)
    except BatonError as error:
        return visit.back_with(visit.language.problem(error), failed=True)
    word = visit.screens.uploads.keep(visit.who.name, upload)
    return RedirectResponse(f"{HOME}/preview/{word}", HTTPStatus.SEE_OTHER)


@router.get("/preview/{word}")
def show_preview(visit: Acting, word: str) -> Response:
    """Show what the import of an uploaded list would take, change and leave out, and why."""
    try:
        upload = visit.screens.uploads.find(visit.who.name, word)
        items = _items_of(upload)
        listed = list(items)
        found = visit.use_cases.dramas.preview(upload.kind, listed)
    except BatonError as error:
        # Not a note: it would take the place of that of the page that is shown next.
        raise RequestRefusedError(HTTPStatus.GONE, error) from error
    lost: dict[int, list[Message]] = {}
    for problem in found.left_out:
        left_out = Message.of("cell_left_out", cause=_told(items, problem))
        lost.setdefault(problem.position, []).append(left_out)
    shown = sorted(found.outcomes.items())[:SHOWN_ROWS]
    return visit.page(
        "upload_preview",
        upload=upload,
        word_of_upload=word,
        confirm=f"{HOME}/import",
        back=HOME,
        taken=len(found.outcomes),
        rows=[
            {
                "place": visit.language.problem(items.places[position]),
                "name": str(listed[position].get(items.id_field, "")),
                "outcome": OUTCOMES[outcome],
                "notes": lost.get(position, ()),
            }
            for position, outcome in shown
        ],
        left_out=[_placed(items, problem) for problem in found.problems],
        notes=items.notes,
        shown=SHOWN_ROWS,
    )


@router.post("/import")
def import_list(visit: Acting, upload: Annotated[str, Form(max_length=64)] = "") -> Response:
    """Begin to take a previewed list in, as an operation."""
    try:
        staged = visit.screens.uploads.take(visit.who.name, upload)
        begin_taking_items(
            visit.backend,
            visit.who,
            staged.kind,
            _items_of(staged),
            staged.name,
            report=staged.report,
        )
    except BatonError as error:
        return back_with(HOME, visit.language.problem(error), failed=True)
    return back_with(HOME, visit.say("Begun; how it goes is shown here."))


def _items_of(upload: StagedUpload) -> ItemFile:
    """Return the items of an uploaded list. Raise InvalidInputError when it cannot be read."""
    return ItemFile(content=upload.content, name=upload.name, kind=upload.kind)


def _placed(items: ItemFile, problem: Problem) -> Message:
    place = items.places[problem.position]
    return Message.of("field_problem", field=place, problem=_told(items, problem))


def _told(items: ItemFile, problem: Problem) -> Message:
    reason = items.reason(problem)
    if not problem.field:
        return reason
    return Message.of("wrong_field", field=problem.field, reason=reason)
