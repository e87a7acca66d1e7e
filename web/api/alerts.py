"""`/api/v1/alerts`: what is wrong, or was."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from crawler.shapes import as_object
from storage import listings
from web.access import Reader
from web.paging import Page, Paging, page_of
from web.state import TheBackend

router = APIRouter(prefix="/alerts", tags=["alerts"])


@router.get("", summary="Alerts, newest first")
def list_alerts(
    request: Request,
    backend: TheBackend,
    part: Paging,
    _who: Reader,
    only_open: Annotated[bool, Query(description="leave out those that are over")] = False,
) -> Page[dict[str, Any]]:
    return page_of(
        request, backend.database, part,
        lambda tx, part: listings.alerts(tx, part, only_open=only_open), as_object,
    )  # fmt: skip
