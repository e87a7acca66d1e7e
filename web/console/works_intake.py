"""Add videos in the browser: by links, from files, all uploads of a creator."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.responses import Response

from core.errors import InvalidInputError
from web.auth.access import Actor
from web.background import begin_adding_works, begin_discovering_works, begin_importing_works
from web.console.acting import acted
from web.console.language import language_of
from web.console.uploads import name_of, text_of
from web.requests import Creator, NewWorks, WorksFile
from web.state import TheBackend

router = APIRouter(include_in_schema=False)
HOME = "/admin/videos"
BEGUN = "Begun; how it goes is shown here."


@router.post("/add")
def add(
    request: Request,
    backend: TheBackend,
    who: Actor,
    links: Annotated[str, Form()] = "",
    platform: Annotated[str, Form()] = "",
    fetch: Annotated[bool, Form()] = False,
) -> Response:
    """Begin to add videos by links, one a line, as an operation."""

    def act() -> str:
        lines = [line.strip() for line in links.splitlines() if line.strip()]
        given = NewWorks.model_validate(
            {"links": lines, "platform": platform or None, "fetch": fetch}
        )
        begin_adding_works(backend, who, given)
        return language_of(request).say(BEGUN)

    return acted(request, HOME, act)


@router.post("/import")
def import_file(
    request: Request,
    backend: TheBackend,
    who: Actor,
    file: Annotated[UploadFile | None, File()] = None,
    platform: Annotated[str, Form()] = "",
) -> Response:
    """Begin to import the videos of a file, as an operation."""

    def act() -> str:
        text = text_of(file)
        if not text.strip():
            raise InvalidInputError("file_not_chosen")
        given = WorksFile(content=text, name=name_of(file), platform=platform or None)
        begin_importing_works(backend, who, given)
        return language_of(request).say(BEGUN)

    return acted(request, HOME, act)


@router.post("/discover")
def discover(
    request: Request,
    backend: TheBackend,
    who: Actor,
    uid: Annotated[str, Form()] = "",
) -> Response:
    """Begin to add all uploads of a creator, as an operation."""

    def act() -> str:
        given = Creator.model_validate({"uid": uid.strip()})
        begin_discovering_works(backend, who, given)
        return language_of(request).say(BEGUN)

    return acted(request, HOME, act)
