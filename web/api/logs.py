"""`/api/v1/logs`: the log files of the host that answers; they hold no secret."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from core.clock import iso_utc
from web.api.lists import ObjectPage, Page
from web.auth.access import Reader
from web.lookups import log_details, log_file, log_folder, log_tail
from web.monitoring.log_files import LineFilter, LogFile
from web.parameters import LogName
from web.state import TheBackend

router = APIRouter(prefix="/logs", tags=["logs"])
USUAL_LINES = 200
MAX_LINES = 2000
Lines = Annotated[int, Query(ge=1, le=MAX_LINES, description="newest records at most")]
Word = Annotated[str, Query(max_length=200)]


@router.get("", summary="Log files of this host, newest first")
def list_logs(backend: TheBackend, _who: Reader) -> ObjectPage:
    return Page(items=[_file_object(file) for file in log_folder(backend).files()], next=None)


@router.get("/{name:path}/file", summary="Download one", response_class=StreamingResponse)
def download_log(name: LogName, backend: TheBackend, _who: Reader) -> Response:
    return log_file(backend, name)


@router.get("/{name:path}", summary="The end of one, narrowed by text, task or account")
def show_log(
    name: LogName,
    backend: TheBackend,
    _who: Reader,
    lines: Lines = USUAL_LINES,
    text: Word = "",
    task: Word = "",
    account: Word = "",
) -> dict[str, Any]:
    tail = log_tail(backend, name, LineFilter(text, task, account), lines)
    return _file_object(log_details(backend, name)) | {
        "records": tail.records,
        "bytes_read": tail.bytes_read,
        "is_whole": tail.is_whole,
    }


def _file_object(file: LogFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "service": file.service,
        "day": file.day or None,
        "bytes": file.bytes,
        "modified_at": iso_utc(file.modified_at),
    }
