"""Rows and files that a request names, found or refused with 404: for API and console alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from starlette.responses import FileResponse, Response, StreamingResponse

from core.errors import InvalidInputError, LogNotFoundError
from storage.catalogue import view_data, view_history
from storage.crawling import accounts, export_segments, job_runs, tasks
from storage.engines.transactions import Tx
from storage.models.accounts import Account
from storage.models.segments import Segment
from storage.models.tasks import Task
from web.backend import Backend
from web.monitoring.log_files import LineFilter, LogFolder, Tail
from web.problems import RequestRefusedError, refused_as, unknown
from works.hourly.hours import Hour

if TYPE_CHECKING:
    from distribution.service import DramaDetails
    from storage.crawling.job_runs import JobRun
    from webhooks.service import DeliveryDetails

T = TypeVar("T")
MEDIA_TYPES = {".csv": "text/csv; charset=utf-8", ".jsonl": "application/jsonl"}
NO_NUMBERS = "there are no hourly numbers yet; fetch first: python cli.py views --full"


class Counter(StrEnum):
    """A column of the hourly numbers."""

    VIEW = "view_count"
    DANMAKU = "danmaku_count"
    COMMENT = "comment_count"
    LIKE = "like_count"
    COIN = "coin_count"
    FAVORITE = "favorite_count"
    SHARE = "share_count"


def existing_account(backend: Backend, account_id: int) -> Account:
    """Return the account. Raise RequestRefusedError (404)."""
    account = backend.database.read(accounts.get, account_id)
    if account is None:
        raise unknown("account", account_id, "/api/v1/accounts")
    return account


def existing_task(backend: Backend, task_id: int) -> Task:
    """Return the task or piece. Raise RequestRefusedError (404)."""
    task = backend.database.read(tasks.get, task_id)
    if task is None:
        raise unknown("task", task_id, "/api/v1/tasks")
    return task


def existing_export(backend: Backend, segment_id: int) -> Segment:
    """Return the export file's row. Raise RequestRefusedError (404)."""
    segment = backend.database.read(export_segments.get, segment_id)
    if segment is None:
        raise unknown("export", segment_id, "/api/v1/exports")
    return segment


def existing_delivery(backend: Backend, delivery_id: int) -> DeliveryDetails:
    """Return the delivery with its attempts. Raise RequestRefusedError (404)."""
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        return backend.webhooks.show(delivery_id)


def existing_drama(backend: Backend, task_id: str) -> DramaDetails:
    """Return a distribution task with its newest days. Raise RequestRefusedError (404)."""
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        return backend.dramas.details(task_id)


def export_file(backend: Backend, segment: Segment) -> FileResponse:
    """Answer with the finished file. Raise RequestRefusedError as `_export_path` does."""
    path = _export_path(backend, segment)
    media_type = MEDIA_TYPES.get(path.suffix, "application/octet-stream")
    return FileResponse(path, media_type=media_type, filename=path.name)


def _export_path(backend: Backend, segment: Segment) -> Path:
    """Return the finished file on this host, within the export folder. Raise
    RequestRefusedError: 409 while it is being written, 403 outside the folder, 404 when it is not
    on this host."""
    if segment.file_path is None:
        raise RequestRefusedError(
            HTTPStatus.CONFLICT,
            f"export {segment.id} is still being written; try again when its state is sealed",
        )
    path = backend.files.locate(segment.file_path).resolve()
    if not path.is_relative_to(backend.files.exports_dir.resolve()):
        raise RequestRefusedError(
            HTTPStatus.FORBIDDEN,
            f"export {segment.id} was written outside the export folder (--out); fetch it on host"
            f" {segment.host}",
        )
    if not path.is_file():
        raise RequestRefusedError(
            HTTPStatus.NOT_FOUND,
            f"the file of export {segment.id} is not on this host; it was written on"
            f" {segment.host}: fetch it there, or write it again here with:"
            f" python cli.py exports rebuild {segment.id}",
        )
    return path


def last_runs(backend: Backend) -> dict[str, JobRun]:
    """Return the newest run of each job that has any, by the job's name."""

    def newest(tx: Tx) -> list[JobRun]:
        return [run for job in backend.launcher.jobs for run in job_runs.of_job(tx, job.name, 1)]

    return {run.job: run for run in backend.database.read(newest)}


def numbers(backend: Backend, query: Callable[[Tx], T]) -> T:
    """Return what a query on the file of hourly numbers gives. Raise RequestRefusedError (404)
    when there is none yet."""
    if not backend.settings.view_data_file.exists():
        raise RequestRefusedError(HTTPStatus.NOT_FOUND, NO_NUMBERS)
    view_data.create(backend.view_data)
    return backend.view_data.read(query)


def newest_hour(backend: Backend) -> Hour:
    """Return the newest hour with numbers. Raise RequestRefusedError (404) when there is none."""
    found = numbers(backend, view_history.newest_hour)
    if found is None:
        raise RequestRefusedError(HTTPStatus.NOT_FOUND, NO_NUMBERS)
    return Hour.parse(*found)


def log_folder(backend: Backend) -> LogFolder:
    """Return the log files of this host."""
    return LogFolder(backend.settings.log_dir)


def log_tail(backend: Backend, name: str, wanted: LineFilter, lines: int) -> Tail:
    """Return the newest records that fit. Raise RequestRefusedError (404)."""
    with existing_log(name):
        return log_folder(backend).tail(name, wanted, lines)


def log_file(backend: Backend, name: str) -> Response:
    """Answer with a whole log file. Raise RequestRefusedError (404)."""
    with existing_log(name):
        size, blocks = log_folder(backend).content(name)
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="{name.rpartition("/")[2]}"',
    }
    return StreamingResponse(blocks, media_type="text/plain; charset=utf-8", headers=headers)


@contextmanager
def existing_log(name: str) -> Iterator[None]:
    """Turn LogNotFoundError into RequestRefusedError (404)."""
    try:
        yield
    except LogNotFoundError as error:
        raise RequestRefusedError(
            HTTPStatus.NOT_FOUND, f"no log file is called {name!r} on this host; see /api/v1/logs"
        ) from error
