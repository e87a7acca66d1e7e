"""Videos that were handed in more than once: by several users, or for several tasks."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from distribution.shared_list import CountOnce
from web.console.list_view import TheList
from web.console.visits import Reading

router = APIRouter(include_in_schema=False)
RULES = {
    CountOnce.USER: "Each of them counts: a video counts once for each user of a task.",
    CountOnce.TASK: "Within a task only the first one counts.",
    CountOnce.ALL: "None of them counts: only the first completion of a video does.",
}


@router.get("")
def shared_videos(
    visit: Reading, view: TheList, same_task: Annotated[bool, Query()] = False
) -> Response:
    """Show the completions whose video was handed in before, newest first."""
    service = visit.backend.dramas
    return visit.list_page(
        "shared_videos",
        view,
        lambda tx, part: service.shared_videos(tx, part, same_task=same_task),
        same_task=same_task,
        rule=RULES[service.count_once],
    )
