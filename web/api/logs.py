"""`/api/v1/logs`: the log files of any host; they hold no secret."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from web.api.lists import ObjectPage, Page
from web.auth.access import Reader
from web.monitoring.host_logs import HostLogs, file_object, tail_object
from web.monitoring.log_files import LineFilter
from web.parameters import HostName, LogName
from web.state import TheBackend

router = APIRouter(prefix="/logs", tags=["logs"])
USUAL_LINES = 200
MAX_LINES = 2000
Lines = Annotated[int, Query(ge=1, le=MAX_LINES, description="newest records at most")]
Word = Annotated[str, Query(max_length=200)]


@router.get("", summary="Log files of a host, newest first")
def list_logs(backend: TheBackend, _who: Reader, host: HostName = "") -> ObjectPage:
    return Page(items=[file_object(file) for file in HostLogs(backend, host).files()], next=None)


@router.get("/{name:path}/file", summary="Download one", response_class=StreamingResponse)
def download_log(name: LogName, backend: TheBackend, _who: Reader, host: HostName = "") -> Response:
    return HostLogs(backend, host).download(name)


@router.get("/{name:path}", summary="The end of one, narrowed by text, task or account")
def show_log(
    name: LogName,
    backend: TheBackend,
    _who: Reader,
    host: HostName = "",
    lines: Lines = USUAL_LINES,
    text: Word = "",
    task: Word = "",
    account: Word = "",
) -> dict[str, Any]:
    return tail_object(*HostLogs(backend, host).tail(name, LineFilter(text, task, account), lines))
