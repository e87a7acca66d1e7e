"""`/api/v1/tasks`: crawls and exports, and the operator's words about them."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator, BaseModel, Field

from core.errors import InvalidInputError
from crawler.export.columns import parse_columns
from crawler.export.formats import format_named
from crawler.export.options import ExportOptions
from crawler.service import MAX_DOMAIN_LETTERS, is_domain
from crawler.tasks.labels import RULE, labels_named
from crawler.tasks.submission import FiledTask
from presentation.json_rows import as_object, task_object
from sources.base import Via
from storage.crawling import tasks as rows
from storage.models.tasks import Task, TaskStatus, TaskType
from storage.operations import listings
from web.audit_log import ActionLog
from web.auth.access import Actor, Reader, Visitor
from web.backend import Backend
from web.paging import Page, Paging, page_of
from web.problems import RequestRefusedError, unknown
from web.state import TheActions, TheBackend

router = APIRouter(prefix="/tasks", tags=["tasks"])
TaskId = Annotated[int, Path(ge=1, lt=2**63)]
MAX_PAGES = 1_000_000
MAX_LANES = 64
JOINED: dict[int | str, dict[str, Any]] = {200: {"description": "The open one was joined"}}


def _domain(text: str) -> str:
    name = text.strip()
    if not is_domain(name):
        raise ValueError(f"1 to {MAX_DOMAIN_LETTERS} characters without control characters")
    return name


Domain = Annotated[str, AfterValidator(_domain), Field(description="the field, e.g. 美妆")]


def _labels(texts: list[str]) -> list[str]:
    try:
        return list(labels_named(texts))
    except InvalidInputError as error:
        raise ValueError(str(error)) from error


Labels = Annotated[
    list[str], AfterValidator(_labels), Field(description=f"what to file it under: {RULE}")
]


class NewCrawl(BaseModel):
    domain: Domain
    platform: str = "bilibili"
    pages: int | None = Field(None, ge=1, le=MAX_PAGES, description="at most; null: all")
    via: Via = Field(Via.USERS, description="find creators by name, or as authors of videos")
    labels: Labels = []


class NewExport(BaseModel):
    domain: Domain
    platform: str = "bilibili"
    format: str = "csv"
    columns: str | None = Field(None, description="comma-separated; null: the usual ones")
    limit: int | None = Field(None, ge=1, description="rows at most; null: all")
    raw_cells: bool = Field(False, description="CSV: leave formula-like text")
    follow: bool = Field(False, description="go on for ever with new creators")
    lanes: int = Field(1, ge=1, le=MAX_LANES, description="accounts that drain it side by side")
    labels: Labels = []


class LabelChange(BaseModel):
    add: Labels = []
    remove: list[str] = Field([], max_length=100)


@router.get("", summary="Tasks, newest first")
def list_tasks(
    request: Request,
    backend: TheBackend,
    part: Paging,
    _who: Reader,
    type: Annotated[TaskType | None, Query(description="only of this type")] = None,
    status: Annotated[TaskStatus | None, Query(description="only in this state")] = None,
    domain: Annotated[str | None, Query(description="only of this domain")] = None,
    label: Annotated[str | None, Query(description="only with this label")] = None,
) -> Page[dict[str, Any]]:
    found = page_of(
        request,
        backend.database,
        part,
        lambda tx, part: listings.tasks(
            tx, part, task_type=type, status=status, domain=domain, label=label
        ),
        as_object,
    )
    labels = backend.desk.labels([one["id"] for one in found.items])
    for one in found.items:
        one["labels"] = labels.get(one["id"], [])
    return found


@router.get("/{task_id}", summary="One task with its pieces")
def show_task(task_id: TaskId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    task = existing(backend, task_id)
    pieces = backend.database.read(rows.children, task_id)
    return shaped(backend, task) | {"pieces": [as_object(piece) for piece in pieces]}


@router.post(
    "/crawl", summary="File a crawl, or join the open one", status_code=201, responses=JOINED
)
def create_crawl(
    given: NewCrawl, response: Response, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    return _filed(backend, file_crawl(given, backend, actions, who), response)


@router.post(
    "/export", summary="File an export, or join the open one", status_code=201, responses=JOINED
)
def create_export(
    given: NewExport, response: Response, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    return _filed(backend, file_export(given, backend, actions, who), response)


@router.post("/{task_id}/labels", summary="Put labels on it, take labels off")
def label_task(
    task_id: TaskId, given: LabelChange, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, list[str]]:
    return {"labels": relabel(task_id, given, backend, actions, who)}


@router.post("/{task_id}/pause", summary="Hold it until it is resumed")
def pause_task(
    task_id: TaskId, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    return change("pause", task_id, backend, actions, who)


@router.post("/{task_id}/resume", summary="Let it go on now, from where it stopped")
def resume_task(
    task_id: TaskId, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    return change("resume", task_id, backend, actions, who)


@router.post("/{task_id}/cancel", summary="End it for good; what it stored stays")
def cancel_task(
    task_id: TaskId, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    return change("cancel", task_id, backend, actions, who)


def file_crawl(given: NewCrawl, backend: Backend, actions: ActionLog, who: Visitor) -> FiledTask:
    """File it, and note who did. Raises InvalidInputError, CredentialsError."""
    with actions.action(who, "task.crawl", f"{given.platform}/{given.domain}"):
        return backend.desk.crawl(
            given.platform, given.domain, given.pages, given.via, given.labels
        )


def file_export(given: NewExport, backend: Backend, actions: ActionLog, who: Visitor) -> FiledTask:
    """File it, and note who did. Raises InvalidInputError, CredentialsError."""
    with actions.action(who, "task.export", f"{given.platform}/{given.domain}"):
        platform = backend.catalog.searchable(given.platform).name
        options = ExportOptions(
            format=format_named(given.format).name,
            columns=parse_columns(given.columns),
            raw_cells=given.raw_cells,
            limit=given.limit,
            follow=given.follow,
        )
        if given.limit is not None and given.lanes > 1:
            raise InvalidInputError("limit counts rows of one lane: leave lanes at 1")
        if not backend.desk.is_known(platform, given.domain):
            known = ", ".join(backend.desk.known_domains(platform)) or "none"
            raise InvalidInputError(
                f"nothing is known of domain {given.domain!r} on {platform}; crawl it first"
                f" (known: {known})"
            )
        return backend.desk.export(platform, given.domain, options, given.lanes, given.labels)


def change(
    word: str, task_id: int, backend: Backend, actions: ActionLog, who: Visitor
) -> dict[str, Any]:
    """Pause, resume or cancel a task. Raises RequestRefusedError: 404, or 409 when it is not"
    " in that state."""
    task = existing(backend, task_id)
    words: dict[str, Callable[[int], object]] = {
        "pause": backend.task_control.pause,
        "resume": backend.task_control.resume,
        "cancel": backend.desk.cancel,
    }
    with actions.action(who, f"task.{word}", f"{task_id} {task.task_type} {task.domain}"):
        try:
            words[word](task_id)
        except InvalidInputError as error:
            raise RequestRefusedError(HTTPStatus.CONFLICT, str(error)) from error
    return shaped(backend, existing(backend, task_id))


def relabel(
    task_id: int, given: LabelChange, backend: Backend, actions: ActionLog, who: Visitor
) -> list[str]:
    """Change a task's labels, note who did, return its labels. Raises RequestRefusedError (404),
    InvalidInputError."""
    existing(backend, task_id)
    words = [*(f"+{one}" for one in given.add), *(f"-{one}" for one in given.remove)]
    with actions.action(who, "task.label", " ".join([str(task_id), *words])):
        return backend.desk.label(task_id, given.add, given.remove)


def shaped(backend: Backend, task: Task) -> dict[str, Any]:
    """Its columns and labels."""
    return task_object(task, backend.desk.labels([task.id]))


def existing(backend: Backend, task_id: int) -> Task:
    """The task. Raises RequestRefusedError (404)."""
    task = backend.database.read(rows.get, task_id)
    if task is None:
        raise unknown("task", task_id, "/api/v1/tasks")
    return task


def _filed(backend: Backend, filed: FiledTask, response: Response) -> dict[str, Any]:
    if not filed.is_new:
        response.status_code = HTTPStatus.OK
    return {"task": shaped(backend, filed.task), "new": filed.is_new}
