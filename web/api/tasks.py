"""`/api/v1/tasks`: crawls and exports: list, filing, labels, pause, resume and cancel."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from core.errors import InvalidInputError, WrongFieldsError
from crawler.tasks.submission import FiledTask
from presentation.json_rows import as_object, task_object, working_names
from storage.crawling import tasks
from storage.models.tasks import Task, TaskStatus, TaskType
from storage.operations import listings
from web.api.lists import ObjectPage, TheListing
from web.auth.access import Actor, Reader, Visitor
from web.backend import Backend
from web.lookups import condition_reader, existing_task
from web.parameters import RowId
from web.problems import RequestRefusedError, refused_as
from web.requests import NewCrawl, NewExport, TaskLabels, TaskPin
from web.state import TheBackend

router = APIRouter(prefix="/tasks", tags=["tasks"])
JOINED: dict[int | str, dict[str, Any]] = {200: {"description": "The open one was joined"}}


@router.get("", summary="Tasks, newest first")
def list_tasks(
    backend: TheBackend,
    listing: TheListing,
    type: Annotated[TaskType | None, Query(description="only of this type")] = None,
    status: Annotated[TaskStatus | None, Query(description="only in this state")] = None,
    domain: Annotated[str | None, Query(description="only of this domain")] = None,
    label: Annotated[str | None, Query(description="only with this label")] = None,
) -> ObjectPage:
    page = listing.page(
        lambda tx, part: listings.tasks(
            tx, part, task_type=type, status=status, domain=domain, label=label
        ),
        as_object,
    )
    labels = backend.crawling.labels([task["id"] for task in page.items])
    pool = backend.account_views.views(backend.registry.all())
    names = backend.registry.names({task["only_account_id"] or 0 for task in page.items})
    for task in page.items:
        task["labels"] = labels.get(task["id"], [])
        task["working_accounts"] = working_names(task["id"], pool)
        task["only_account"] = names.get(task["only_account_id"])
    return page


@router.get("/{task_id}", summary="One task with its pieces")
def show_task(task_id: RowId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    task = existing_task(backend, task_id)
    pieces = backend.database.read(tasks.children, task_id)
    return _task_object(backend, task) | {"pieces": [as_object(piece) for piece in pieces]}


@router.post(
    "/crawl", summary="File a crawl, or join the open one", status_code=201, responses=JOINED
)
def create_crawl(
    given: NewCrawl, response: Response, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    filed = backend.use_cases.tasks.crawl(who, given.as_request())
    if not any(one.is_new for one in filed):
        response.status_code = HTTPStatus.OK
    found = [{"task": _task_object(backend, one.task), "new": one.is_new} for one in filed]
    return found[0] | {"tasks": found}


@router.post(
    "/export", summary="File an export, or join the open one", status_code=201, responses=JOINED
)
def create_export(
    given: NewExport, response: Response, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    return _filed(
        backend,
        backend.use_cases.tasks.export(who, given.as_request(condition_reader(backend))),
        response,
    )


@router.post("/{task_id}/labels", summary="Put labels on it, take labels off")
def label_task(
    task_id: RowId, given: TaskLabels, backend: TheBackend, who: Actor
) -> dict[str, list[str]]:
    existing_task(backend, task_id)
    return {"labels": backend.use_cases.tasks.label(who, given.as_request(task_id))}


@router.post("/{task_id}/pin", summary="Let only an account or a group work on it, or all")
def pin_task(task_id: RowId, given: TaskPin, backend: TheBackend, who: Actor) -> dict[str, Any]:
    existing_task(backend, task_id)
    try:
        backend.use_cases.tasks.pin(who, given.as_request(task_id))
    except WrongFieldsError:
        raise
    except InvalidInputError as error:
        raise RequestRefusedError(HTTPStatus.CONFLICT, error) from error
    return _task_object(backend, existing_task(backend, task_id))


@router.post("/{task_id}/pause", summary="Hold it until it is resumed")
def pause_task(task_id: RowId, backend: TheBackend, who: Actor) -> dict[str, Any]:
    return _changed(backend, who, task_id, backend.use_cases.tasks.pause)


@router.post("/{task_id}/resume", summary="Let it go on now, from where it stopped")
def resume_task(task_id: RowId, backend: TheBackend, who: Actor) -> dict[str, Any]:
    return _changed(backend, who, task_id, backend.use_cases.tasks.resume)


@router.post("/{task_id}/cancel", summary="End it for good; what it stored stays")
def cancel_task(task_id: RowId, backend: TheBackend, who: Actor) -> dict[str, Any]:
    return _changed(backend, who, task_id, backend.use_cases.tasks.cancel)


def _changed(
    backend: Backend, who: Visitor, task_id: int, change: Callable[[Visitor, int], object]
) -> dict[str, Any]:
    """Change a task and return it as JSON.

    Raise RequestRefusedError: 404 for an unknown task, 409 when it is in the wrong state.
    """
    existing_task(backend, task_id)
    with refused_as(HTTPStatus.CONFLICT, InvalidInputError):
        change(who, task_id)
    return _task_object(backend, existing_task(backend, task_id))


def _task_object(backend: Backend, task: Task) -> dict[str, Any]:
    pool = backend.account_views.views(backend.registry.all())
    pins = backend.crawling.pin_messages([task])
    return task_object(task, backend.crawling.labels([task.id]), pool, pins)


def _filed(backend: Backend, filed: FiledTask, response: Response) -> dict[str, Any]:
    if not filed.is_new:
        response.status_code = HTTPStatus.OK
    return {"task": _task_object(backend, filed.task), "new": filed.is_new}
