"""The pages that were ingested: who, when, what of which domain, and what each brought in."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from core.errors import InvalidInputError
from core.messages import Message
from core.requests import MAX_ID
from crawler.creators.day_report import day_named
from web.console.visits import Reading
from web.parameters import id_typed

router = APIRouter(include_in_schema=False)
Typed = Annotated[str, Query(max_length=255)]
ROWS = 50


@router.get("")
def ingestion_logs(
    visit: Reading,
    domain: Typed = "",
    account: Typed = "",
    task: Typed = "",
    day: Typed = "",
    creators: Typed = "",
    before: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
) -> Response:
    """Show the newest logs that match; a task or day that cannot be read is told at its field."""
    problems: dict[str, Message] = {}
    task_id = wanted = None
    try:
        wanted = day_named(day)
    except InvalidInputError as error:
        problems["day"] = error.message
    try:
        task_id = id_typed(task)
    except InvalidInputError as error:
        problems["task"] = error.message
    chosen = {"domain": domain, "account": account, "task": task, "day": day, "creators": creators}
    found = visit.backend.ingestion_logs.page(
        domain=domain.strip() or None,
        account=account.strip() or None,
        task_id=task_id,
        day=wanted,
        before=before,
        limit=ROWS,
        with_creators=bool(creators),
    )
    given = {name: text for name, text in chosen.items() if text}
    path = visit.request.scope["path"]
    return visit.page(
        "ingestion_logs",
        logs=found.logs,
        creators=found.creators,
        chosen=chosen,
        problems={name: visit.language.problem(one) for name, one in problems.items()},
        newest=f"{path}?{urlencode(given)}" if before else None,
        older=f"{path}?{urlencode(given | {'before': str(found.before)})}"
        if found.before
        else None,
    )
