"""`/api/v1/exports`: export files, their download and verification."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import FileResponse, Response

from core.errors import InvalidInputError
from presentation.i18n.renderer import API_RENDERER
from presentation.json_rows import as_object, verification_object
from storage.models.segments import SegmentState
from storage.operations import listings
from web.api.lists import ObjectPage, TheListing
from web.auth.access import Actor, Reader
from web.lookups import copied_file, existing_export, export_file
from web.parameters import IdFilter, RowId, TheCopyForm
from web.problems import refused_as
from web.state import TheBackend

router = APIRouter(prefix="/exports", tags=["exports"])


@router.get("", summary="Export files, newest first")
def list_exports(
    listing: TheListing,
    domain: Annotated[str | None, Query(description="only of this domain")] = None,
    state: Annotated[SegmentState | None, Query(description="only in this state")] = None,
    account_id: Annotated[IdFilter | None, Query(description="only by this account")] = None,
    task_id: Annotated[IdFilter | None, Query(description="only of this task or piece")] = None,
) -> ObjectPage:
    return listing.page(
        lambda tx, part: listings.segments(
            tx, part, domain=domain, state=state, account_id=account_id, task_id=task_id
        ),
        as_object,
    )


@router.get("/{segment_id}", summary="One export file's row")
def show_export(segment_id: RowId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    return as_object(existing_export(backend, segment_id))


@router.get("/{segment_id}/file", summary="Download it", response_class=FileResponse)
def download_export(segment_id: RowId, backend: TheBackend, _who: Reader) -> Response:
    return export_file(backend, existing_export(backend, segment_id))


@router.get(
    "/{segment_id}/copy",
    summary="Download its rows in another format, with other columns or headers",
    response_class=FileResponse,
)
def copy_export(
    segment_id: RowId, form: TheCopyForm, backend: TheBackend, who: Reader
) -> FileResponse:
    existing_export(backend, segment_id)
    with refused_as(HTTPStatus.CONFLICT, InvalidInputError):
        copied = backend.use_cases.exports.copy_to_download(who, segment_id, form)
    return copied_file(copied)


@router.post("/verify", summary="Prove that files, rows and quotas agree")
def verify_exports(
    backend: TheBackend,
    who: Actor,
    domain: Annotated[str | None, Query(description="only this domain")] = None,
    deep: Annotated[bool, Query(description="also compare every file's rows")] = False,
) -> dict[str, Any]:
    verdict = backend.use_cases.exports.verify(who, domain, deep=deep)
    return verification_object(verdict, API_RENDERER)


@router.post("/{segment_id}/rebuild", summary="Write its file again from the database, here")
def rebuild_export(segment_id: RowId, backend: TheBackend, who: Actor) -> dict[str, Any]:
    existing_export(backend, segment_id)
    with refused_as(HTTPStatus.CONFLICT, InvalidInputError):
        backend.use_cases.exports.rebuild(who, segment_id)
    return as_object(existing_export(backend, segment_id))
