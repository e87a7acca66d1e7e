"""Tasks: the list, one with its pieces, filing, pause, resume and cancel."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query
from starlette.responses import Response

from core.errors import InvalidInputError
from crawler.creators.filters import CONTACTS, field_names
from crawler.export.columns import column_names
from crawler.export.formats import FORMATS
from crawler.export.headers import Headers
from crawler.export.requests import MAX_LANES
from crawler.export.selection import TOLD_VALUES, choice_in_words
from crawler.tasks.requests import MAX_PAGES
from crawler.tasks.submission import FiledTask
from sources.base import Via
from storage.crawling import export_segments
from storage.crawling import tasks as task_rows
from storage.models.tasks import TaskStatus, TaskType
from storage.operations import listings
from storage.operations.listings import Slice
from web.backend import Backend
from web.console import copies
from web.console.export_form import ExportDraft, TheDraft
from web.console.list_view import TheList
from web.console.overview import Rates, task_row
from web.console.visits import Acting, Reading, Visit, action
from web.lookups import condition_reader, existing_task
from web.paging import read_page
from web.parameters import RowId
from web.requests import NewCrawl, NewExport, TaskLabels, TaskPin

router = APIRouter(include_in_schema=False)
router.include_router(copies.of_tasks)
LABELS_OFFERED = 200
FILES_SHOWN = 20
TARGETS_OFFERED = 500
DONE = {
    "pause": "Task {id} is paused.",
    "resume": "Task {id} goes on.",
    "cancel": "Task {id} is cancelled; what it stored stays.",
}


@router.get("")
def tasks(
    visit: Reading,
    view: TheList,
    type: Annotated[str, Query()] = "",
    status: Annotated[str, Query()] = "",
    domain: Annotated[str, Query()] = "",
    label: Annotated[str, Query()] = "",
) -> Response:
    """Show the tasks that match, newest first, and the forms to file one."""
    kind = TaskType(type) if type in set(TaskType) else None
    state = TaskStatus(status) if status in set(TaskStatus) else None
    backend = visit.backend
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
    return visit.page(
        "tasks",
        view=view,
        more=more,
        items=_rows(visit, [task.id for task in found]),
        types=TaskType,
        states=TaskStatus,
        chosen=(kind, state, domain, label.strip()),
        max_pages=MAX_PAGES,
        **_export_choices(visit, ExportDraft()),
    )


@router.get("/export")
def new_export(visit: Acting, draft: TheDraft) -> Response:
    """Show the form of a new export, filled in with what the page that leads here has."""
    return visit.page("export_new", **_export_choices(visit, draft))


@router.get("/{task_id}")
def task(task_id: RowId, visit: Reading) -> Response:
    """Show one task with its pieces."""
    backend = visit.backend
    existing_task(backend, task_id)
    (row,) = _rows(visit, [task_id])
    pieces = backend.database.read(task_rows.children, task_id)
    return visit.page("task", row=row, pieces=pieces, **_files(visit, task_id), **_targets(backend))


@router.post("/crawl")
@action
def crawl(
    visit: Acting,
    domain: Annotated[str, Form()] = "",
    platform: Annotated[str, Form()] = "bilibili",
    pages: Annotated[str, Form()] = "",
    via: Annotated[str, Form()] = Via.USERS.value,
    keywords: Annotated[str, Form()] = "",
    stop_dry: Annotated[str, Form()] = "",
    labels: Annotated[str, Form()] = "",
    account: Annotated[str, Form()] = "",
    group: Annotated[str, Form()] = "",
) -> str:
    """Create a crawl of a domain; an open one of that domain goes on instead, with these labels
    too."""
    given = NewCrawl.model_validate(
        {
            "domain": domain,
            "platform": platform,
            "pages": pages.strip() or None,
            "via": via,
            "keywords": [line.strip() for line in keywords.splitlines() if line.strip()],
            "stop_dry": stop_dry.strip() or None,
            "labels": labels.split(),
            "account": account.strip() or None,
            "group": group.strip() or None,
        }
    )
    filed = visit.use_cases.tasks.crawl(visit.who, given.as_request())
    return " ".join(_filed_message(visit, one) for one in filed)


@router.post("/export")
@action
def export(
    visit: Acting,
    domain: Annotated[str, Form()] = "",
    platform: Annotated[str, Form()] = "bilibili",
    format: Annotated[str, Form()] = "csv",
    columns: Annotated[str, Form()] = "",
    headers: Annotated[str, Form()] = "raw",
    limit: Annotated[str, Form()] = "",
    lanes: Annotated[str, Form()] = "",
    raw_cells: Annotated[bool, Form()] = False,
    follow: Annotated[bool, Form()] = False,
    where: Annotated[str, Form()] = "",
    keyword: Annotated[str, Form()] = "",
    has: Annotated[str, Form()] = "",
    order: Annotated[str, Form()] = "",
    labels: Annotated[str, Form()] = "",
    account: Annotated[str, Form()] = "",
    group: Annotated[str, Form()] = "",
) -> str:
    """Create an export of a domain; an open one of that domain goes on instead, with these
    labels too."""
    given = NewExport.model_validate(
        {
            "domain": domain,
            "platform": platform,
            "format": format,
            "raw_cells": raw_cells,
            "follow": follow,
            "lanes": lanes.strip() or 1,
            "columns": columns.strip() or None,
            "headers": headers,
            "limit": limit.strip() or None,
            "labels": labels.split(),
            "where": [line for line in where.splitlines() if line.strip()],
            "keyword": [line.strip() for line in keyword.splitlines() if line.strip()],
            "has": has.split(),
            "order": order.strip() or None,
            "account": account.strip() or None,
            "group": group.strip() or None,
        }
    )
    request = given.as_request(condition_reader(visit.backend))
    return _filed_message(visit, visit.use_cases.tasks.export(visit.who, request))


@router.post("/{task_id}/label")
@action
def label_task(
    task_id: RowId,
    visit: Acting,
    add: Annotated[str, Form()] = "",
    remove: Annotated[str, Form()] = "",
) -> str:
    """Put labels on a task, or take labels off; several are separated by blanks."""
    if not add.strip() and not remove.strip():
        raise InvalidInputError("label_missing")
    existing_task(visit.backend, task_id)
    given = TaskLabels.model_validate({"add": add.split(), "remove": remove.split()})
    labels = visit.use_cases.tasks.label(visit.who, given.as_request(task_id))
    if not labels:
        return visit.say("Task {id} has no labels.", id=task_id)
    return visit.say("Task {id} has the labels {labels}.", id=task_id, labels=", ".join(labels))


@router.post("/{task_id}/pin")
@action
def pin_task(
    task_id: RowId,
    visit: Acting,
    account: Annotated[str, Form()] = "",
    group: Annotated[str, Form()] = "",
) -> str:
    """Let only an account or a group work on a task; without either every account may."""
    existing_task(visit.backend, task_id)
    given = TaskPin.model_validate(
        {"account": account.strip() or None, "group": group.strip() or None}
    )
    target = visit.use_cases.tasks.pin(visit.who, given.as_request(task_id))
    if target is None:
        return visit.say("Every account may work on task {id}.", id=task_id)
    return visit.say("Task {id}: {pin}.", id=task_id, pin=visit.language.problem(target))


@router.post("/{task_id}/{verb}")
@action
def change_task(
    task_id: RowId, verb: Annotated[str, Path(pattern="^(pause|resume|cancel)$")], visit: Acting
) -> str:
    """Pause, resume or cancel a task."""
    existing_task(visit.backend, task_id)
    tasks = visit.use_cases.tasks
    change = {"pause": tasks.pause, "resume": tasks.resume, "cancel": tasks.cancel}[verb]
    change(visit.who, task_id)
    return visit.say(DONE[verb], id=task_id)


def _rows(visit: Visit, ids: list[int]) -> list[dict[str, Any]]:
    """Return the tasks with these ids with their progress, in this
    order; unknown ids are left out."""
    lease_secs = visit.backend.settings.lease_secs
    snapshot = visit.backend.progress.snapshot(tuple(ids), 0, lease_secs=lease_secs)
    rates: Rates = visit.request.app.state.rates
    meter, page = rates.noted(snapshot), visit.drawing()
    views = {view.task.id: view for view in snapshot.tasks}
    return [
        task_row(page, views[task_id], meter, visit.language) for task_id in ids if task_id in views
    ]


def _files(visit: Visit, task_id: int) -> dict[str, Any]:
    """Return who delivered how many rows of a task, and its newest files."""
    backend, newest = visit.backend, Slice(limit=FILES_SHOWN)
    delivered = backend.database.read(export_segments.delivered, task_id)
    return {
        "delivered": delivered,
        "files": backend.database.read(
            lambda tx: listings.segments(tx, newest, of_task=task_id) if delivered else []
        ),
        "names": backend.registry.names({one.account_id for one in delivered}),
        "host": backend.host,
    }


def _export_choices(visit: Visit, draft: ExportDraft) -> dict[str, Any]:
    """Return what the form of a new export offers."""
    backend = visit.backend
    return {
        "column_names": column_names(visit.language.code),
        "field_names": field_names(visit.language.code),
        "draft": draft,
        "labels_in_use": backend.crawling.labels_in_use(LABELS_OFFERED),
        "platforms": _platforms(backend),
        "formats": list(FORMATS),
        "headers": list(Headers),
        "max_lanes": MAX_LANES,
        "contact_kinds": list(CONTACTS),
        **_targets(backend),
    }


def _targets(backend: Backend) -> dict[str, Any]:
    """Return the names of accounts and of groups that tasks can be pinned to, for the forms."""
    pool = backend.registry.all()
    return {
        "account_names": [account.username for account in pool[:TARGETS_OFFERED]],
        "group_names": sorted({account.group_name for account in pool if account.group_name}),
    }


def _platforms(backend: Backend) -> list[str]:
    """Return the names of the platforms that can be searched for creators."""
    return [platform.name for platform in backend.platforms.platforms.values() if platform.searches]


def _filed_message(visit: Visit, filed: FiledTask) -> str:
    task = filed.task
    if filed.is_new:
        return visit.say("Task {id} is filed.", id=task.id)
    choice = choice_in_words(task.options, TOLD_VALUES)
    if choice:
        text = "Task {id} is open already and goes on; it delivers a choice only: {choice}"
        return visit.say(text, id=task.id, choice=choice)
    return visit.say("Task {id} is open already and goes on.", id=task.id)
