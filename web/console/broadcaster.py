"""The broadcaster: on or off, one round now, and the result of the newest."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from web.background import begin_broadcast
from web.console.visits import Acting, Reading, action

router = APIRouter(include_in_schema=False)


@router.get("")
def broadcaster(visit: Reading) -> Response:
    """Show whether broadcasting is on, and the newest round."""
    state = visit.backend.broadcaster.status()
    return visit.page(
        "broadcaster",
        state=state,
        started_at=_moment(state["started_at"]),
        finished_at=_moment(state["finished_at"]),
    )


@router.post("/start")
@action
def start(visit: Acting) -> str:
    """Turn broadcasting on for all processes."""
    visit.use_cases.broadcasts.start(visit.who)
    return visit.say("Broadcasting is on.")


@router.post("/stop")
@action
def stop(visit: Acting) -> str:
    """Turn broadcasting off for all processes."""
    visit.use_cases.broadcasts.stop(visit.who)
    return visit.say("Broadcasting is off.")


@router.post("/trigger")
@action
def trigger(visit: Acting) -> str:
    """Begin one broadcast round now, in the background."""
    begin_broadcast(visit.backend, visit.who)
    return visit.say("A round is begun; its result is shown here.")


def _moment(iso: str | None) -> datetime | None:
    return datetime.fromisoformat(iso) if iso else None
