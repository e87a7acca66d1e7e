"""Days of tasks that could not be counted yet: why, since when, and when they are counted again."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from core.messages import Message
from storage.operations import listings
from web.background import begin_scanning
from web.console.list_view import TheList
from web.console.visits import Acting, Reading, action
from web.requests import ScanOfDay

router = APIRouter(include_in_schema=False)


@router.get("")
def incomplete_days(
    visit: Reading,
    view: TheList,
    task: Annotated[str, Query()] = "",
    day: Annotated[str, Query()] = "",
    cause: Annotated[str, Query()] = "",
) -> Response:
    """Show the incomplete days of tasks: of one task, day or cause, or all."""
    wanted = _day(day)
    return visit.list_page(
        "incomplete_days",
        view,
        lambda tx, part: listings.daily_stats(
            tx, part, task or None, wanted, incomplete=True, cause=cause or None
        ),
        days=visit.backend.dramas.incomplete_days(),
        cause_code=lambda stored: Message.load(stored).code,
        chosen=(task, str(wanted or ""), cause),
    )


@router.post("/scan")
@action
def scan_day(visit: Acting, day: Annotated[str, Form()]) -> str:
    """Begin to count a day now, in the background."""
    begin_scanning(visit.backend, visit.who, ScanOfDay.model_validate({"day": day.strip()}))
    return visit.say("Begun; how it goes is shown here.")


def _day(text: str) -> date | None:
    """Return the day of a filter; None for any other text."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
