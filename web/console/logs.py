"""Logs: the files of this host, the end of one, and its download."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from web.auth.access import Reader
from web.console.screens import TheScreens
from web.lookups import log_details, log_file, log_folder, log_tail
from web.monitoring.log_files import LineFilter
from web.parameters import LogName
from web.state import TheBackend

router = APIRouter(include_in_schema=False)
MAX_FILES = 500
LINES = (100, 200, 500, 1000)
USUAL_LINES = 200


@router.get("")
def logs(
    request: Request,
    backend: TheBackend,
    screens: TheScreens,
    visitor: Reader,
    service: Annotated[str, Query()] = "",
) -> Response:
    """Show the log files of this host, newest first."""
    files = log_folder(backend).files()
    shown = [file for file in files if service in ("", file.service)]
    return screens.page(
        request,
        "logs",
        visitor,
        section="Logs",
        files=shown[:MAX_FILES],
        host=backend.host,
        services=sorted({file.service for file in files}),
        chosen=service,
    )


@router.get("/{name:path}/file")
def download(name: LogName, backend: TheBackend, visitor: Reader) -> Response:
    """Return a whole log file."""
    return log_file(backend, name)


@router.get("/{name:path}")
def log(
    name: LogName,
    request: Request,
    backend: TheBackend,
    screens: TheScreens,
    visitor: Reader,
    text: Annotated[str, Query(max_length=200)] = "",
    task: Annotated[str, Query(max_length=200)] = "",
    account: Annotated[str, Query(max_length=200)] = "",
    lines: Annotated[str, Query()] = "",
) -> Response:
    """Show the newest records of a log file that match."""
    count = {str(number): number for number in LINES}.get(lines, USUAL_LINES)
    wanted = LineFilter(text.strip(), task.strip().removeprefix("#"), account.strip())
    tail = log_tail(backend, name, wanted, count)
    about = log_details(backend, name)
    return screens.page(
        request,
        "log",
        visitor,
        section="Logs",
        log=about,
        tail=tail,
        lines=count,
        line_counts=LINES,
        chosen={"text": text, "task": task, "account": account},
    )
