"""`/api/v1/logs`: the log files of the host that answers; they hold no secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response, StreamingResponse

from core.clock import iso_utc
from core.errors import LogNotFoundError
from web.auth.access import Reader
from web.backend import Backend
from web.log_files import LineFilter, LogFile, LogFolder, Tail
from web.paging import Page
from web.problems import RequestRefusedError
from web.state import TheBackend

router = APIRouter(prefix="/logs", tags=["logs"])
USUAL_LINES = 200
MAX_LINES = 2000
LogName = Annotated[str, Path(max_length=200, description="from the list of logs")]
Lines = Annotated[int, Query(ge=1, le=MAX_LINES, description="newest records at most")]
Word = Annotated[str, Query(max_length=200)]


@router.get("", summary="Log files of this host, newest first")
def list_logs(backend: TheBackend, _who: Reader) -> Page[dict[str, Any]]:
    return Page(items=[_shaped(one) for one in folder(backend).files()], next=None)


@router.get("/{name:path}/file", summary="Download one", response_class=StreamingResponse)
def download_log(name: LogName, backend: TheBackend, _who: Reader) -> Response:
    with found(name):
        size, blocks = folder(backend).content(name)
    shown = name.rpartition("/")[2]
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="{shown}"',
    }
    return StreamingResponse(blocks, media_type="text/plain; charset=utf-8", headers=headers)


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
    tail = end_of(backend, name, LineFilter(text, task, account), lines)
    with found(name):
        about = folder(backend).named(name)
    return _shaped(about) | {
        "records": tail.records,
        "bytes_read": tail.bytes_read,
        "is_whole": tail.is_whole,
    }


def end_of(backend: Backend, name: str, wanted: LineFilter, lines: int) -> Tail:
    """The newest records that fit. Raises RequestRefusedError (404)."""
    with found(name):
        return folder(backend).tail(name, wanted, lines)


def folder(backend: Backend) -> LogFolder:
    return LogFolder(backend.settings.log_dir)


@contextmanager
def found(name: str) -> Iterator[None]:
    """Turns LogNotFoundError into Refused (404)."""
    try:
        yield
    except LogNotFoundError as error:
        raise RequestRefusedError(
            HTTPStatus.NOT_FOUND, f"no log file is called {name!r} on this host; see /api/v1/logs"
        ) from error


def _shaped(one: LogFile) -> dict[str, Any]:
    return {
        "name": one.name,
        "service": one.service,
        "day": one.day or None,
        "bytes": one.bytes,
        "modified_at": iso_utc(one.modified_at),
    }
