"""Videos come into the catalogue by the browser: links, files, all uploads of a creator."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.responses import Response

from core.errors import InvalidInputError
from web.api.works_intake import Creator, NewWorks, WorksFile, take_in
from web.api.works_intake import add as add_links
from web.api.works_intake import discover as discover_uploads
from web.auth.access import Actor
from web.console.acting import acted
from web.console.language import language_of
from web.console.uploads import name_of, text_of
from web.state import TheActions, TheBackend

router = APIRouter(include_in_schema=False)
HOME = "/admin/videos"
BEGUN = "Begun; how it goes is shown here."


@router.post("/add")
def add(
    request: Request,
    backend: TheBackend,
    actions: TheActions,
    who: Actor,
    links: Annotated[str, Form()] = "",
    platform: Annotated[str, Form()] = "",
    fetch: Annotated[bool, Form()] = False,
) -> Response:
    def act() -> str:
        lines = [line.strip() for line in links.splitlines() if line.strip()]
        given = NewWorks.model_validate(
            {"links": lines, "platform": platform or None, "fetch": fetch}
        )
        add_links(given, backend, actions, who)
        return language_of(request).say(BEGUN)

    return acted(request, HOME, act)


@router.post("/import")
def import_file(
    request: Request,
    backend: TheBackend,
    actions: TheActions,
    who: Actor,
    file: Annotated[UploadFile | None, File()] = None,
    platform: Annotated[str, Form()] = "",
) -> Response:
    def act() -> str:
        text = text_of(file)
        if not text.strip():
            raise InvalidInputError("choose a file first")
        given = WorksFile(content=text, name=name_of(file), platform=platform or None)
        take_in(given, backend, actions, who)
        return language_of(request).say(BEGUN)

    return acted(request, HOME, act)


@router.post("/discover")
def discover(
    request: Request,
    backend: TheBackend,
    actions: TheActions,
    who: Actor,
    uid: Annotated[str, Form()] = "",
) -> Response:
    def act() -> str:
        discover_uploads(Creator.model_validate({"uid": uid.strip()}), backend, actions, who)
        return language_of(request).say(BEGUN)

    return acted(request, HOME, act)
