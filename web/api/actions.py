"""`/api/v1/actions`: who did what by command, console or API, newest first."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from presentation.json_rows import as_object
from storage.operations import listings
from web.auth.access import Reader
from web.paging import Page, Paging, page_of
from web.state import TheBackend

router = APIRouter(prefix="/actions", tags=["actions"])


@router.get("", summary="The log of actions, newest first")
def list_actions(
    request: Request,
    backend: TheBackend,
    part: Paging,
    _who: Reader,
    who: Annotated[
        str | None,
        Query(description="only by this token, or this user of the command line (cli:NAME)"),
    ] = None,
) -> Page[dict[str, Any]]:
    return page_of(
        request,
        backend.database,
        part,
        lambda tx, part: listings.actions(tx, part, who),
        as_object,
    )
