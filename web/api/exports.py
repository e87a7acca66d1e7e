"""`/api/v1/exports`: the files, and their proof."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import FileResponse

from core.errors import InvalidInputError
from crawler.export.verifier import VerificationResult
from presentation.json_rows import as_object
from storage.crawling import export_segments as rows
from storage.models.segments import Segment, SegmentState
from storage.operations import listings
from web.audit_log import ActionLog
from web.auth.access import Actor, Reader, Visitor
from web.backend import Backend
from web.paging import Page, Paging, page_of
from web.problems import RequestRefusedError, unknown
from web.state import TheActions, TheBackend

router = APIRouter(prefix="/exports", tags=["exports"])
SegmentId = Annotated[int, Path(ge=1, lt=2**63)]
MEDIA_TYPES = {".csv": "text/csv; charset=utf-8", ".jsonl": "application/jsonl"}


@router.get("", summary="Export files, newest first")
def list_exports(
    request: Request,
    backend: TheBackend,
    part: Paging,
    _who: Reader,
    domain: Annotated[str | None, Query(description="only of this domain")] = None,
    state: Annotated[SegmentState | None, Query(description="only in this state")] = None,
    account_id: Annotated[int | None, Query(description="only by this account")] = None,
    task_id: Annotated[int | None, Query(description="only of this task or piece")] = None,
) -> Page[dict[str, Any]]:
    return page_of(
        request,
        backend.database,
        part,
        lambda tx, part: listings.segments(
            tx, part, domain=domain, state=state, account_id=account_id, task_id=task_id
        ),
        as_object,
    )


@router.get("/{segment_id}", summary="One export file's row")
def show_export(segment_id: SegmentId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    return as_object(existing(backend, segment_id))


@router.get("/{segment_id}/file", summary="Download it", response_class=FileResponse)
def download_export(segment_id: SegmentId, backend: TheBackend, _who: Reader) -> FileResponse:
    path = file_of(backend, existing(backend, segment_id))
    media_type = MEDIA_TYPES.get(path.suffix, "application/octet-stream")
    return FileResponse(path, media_type=media_type, filename=path.name)


@router.post("/verify", summary="Prove that files, rows and quotas agree")
def verify_exports(
    backend: TheBackend,
    actions: TheActions,
    who: Actor,
    domain: Annotated[str | None, Query(description="only this domain")] = None,
) -> dict[str, Any]:
    return verified(backend, actions, who, domain).as_json()


@router.post("/{segment_id}/rebuild", summary="Write its file again from the database, here")
def rebuild_export(
    segment_id: SegmentId, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    rebuild(segment_id, backend, actions, who)
    return as_object(existing(backend, segment_id))


def rebuild(segment_id: int, backend: Backend, actions: ActionLog, who: Visitor) -> str:
    """Write the file again on this host, and note who asked. Raises RequestRefusedError (404, 409
    while it is being written), OutputError."""
    existing(backend, segment_id)
    with actions.action(who, "export.rebuild", str(segment_id)):
        try:
            return backend.sealer.rebuild(segment_id).path.name
        except InvalidInputError as error:
            raise RequestRefusedError(HTTPStatus.CONFLICT, str(error)) from error


def verified(
    backend: Backend, actions: ActionLog, who: Visitor, domain: str | None
) -> VerificationResult:
    """Verify, and note who asked."""
    with actions.action(who, "exports.verify", domain or "all"):
        return backend.verifier.verify(domain)


def existing(backend: Backend, segment_id: int) -> Segment:
    """The export file's row. Raises RequestRefusedError (404)."""
    segment = backend.database.read(rows.get, segment_id)
    if segment is None:
        raise unknown("export", segment_id, "/api/v1/exports")
    return segment


def file_of(backend: Backend, segment: Segment) -> FilePath:
    """The finished file on this host, within the export folder. Raises RequestRefusedError."""
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
