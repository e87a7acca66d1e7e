"""`/api/v1/events`: the events of all accounts, newest first."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from presentation.json_rows import as_object
from storage.operations import listings
from web.auth.access import Reader
from web.paging import Page, Paging, page_of
from web.state import TheBackend

router = APIRouter(prefix="/events", tags=["events"])


@router.get("", summary="Events of all accounts, newest first")
def list_events(
    request: Request,
    backend: TheBackend,
    part: Paging,
    _who: Reader,
    kind: Annotated[str | None, Query(description="only of this kind, e.g. hand_over")] = None,
) -> Page[dict[str, Any]]:
    return page_of(
        request,
        backend.database,
        part,
        lambda tx, part: listings.events(tx, part, kind=kind),
        as_object,
    )
