"""Add videos in the browser: by links, from files, all uploads of a creator."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile

from core.errors import InvalidInputError
from web.background import begin_adding_works, begin_discovering_works, begin_importing_works
from web.console.uploads import name_of, text_of
from web.console.visits import Acting, action
from web.requests import Creator, NewWorks, WorksFile

router = APIRouter(include_in_schema=False)
BEGUN = "Begun; how it goes is shown here."


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


@router.post("/import")
@action
def import_file(
    visit: Acting,
    file: Annotated[UploadFile | None, File()] = None,
    platform: Annotated[str, Form()] = "",
) -> str:
    """Begin to import the videos of a file, as an operation."""
    text = text_of(file)
    if not text.strip():
        raise InvalidInputError("file_not_chosen")
    given = WorksFile(content=text, name=name_of(file), platform=platform or None)
    begin_importing_works(visit.backend, visit.who, given)
    return visit.say(BEGUN)


@router.post("/discover")
@action
def discover(visit: Acting, uid: Annotated[str, Form()] = "") -> str:
    """Begin to add all uploads of a creator, as an operation."""
    given = Creator.model_validate({"uid": uid.strip()})
    begin_discovering_works(visit.backend, visit.who, given)
    return visit.say(BEGUN)
