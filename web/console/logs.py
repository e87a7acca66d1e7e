"""Logs: the files of a host, the end of one, and its download."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from core.errors import PeerFileNotFoundError, PeerUnreachableError
from storage.operations import hosts
from web.auth.access import Reader
from web.console.visits import Reading
from web.monitoring.host_logs import HostLogs
from web.monitoring.log_files import LineFilter
from web.parameters import HostName, LogName
from web.state import TheBackend

router = APIRouter(include_in_schema=False)
MAX_FILES = 500
LINES = (100, 200, 500, 1000)
USUAL_LINES = 200


@router.get("")
def logs(visit: Reading, service: Annotated[str, Query()] = "", host: HostName = "") -> Response:
    """Show the log files of a host, newest first; by default of the one that answers."""
    here = visit.backend.host
    files, trouble = [], None
    try:
        files = HostLogs(visit.backend, host).files()
    except (PeerFileNotFoundError, PeerUnreachableError) as error:
        trouble = error.message
    shown = [file for file in files if service in ("", file.service)]
    others = [row.host for row in visit.backend.database.read(hosts.every)]
    return visit.page(
        "logs",
        files=shown[:MAX_FILES],
        host=host or here,
        hosts=sorted({here, *others}),
        trouble_of_host=trouble,
        services=sorted({file.service for file in files}),
        chosen=service,
    )


@router.get("/{name:path}/file")
def download(name: LogName, backend: TheBackend, visitor: Reader, host: HostName = "") -> Response:
    """Return a whole log file."""
    return HostLogs(backend, host).download(name)


@router.get("/{name:path}")
def log(
    name: LogName,
    visit: Reading,
    host: HostName = "",
    text: Annotated[str, Query(max_length=200)] = "",
    task: Annotated[str, Query(max_length=200)] = "",
    account: Annotated[str, Query(max_length=200)] = "",
    lines: Annotated[str, Query()] = "",
) -> Response:
    """Show the newest records of a log file that match."""
    count = {str(number): number for number in LINES}.get(lines, USUAL_LINES)
    wanted = LineFilter(text.strip(), task.strip().removeprefix("#"), account.strip())
    about, tail = HostLogs(visit.backend, host).tail(name, wanted, count)
    return visit.page(
        "log",
        log=about,
        tail=tail,
        host=host or visit.backend.host,
        lines=count,
        line_counts=LINES,
        chosen={"text": text, "task": task, "account": account},
    )
