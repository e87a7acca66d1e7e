"""The broadcaster: on or off, one round now, and the result of the newest."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from web.auth.access import Actor, Reader
from web.background import begin_broadcast
from web.console.acting import acted
from web.console.language import language_of
from web.console.screens import TheScreens
from web.state import TheBackend

router = APIRouter(include_in_schema=False)
HOME = "/admin/broadcaster"


@router.get("")
def broadcaster(
    request: Request, backend: TheBackend, screens: TheScreens, visitor: Reader
) -> Response:
    """Show whether broadcasting is on, and the newest round."""
    state = backend.broadcaster.status()
    return screens.page(
        request,
        "broadcaster",
        visitor,
        section="Broadcaster",
        state=state,
        started_at=_moment(state["started_at"]),
        finished_at=_moment(state["finished_at"]),
    )


@router.post("/start")
def start(request: Request, backend: TheBackend, who: Actor) -> Response:
    """Turn broadcasting on for all processes."""

    def act() -> str:
        backend.use_cases.broadcasts.start(who)
        return language_of(request).say("Broadcasting is on.")

    return acted(request, HOME, act)


@router.post("/stop")
def stop(request: Request, backend: TheBackend, who: Actor) -> Response:
    """Turn broadcasting off for all processes."""

    def act() -> str:
        backend.use_cases.broadcasts.stop(who)
        return language_of(request).say("Broadcasting is off.")

    return acted(request, HOME, act)


@router.post("/trigger")
def trigger(request: Request, backend: TheBackend, who: Actor) -> Response:
    """Begin one round now, as an operation."""

    def act() -> str:
        begin_broadcast(backend, who)
        return language_of(request).say("A round is begun; its result is shown here.")

    return acted(request, HOME, act)


def _moment(iso: str | None) -> datetime | None:
    return datetime.fromisoformat(iso) if iso else None
