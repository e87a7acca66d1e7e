"""The broadcaster: on or off, one round now, and how the newest went."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from web.api import broadcaster as calls
from web.auth.access import Actor, Reader
from web.console.acting import acted
from web.console.language import language_of
from web.console.screens import TheScreens
from web.state import TheActions, TheBackend

router = APIRouter(include_in_schema=False)
HOME = "/admin/broadcaster"


@router.get("")
def broadcaster(
    request: Request, backend: TheBackend, screens: TheScreens, visitor: Reader
) -> Response:
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
def start(request: Request, backend: TheBackend, actions: TheActions, who: Actor) -> Response:
    def act() -> str:
        calls.start(backend, actions, who)
        return language_of(request).say("Broadcasting is on.")

    return acted(request, HOME, act)


@router.post("/stop")
def stop(request: Request, backend: TheBackend, actions: TheActions, who: Actor) -> Response:
    def act() -> str:
        calls.stop(backend, actions, who)
        return language_of(request).say("Broadcasting is off.")

    return acted(request, HOME, act)


@router.post("/trigger")
def trigger(request: Request, backend: TheBackend, actions: TheActions, who: Actor) -> Response:
    def act() -> str:
        calls.begin_round(backend, actions, who)
        return language_of(request).say("A round is begun; its result is shown here.")

    return acted(request, HOME, act)


def _moment(iso: str | None) -> datetime | None:
    return datetime.fromisoformat(iso) if iso else None
