"""Tasks: the list, one with its pieces, filing, pause, resume and cancel."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import Response

from core.errors import InvalidInputError
from crawler.export.formats import FORMATS
from crawler.requests import MAX_LANES, MAX_PAGES
from crawler.tasks.submission import FiledTask
from sources.base import Via
from storage.crawling import tasks as task_rows
from storage.models.tasks import TaskStatus, TaskType
from storage.operations import listings
from web.auth.access import Actor, Reader
from web.backend import Backend
from web.console.acting import acted
from web.console.language import language_of
from web.console.list_view import TheList
from web.console.overview import Rates, task_row
from web.console.rendering import Screens
from web.console.screens import TheScreens
from web.lookups import existing_task
from web.paging import read_page
from web.parameters import RowId
from web.requests import NewCrawl, NewExport, TaskLabels
from web.state import TheBackend

router = APIRouter(include_in_schema=False)
HOME = "/admin/tasks"
LABELS_OFFERED = 200
DONE = {
    "pause": "Task {id} is paused.",
    "resume": "Task {id} goes on.",
    "cancel": "Task {id} is cancelled; what it stored stays.",
}


@router.get("")
def tasks(
    request: Request,
    backend: TheBackend,
    screens: TheScreens,
    visitor: Reader,
    view: TheList,
    type: Annotated[str, Query()] = "",
    status: Annotated[str, Query()] = "",
    domain: Annotated[str, Query()] = "",
    label: Annotated[str, Query()] = "",
) -> Response:
    """Show the tasks that match, newest first, and the forms to file one."""
    kind = TaskType(type) if type in set(TaskType) else None
    state = TaskStatus(status) if status in set(TaskStatus) else None
    found, more = read_page(
        backend.database,
        view.part,
        lambda tx, part: listings.tasks(
            tx,
            part,
            task_type=kind,
            status=state,
            domain=domain.strip() or None,
            label=label.strip() or None,
        ),
    )
    return screens.page(
        request,
        "tasks",
        visitor,
        section="Tasks",
        view=view,
        more=more,
        items=_rows(request, backend, screens, [task.id for task in found]),
        types=TaskType,
        states=TaskStatus,
        chosen=(kind, state, domain, label.strip()),
        labels_in_use=backend.crawling.labels_in_use(LABELS_OFFERED),
        platforms=_platforms(backend),
        formats=list(FORMATS),
        max_pages=MAX_PAGES,
        max_lanes=MAX_LANES,
    )


@router.get("/{task_id}")
def task(
    task_id: RowId, request: Request, backend: TheBackend, screens: TheScreens, visitor: Reader
) -> Response:
    """Show one task with its pieces."""
    existing_task(backend, task_id)
    (row,) = _rows(request, backend, screens, [task_id])
    pieces = backend.database.read(task_rows.children, task_id)
    return screens.page(request, "task", visitor, section="Tasks", row=row, pieces=pieces)


@router.post("/crawl")
def crawl(
    request: Request,
    backend: TheBackend,
    who: Actor,
    domain: Annotated[str, Form()] = "",
    platform: Annotated[str, Form()] = "bilibili",
    pages: Annotated[str, Form()] = "",
    via: Annotated[str, Form()] = Via.USERS.value,
    labels: Annotated[str, Form()] = "",
) -> Response:
    """File a crawl, or join the open one."""

    def act() -> str:
        given = NewCrawl.model_validate(
            {
                "domain": domain,
                "platform": platform,
                "pages": pages.strip() or None,
                "via": via,
                "labels": labels.split(),
            }
        )
        return _filed_message(request, backend.use_cases.tasks.crawl(who, given.as_request()))

    return acted(request, HOME, act)


@router.post("/export")
def export(
    request: Request,
    backend: TheBackend,
    who: Actor,
    domain: Annotated[str, Form()] = "",
    platform: Annotated[str, Form()] = "bilibili",
    format: Annotated[str, Form()] = "csv",
    columns: Annotated[str, Form()] = "",
    limit: Annotated[str, Form()] = "",
    lanes: Annotated[str, Form()] = "",
    raw_cells: Annotated[bool, Form()] = False,
    follow: Annotated[bool, Form()] = False,
    labels: Annotated[str, Form()] = "",
) -> Response:
    """File an export, or join the open one."""

    def act() -> str:
        given = NewExport.model_validate(
            {
                "domain": domain,
                "platform": platform,
                "format": format,
                "raw_cells": raw_cells,
                "follow": follow,
                "lanes": lanes.strip() or 1,
                "columns": columns.strip() or None,
                "limit": limit.strip() or None,
                "labels": labels.split(),
            }
        )
        return _filed_message(request, backend.use_cases.tasks.export(who, given.as_request()))

    return acted(request, HOME, act)


@router.post("/{task_id}/label")
def label_task(
    task_id: RowId,
    request: Request,
    backend: TheBackend,
    who: Actor,
    add: Annotated[str, Form()] = "",
    remove: Annotated[str, Form()] = "",
) -> Response:
    """Put labels on a task, or take labels off."""
    say = language_of(request).say

    def act() -> str:
        if not add.strip() and not remove.strip():
            raise InvalidInputError("label_missing")
        existing_task(backend, task_id)
        given = TaskLabels.model_validate({"add": add.split(), "remove": remove.split()})
        labels = backend.use_cases.tasks.label(who, given.as_request(task_id))
        if not labels:
            return say("Task {id} has no labels.", id=task_id)
        return say("Task {id} has the labels {labels}.", id=task_id, labels=", ".join(labels))

    return acted(request, HOME, act)


@router.post("/{task_id}/{verb}")
def change_task(
    task_id: RowId,
    verb: Annotated[str, Path(pattern="^(pause|resume|cancel)$")],
    request: Request,
    backend: TheBackend,
    who: Actor,
) -> Response:
    """Pause, resume or cancel a task."""

    def act() -> str:
        existing_task(backend, task_id)
        tasks = backend.use_cases.tasks
        change = {"pause": tasks.pause, "resume": tasks.resume, "cancel": tasks.cancel}[verb]
        change(who, task_id)
        return language_of(request).say(DONE[verb], id=task_id)

    return acted(request, HOME, act)


def _rows(
    request: Request, backend: Backend, screens: Screens, ids: list[int]
) -> list[dict[str, Any]]:
    """Return the tasks with these ids with their progress, in this
    order; unknown ids are left out."""
    settings = backend.settings
    snapshot = backend.progress.snapshot(tuple(ids), 0, lease_secs=settings.lease_secs)
    rates: Rates = request.app.state.rates
    meter = rates.noted(snapshot)
    language = language_of(request)
    page = screens.drawing(language)
    views = {view.task.id: view for view in snapshot.tasks}
    return [task_row(page, views[task_id], meter, language) for task_id in ids if task_id in views]


def _platforms(backend: Backend) -> list[str]:
    """Return the names of the platforms that can be searched for creators."""
    return [platform.name for platform in backend.platforms.platforms.values() if platform.searches]


def _filed_message(request: Request, filed: FiledTask) -> str:
    text = "Task {id} is filed." if filed.is_new else "Task {id} is open already and goes on."
    return language_of(request).say(text, id=filed.task.id)
