"""`/api/v1/works`: works come in: by links, from files, from a creator's uploads."""

from __future__ import annotations

import threading
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints

from presentation.i18n.messages import LOG_RENDERER
from presentation.message_fields import message_fields
from web.api.operations import GOES_ON, begun
from web.audit_log import ActionLog
from web.auth.access import Actor, Visitor
from web.backend import Backend
from web.operations import Operation, Tell
from web.state import TheActions, TheBackend
from works.catalogue.fields import read_link
from works.catalogue.import_files import parse_works
from works.catalogue.importer import AddResult

router = APIRouter(prefix="/works", tags=["works"])
MAX_LINKS = 200
MAX_FILE_LETTERS = 16_000_000
TOLD_PROBLEMS = 100
PlatformName = Annotated[str, StringConstraints(max_length=32)]


class NewWorks(BaseModel):
    links: list[Annotated[str, StringConstraints(min_length=1, max_length=2000)]] = Field(
        min_length=1, max_length=MAX_LINKS, description="links, share texts or ids"
    )
    platform: PlatformName | None = Field(None, description="whose the bare ids are")
    fetch: bool = Field(True, description="ask the platform for title and author")


class WorksFile(BaseModel):
    content: str = Field(min_length=1, max_length=MAX_FILE_LETTERS, description="CSV or JSON")
    name: str = Field("file", max_length=200, description="what messages call it")
    platform: PlatformName | None = Field(None, description="whose the bare ids are")


class Creator(BaseModel):
    uid: str = Field(pattern=r"^[1-9][0-9]{0,15}$", description="a creator's id at Bilibili")


@router.post("", summary="Add videos by their links", responses=GOES_ON)
def add_works(
    given: NewWorks, response: Response, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    return begun(add(given, backend, actions, who), response)


@router.post(
    "/import", summary="Add and change videos from a file; twice changes nothing", responses=GOES_ON
)
def import_works(
    given: WorksFile, response: Response, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    return begun(take_in(given, backend, actions, who), response)


@router.post("/discover", summary="Add all that a creator uploaded to Bilibili", responses=GOES_ON)
def discover_works(
    given: Creator, response: Response, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    return begun(discover(given, backend, actions, who), response)


def add(given: NewWorks, backend: Backend, actions: ActionLog, who: Visitor) -> Operation:
    """Begin to add. Raises InvalidInputError for a text that means no video: nothing is added."""
    platform = _platform(backend, given.platform)
    for text in given.links:
        read_link(text, platform)

    def work(stop: threading.Event, _tell: Tell) -> dict[str, Any]:
        added = backend.works_intake.add(given.links, platform, stop, fetch=given.fetch)
        return {
            "added": sum(one.key is not None and one.is_new for one in added),
            "known": sum(one.key is not None and not one.is_new for one in added),
            "not_added": sum(one.key is None for one in added),
            "items": [_added(one) for one in added],
        }

    subject = f"{len(given.links)} links"
    noted = actions.action(who, "works.add", subject)
    return backend.operations.begin("works.add", subject, who.name, noted, work)


def take_in(given: WorksFile, backend: Backend, actions: ActionLog, who: Visitor) -> Operation:
    """Begin to import. Raises InvalidInputError for a file that cannot be read as a whole."""
    platform = _platform(backend, given.platform)
    rows = parse_works(given.content, given.name, platform, backend.calendar.zone)

    def work(stop: threading.Event, _tell: Tell) -> dict[str, Any]:
        done = backend.works_intake.import_rows(rows, given.name, stop)
        return {
            **vars(done.changes),
            "repeats": done.repeats,
            "unused_columns": list(rows.unused),
            "problem_count": len(done.problems),
            "problems": [LOG_RENDERER.sentence(one) for one in done.problems[:TOLD_PROBLEMS]],
        }

    noted = actions.action(who, "works.import", given.name)
    return backend.operations.begin("works.import", given.name, who.name, noted, work)


def discover(given: Creator, backend: Backend, actions: ActionLog, who: Visitor) -> Operation:
    """Begin to walk through the uploads of a creator."""

    def work(stop: threading.Event, tell: Tell) -> dict[str, Any]:
        done = backend.uploads.discover(
            given.uid,
            stop,
            lambda so_far: tell(_found(so_far.found, so_far.announced, so_far.changes)),
        )
        return _found(done.found, done.announced, done.changes)

    noted = actions.action(who, "works.discover", given.uid)
    return backend.operations.begin("works.discover", given.uid, who.name, noted, work)


def _platform(backend: Backend, name: str | None) -> str | None:
    return backend.catalog.named(name).name if name else None


def _added(one: AddResult) -> dict[str, object]:
    platform, work_id = one.key or (None, None)
    status = ("new" if one.is_new else "known") if one.key else "not_added"
    return {
        "input": one.text,
        "platform": platform,
        "work_id": work_id,
        "status": status,
        **message_fields("note", one.note),
    }


def _found(found: int, told: int, changes: object) -> dict[str, Any]:
    return {"found": found, "told": told, **vars(changes)}
