"""`/api/v1/dramas`, `/completions`, `/daily_stats`: distribution tasks and their numbers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import BaseModel, Field

from core.errors import InvalidInputError
from distribution.intake.importer import ImportResult
from distribution.serialization import (
    completion_object,
    drama_details_object,
    drama_object,
    stats_object,
)
from distribution.service import DramaDetails
from presentation.message_fields import message_fields
from storage.distribution.distribution_tasks import DramaStatus
from storage.operations import listings
from web.api.operations import GOES_ON, begun
from web.audit_log import ActionLog
from web.auth.access import Actor, Reader, Visitor
from web.backend import Backend
from web.operations import Operation, Tell
from web.paging import Page, Paging, page_of
from web.problems import RequestRefusedError, partly_refused
from web.state import TheActions, TheBackend

router = APIRouter(tags=["dramas"])
T = TypeVar("T")
MAX_ITEMS = 10_000
DramaId = Annotated[str, Path(max_length=64, description="the task's task_id")]
Items = Annotated[
    dict[str, Any] | list[Any], Body(description="one object, or a list of up to 10,000")
]
SOME_REFUSED = partly_refused()
WORDS = {
    "pause": DramaStatus.PAUSED,
    "resume": DramaStatus.ACTIVE,
    "finish": DramaStatus.FINISHED,
}


@router.get("/dramas", summary="Distribution tasks, newest first")
def list_dramas(
    request: Request,
    backend: TheBackend,
    part: Paging,
    _who: Reader,
    status: Annotated[DramaStatus | None, Query(description="only in this state")] = None,
) -> Page[dict[str, Any]]:
    return page_of(
        request,
        backend.database,
        part,
        lambda tx, part: listings.dramas(tx, part, status),
        lambda one: drama_object(one.row),
    )


@router.get("/dramas/{task_id}", summary="One task with its newest days")
def show_drama(task_id: DramaId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    return drama_details_object(story(backend, task_id))


@router.post("/dramas", summary="Store tasks: one or many", responses=SOME_REFUSED)
def add_dramas(
    items: Items, response: Response, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    with actions.action(who, "dramas.add", _count(items)):
        return _told(backend.intake.add_dramas(_listed(items)), response)


@router.post("/users", summary="Store users: one or many", responses=SOME_REFUSED)
def add_users(
    items: Items, response: Response, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    with actions.action(who, "users.add", _count(items)):
        return _told(backend.intake.add_users(_listed(items)), response)


@router.post("/dramas/{task_id}/pause", summary="Broadcast it no more until it is resumed")
def pause_drama(
    task_id: DramaId, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    return change_drama("pause", task_id, backend, actions, who)


@router.post("/dramas/{task_id}/resume", summary="Broadcast it again")
def resume_drama(
    task_id: DramaId, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    return change_drama("resume", task_id, backend, actions, who)


@router.post("/dramas/{task_id}/finish", summary="It is over; it is still scanned daily")
def finish_drama(
    task_id: DramaId, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    return change_drama("finish", task_id, backend, actions, who)


@router.get("/completions", summary="Posted videos, newest rows first")
def list_completions(
    request: Request,
    backend: TheBackend,
    part: Paging,
    _who: Reader,
    task_id: Annotated[str | None, Query(description="only of this task")] = None,
    user_id: Annotated[str | None, Query(description="only of this user")] = None,
) -> Page[dict[str, Any]]:
    return page_of(
        request,
        backend.database,
        part,
        lambda tx, part: listings.completions(tx, part, task_id, user_id),
        lambda one: completion_object(one.row),
    )


@router.post(
    "/completions",
    summary="Store posted videos: one or many; new ones are reported",
    responses=SOME_REFUSED,
)
def add_completions(
    items: Items, response: Response, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    with actions.action(who, "completions.add", _count(items)):
        return _told(backend.intake.add_completions(_listed(items)), response)


@router.get("/daily_stats", summary="Numbers by task and day")
def list_daily_stats(
    request: Request,
    backend: TheBackend,
    part: Paging,
    _who: Reader,
    task_id: Annotated[str | None, Query(description="only of this task")] = None,
    day: Annotated[date | None, Query(description="only of this day")] = None,
) -> Page[dict[str, Any]]:
    return page_of(
        request,
        backend.database,
        part,
        lambda tx, part: listings.daily_stats(tx, part, task_id, day),
        lambda one: stats_object(one.row),
    )


class ScanOfDay(BaseModel):
    day: date | None = Field(None, description="null: yesterday")
    dry_run: bool = Field(False, description="fetch, store and report nothing")


@router.post(
    "/daily_stats/scan", summary="Count a day; only what has changed is reported", responses=GOES_ON
)
def scan_daily_stats(
    given: ScanOfDay, response: Response, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    return begun(scan(given, backend, actions, who), response)


def scan(given: ScanOfDay, backend: Backend, actions: ActionLog, who: Visitor) -> Operation:
    """Begin to count a day. Raises InvalidInputError for one in the future."""
    scanner = backend.daily_scanner
    day = given.day or scanner.yesterday
    scanner.days(day, day)

    def work(stop: threading.Event, _tell: Tell) -> dict[str, Any]:
        found = scanner.scan(day, stop, dry_run=given.dry_run)
        return {
            "date": day.isoformat(),
            "dry_run": found.is_dry,
            "tasks": len(found.tasks),
            "completions": found.completion_count,
            "reports": found.reports,
            "incomplete": 0 if found.is_dry else found.incomplete,
            "to_fetch": found.to_fetch,
        }

    subject = f"{day} dry run" if given.dry_run else str(day)
    noted = actions.action(who, "daily_stats.scan", subject)
    return backend.operations.begin("daily_stats.scan", subject, who.name, noted, work)


def story(backend: Backend, task_id: str) -> DramaDetails:
    """All that is known of a task. Raises RequestRefusedError (404)."""
    return _found(lambda: backend.dramas.details(task_id))


def change_drama(
    word: str, task_id: str, backend: Backend, actions: ActionLog, who: Visitor
) -> dict[str, Any]:
    """Pause, resume or finish, and note who did. Raises RequestRefusedError (404)."""
    with actions.action(who, f"drama.{word}", task_id):
        _found(lambda: backend.dramas.set_status(task_id, WORDS[word]))
    return drama_object(story(backend, task_id).drama)


def _found(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except InvalidInputError as error:
        raise RequestRefusedError(HTTPStatus.NOT_FOUND, str(error)) from error


def _listed(items: dict[str, Any] | list[Any]) -> list[Any]:
    listed = items if isinstance(items, list) else [items]
    if len(listed) > MAX_ITEMS:
        raise RequestRefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{len(listed):,} items are too many; send up to {MAX_ITEMS:,} at a time",
        )
    return listed


def _count(items: dict[str, Any] | list[Any]) -> str:
    return f"{len(items) if isinstance(items, list) else 1} items"


def _told(taken: ImportResult, response: Response) -> dict[str, Any]:
    """200 when all were stored, 207 when some were refused, 422 when all were."""
    stored = taken.created + taken.updated + taken.unchanged
    if taken.problems:
        status = HTTPStatus.MULTI_STATUS if stored else HTTPStatus.UNPROCESSABLE_ENTITY
        response.status_code = status
    return {
        "created": taken.created,
        "updated": taken.updated,
        "unchanged": taken.unchanged,
        "problems": [
            vars(problem) | message_fields("reason", problem.reason) for problem in taken.problems
        ],
    }
