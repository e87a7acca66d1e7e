"""`/internal/v1`: what this host answers other hosts of the same database; read-only."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from core.errors import PeerRefusedError
from crawler.export.segment_files import measure
from storage.crawling import export_segments
from web.monitoring.host_logs import HostLogs, file_object, tail_object
from web.monitoring.log_files import LineFilter
from web.parameters import LogName, RowId
from web.peers.client import PREFIX
from web.peers.local_files import local_export_file
from web.peers.seals import HEADER
from web.problems import RequestRefusedError, not_found
from web.state import TheBackend

MAX_LINES = 2000
Word = Annotated[str, Query(max_length=200)]


def require_peer(request: Request, backend: TheBackend) -> None:
    """Do nothing for a request that another host of this database sealed.

    Raises:
        RequestRefusedError: 401 for any other.
    """
    path = request.scope["raw_path"].decode("ascii", "replace").partition("?")[0]
    query = request.scope["query_string"].decode("ascii", "replace")
    # A proxy may publish the console below a path of its own.
    target = path[path.index(PREFIX) :] + (f"?{query}" if query else "")
    try:
        backend.peers.seals.require(request.headers.get(HEADER, ""), target)
    except PeerRefusedError as error:
        raise RequestRefusedError(HTTPStatus.UNAUTHORIZED, error.message) from error


router = APIRouter(prefix=PREFIX, include_in_schema=False, dependencies=[Depends(require_peer)])


@router.get("/exports/{segment_id}/file")
def export(segment_id: RowId, backend: TheBackend) -> Response:
    """Return a sealed export file of this host."""
    segment = backend.database.read(export_segments.get, segment_id)
    if segment is None:
        raise not_found("segment_not_found", segment_id=segment_id)
    return local_export_file(backend.files, segment)


@router.get("/exports/{segment_id}/hash")
def export_hash(segment_id: RowId, backend: TheBackend) -> dict[str, Any]:
    """Return size and SHA-256 of an export file as it is here; null when it cannot be read."""
    segment = backend.database.read(export_segments.get, segment_id)
    if segment is None or segment.file_path is None:
        return {"bytes": None, "sha256": None}
    try:
        size, digest = measure(backend.files.locate(segment.file_path))
    except OSError:
        return {"bytes": None, "sha256": None}
    return {"bytes": size, "sha256": digest}


@router.get("/logs")
def logs(backend: TheBackend) -> list[dict[str, Any]]:
    """Return the log files of this host."""
    return [file_object(file) for file in HostLogs(backend).files()]


@router.get("/logs/{name:path}/file")
def log_file(name: LogName, backend: TheBackend) -> Response:
    """Return a whole log file of this host."""
    return HostLogs(backend).download(name)


@router.get("/logs/{name:path}")
def log_tail(
    name: LogName,
    backend: TheBackend,
    lines: Annotated[int, Query(ge=1, le=MAX_LINES)],
    text: Word = "",
    task: Word = "",
    account: Word = "",
) -> dict[str, Any]:
    """Return the end of a log file of this host."""
    return tail_object(*HostLogs(backend).tail(name, LineFilter(text, task, account), lines))
