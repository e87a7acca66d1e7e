"""Every work without numbers in the newest hour, with the reason."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from web.console.visits import Reading

router = APIRouter(include_in_schema=False)
ROWS = 200
MAX_PAGE = 10_000


@router.get("/failed")
def failed(visit: Reading, page: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 1) -> Response:
    """Show a part of the works that failed, by platform and id."""
    history = visit.backend.view_history
    newest = history.newest_hour()
    found = [] if newest is None else history.failures(newest, ROWS + 1, (page - 1) * ROWS)
    return visit.page(
        "failed_works",
        hour=newest,
        rows=found[:ROWS],
        number=page,
        more=len(found) > ROWS,
    )
