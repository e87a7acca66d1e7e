"""Find the rows and files that a request names, or refuse with 404, for API and console alike."""

from __future__ import annotations

import shutil
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response, StreamingResponse

from accounts.lifecycle.deletion import require_live
from accounts.requests import stored_form
from core.errors import InvalidInputError
from core.tabular.cells import is_nothing
from crawler.creators.filters import ConditionReader
from crawler.export.copies import ArchivedCopies, CopiedFile
from storage.crawling import accounts, export_segments, job_runs, tasks
from storage.engines.transactions import Tx
from storage.models.accounts import Account
from storage.models.segments import Segment
from storage.models.tasks import Task
from web.backend import Backend
from web.peers.local_files import BINARY, local_export_file, media_type_of
from web.problems import RequestRefusedError, not_found, refused_as
from works.hour_data.hours import Hour

if TYPE_CHECKING:
    from crawler.creators.catalogue import CreatorDetails
    from distribution.service import DramaDetails
    from storage.crawling.job_runs import JobRun
    from webhooks.service import DeliveryDetails


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
    """Return the account. Raise RequestRefusedError (404) when there is none."""
    account = backend.database.read(accounts.get, account_id)
    if account is None:
        raise not_found("account_not_found", account_id=account_id)
    return account


def live_account(backend: Backend, account_id: int) -> Account:
    """Return the account, to be changed or used.

    Raises:
        RequestRefusedError: 404 when there is none, 409 when it was deleted.
    """
    account = existing_account(backend, account_id)
    with refused_as(HTTPStatus.CONFLICT, InvalidInputError):
        return require_live(account, account_id)


def is_in_group(account: Account, group: str) -> bool:
    """Return whether an account belongs to a group, or to none for a word such as `none`."""
    wanted = None if is_nothing(group) else stored_form(group)
    return account.group_name == wanted


def existing_task(backend: Backend, task_id: int) -> Task:
    """Return the task, or the piece of one, with that id.

    Raises:
        RequestRefusedError: 404 when there is none.
    """
    task = backend.database.read(tasks.get, task_id)
    if task is None:
        raise not_found("task_not_found", task_id=task_id)
    return task


def existing_export(backend: Backend, segment_id: int) -> Segment:
    """Return the export file's row. Raise RequestRefusedError (404) when there is none."""
    segment = backend.database.read(export_segments.get, segment_id)
    if segment is None:
        raise not_found("segment_not_found", segment_id=segment_id)
    return segment


def existing_delivery(backend: Backend, delivery_id: int) -> DeliveryDetails:
    """Return the delivery with its attempts. Raise RequestRefusedError (404) when there is none."""
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        return backend.webhooks.show(delivery_id)


def existing_event(backend: Backend, event_id: str) -> DeliveryDetails:
    """Return the delivery that receivers know by an event id.

    Raises:
        RequestRefusedError: 404 when there is none.
    """
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        return backend.webhooks.show_event(event_id)


def existing_drama(backend: Backend, task_id: str) -> DramaDetails:
    """Return a distribution task with the sums of its newest days.

    Raises:
        RequestRefusedError: there is no such task (404).
    """
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        return backend.dramas.details(task_id)


def existing_creator(backend: Backend, platform: str, uid: str, days: int) -> CreatorDetails:
    """Return a creator with its history of that many days.

    Raises:
        RequestRefusedError: there is none (404).
    """
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        return backend.creators.show(platform, uid, days)


def export_file(backend: Backend, segment: Segment) -> Response:
    """Return a response with a sealed export file, of whatever host.

    Raises:
        RequestRefusedError: 409 while the file is being written, 403 when it lies outside the
            export folder, 404 when it is not here and its host gives it to nobody.
        PeerUnreachableError: its host does not answer.
    """
    try:
        return local_export_file(backend.files, segment)
    except RequestRefusedError as refusal:
        if refusal.status != HTTPStatus.NOT_FOUND or segment.host == backend.host:
            raise
    blocks = backend.peers.export_file(segment)
    name = Path(str(segment.file_path)).name
    headers = {
        "Content-Length": str(segment.bytes),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
    }
    return StreamingResponse(blocks, media_type=media_type_of(Path(name)), headers=headers)


def last_runs(backend: Backend) -> dict[str, JobRun]:
    """Return the newest run of each job that has any, by the job's name."""

    def newest(tx: Tx) -> list[JobRun]:
        return [run for job in backend.launcher.jobs for run in job_runs.of_job(tx, job.name, 1)]

    return {run.job: run for run in backend.database.read(newest)}


def newest_hour(backend: Backend) -> Hour:
    """Return the newest hour with counters.

    Raises:
        RequestRefusedError: 404 when there is none.
    """
    found = backend.view_history.newest_hour()
    if found is None:
        raise not_found("no_hourly_numbers")
    return found


def copied_file(copied: CopiedFile | ArchivedCopies) -> FileResponse:
    """Return a copy of export files as a download; its folder is removed when it is sent."""
    remove = BackgroundTask(shutil.rmtree, copied.path.parent, ignore_errors=True)
    return FileResponse(
        copied.path, filename=copied.path.name, background=remove, media_type=BINARY
    )


def condition_reader(backend: Backend) -> ConditionReader:
    """Return the reader of conditions in the quota zone; it reads no files."""
    return ConditionReader(now=backend.clock.now(), zone=backend.calendar.zone, read_list=None)
