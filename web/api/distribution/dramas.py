"""`/api/v1/dramas`, `/completions`, `/daily_stats`: distribution tasks and their statistics."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response

from core.errors import InvalidInputError
from core.message_json import message_keys
from core.messages import Message
from distribution.intake.importer import ImportResult, Problem
from distribution.serialization import (
    dated_completion_object,
    drama_details_object,
    drama_object,
    shared_video_object,
    stats_object,
)
from presentation.i18n.renderer import API_RENDERER
from sources.text import storable
from storage.distribution.distribution_tasks import DramaStatus
from storage.operations import listings
from web.api.lists import ObjectPage, TheListing
from web.api.operations import GOES_ON, begun
from web.auth.access import Actor, Reader
from web.backend import Backend
from web.background import begin_scanning
from web.lookups import existing_drama
from web.parameters import DramaId
from web.problems import RequestRefusedError, partly_refused, refused_as
from web.requests import ScanOfDay
from web.state import TheBackend

router = APIRouter(tags=["dramas"])
MAX_ITEMS = 10_000
Items = Annotated[
    dict[str, Any] | list[Any], Body(description="one object, or a list of up to 10,000")
]
SOME_REFUSED = partly_refused()


@router.get("/dramas", summary="Distribution tasks, newest first")
def list_dramas(
    listing: TheListing,
    status: Annotated[DramaStatus | None, Query(description="only in this state")] = None,
) -> ObjectPage:
    return listing.page(
        lambda tx, part: listings.dramas(tx, part, status), lambda listed: drama_object(listed.row)
    )


@router.get("/dramas/{task_id}", summary="One task with its newest days")
def show_drama(task_id: DramaId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    return drama_details_object(existing_drama(backend, task_id))


@router.post("/dramas", summary="Store tasks: one or many", responses=SOME_REFUSED)
def add_dramas(items: Items, response: Response, backend: TheBackend, who: Actor) -> dict[str, Any]:
    taken = backend.use_cases.dramas.add_dramas(who, _listed(items), _count(items))
    return _answer(taken, response)


@router.post("/users", summary="Store users: one or many", responses=SOME_REFUSED)
def add_users(items: Items, response: Response, backend: TheBackend, who: Actor) -> dict[str, Any]:
    taken = backend.use_cases.dramas.add_users(who, _listed(items), _count(items))
    return _answer(taken, response)


@router.post("/dramas/{task_id}/pause", summary="Broadcast it no more until it is resumed")
def pause_drama(task_id: DramaId, backend: TheBackend, who: Actor) -> dict[str, Any]:
    return _change(backend, who, "pause", task_id)


@router.post("/dramas/{task_id}/resume", summary="Broadcast it again")
def resume_drama(task_id: DramaId, backend: TheBackend, who: Actor) -> dict[str, Any]:
    return _change(backend, who, "resume", task_id)


@router.post("/dramas/{task_id}/finish", summary="It is over; it is still scanned daily")
def finish_drama(task_id: DramaId, backend: TheBackend, who: Actor) -> dict[str, Any]:
    return _change(backend, who, "finish", task_id)


@router.get("/completions", summary="Posted videos, newest rows first")
def list_completions(
    listing: TheListing,
    backend: TheBackend,
    task_id: Annotated[str | None, Query(description="only of this task")] = None,
    user_id: Annotated[str | None, Query(description="only of this user")] = None,
) -> ObjectPage:
    return listing.page(
        lambda tx, part: listings.completions(tx, part, task_id, user_id),
        lambda listed: dated_completion_object(listed.row, backend.calendar),
    )


@router.post(
    "/completions",
    summary="Store posted videos: one or many; new ones are reported",
    responses=SOME_REFUSED,
)
def add_completions(
    items: Items, response: Response, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    taken = backend.use_cases.dramas.add_completions(who, _listed(items), _count(items))
    return _answer(taken, response)


@router.get("/daily_stats", summary="Numbers by task and day")
def list_daily_stats(
    listing: TheListing,
    task_id: Annotated[str | None, Query(description="only of this task")] = None,
    day: Annotated[date | None, Query(description="only of this day")] = None,
    incomplete: Annotated[
        bool, Query(description="only those that could not be counted yet")
    ] = False,
    cause: Annotated[
        str | None, Query(description="only those incomplete for this cause, a message's code")
    ] = None,
) -> ObjectPage:
    return listing.page(
        lambda tx, part: listings.daily_stats(
            tx, part, task_id, day, incomplete=incomplete, cause=cause
        ),
        lambda listed: stats_object(listed.row),
    )


@router.get(
    "/completions/shared_videos",
    summary="Posted videos that were handed in before; of the last 7 days, unless since is given",
)
def list_shared_videos(
    listing: TheListing,
    backend: TheBackend,
    same_task: Annotated[bool, Query(description="only within one task")] = False,
) -> ObjectPage:
    return listing.page(
        lambda tx, part: backend.dramas.shared_videos(tx, part, same_task=same_task),
        shared_video_object,
    )


@router.post(
    "/daily_stats/scan", summary="Count a day; only what has changed is reported", responses=GOES_ON
)
def scan_daily_stats(
    given: ScanOfDay, response: Response, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    return begun(begin_scanning(backend, who, given), response)


def _change(backend: Backend, who: Actor, verb: str, task_id: str) -> dict[str, Any]:
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        backend.use_cases.dramas.change(who, verb, task_id)
    return drama_object(existing_drama(backend, task_id).drama)


def _listed(items: dict[str, Any] | list[Any]) -> list[Any]:
    """Return the items as a list. Raise RequestRefusedError (413) for more than MAX_ITEMS."""
    listed = items if isinstance(items, list) else [items]
    if len(listed) > MAX_ITEMS:
        raise RequestRefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            Message.of("too_many_items", given=len(listed), most=MAX_ITEMS),
        )
    return listed


def _count(items: dict[str, Any] | list[Any]) -> Message:
    return Message.of("items_given", n=len(items) if isinstance(items, list) else 1)


def _answer(taken: ImportResult, response: Response) -> dict[str, Any]:
    """Return the result of an import, and set the status: 200, 207 (some
    refused) or 422 (all refused)."""
    counts = taken.counts
    if taken.problems:
        status = (
            HTTPStatus.MULTI_STATUS if any(counts.values()) else HTTPStatus.UNPROCESSABLE_ENTITY
        )
        response.status_code = status
    return {**counts, "problems": [_problem_object(problem) for problem in taken.problems]}


def _problem_object(problem: Problem) -> dict[str, Any]:
    """Return the problem as JSON; parts of the item that JSON cannot hold are replaced."""
    return {
        "position": problem.position,
        "name": storable(problem.name),
        "field": storable(problem.field),
        **message_keys("reason", problem.reason, API_RENDERER.sentence),
    }
