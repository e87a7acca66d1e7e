"""`/api/broadcaster`: the four calls that the settlement platform's operators know."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from core.cancellation import StoppedSignal
from core.requests import MAX_ID
from distribution.serialization import failure_object
from presentation.i18n.renderer import API_RENDERER
from web.api.lists import MAX_ROWS, USUAL_ROWS, ObjectPage, Page
from web.auth.access import Actor, Reader
from web.state import TheBackend

router = APIRouter(prefix="/api/broadcaster", tags=["broadcaster"])


@router.post("/start", summary="Turn broadcasting on")
def start(backend: TheBackend, who: Actor) -> dict[str, Any]:
    return backend.use_cases.broadcasts.start(who).as_json()


@router.post("/stop", summary="Turn broadcasting off")
def stop(backend: TheBackend, who: Actor) -> dict[str, Any]:
    return backend.use_cases.broadcasts.stop(who).as_json()


@router.post("/trigger", summary="One round now; answers at its end")
def trigger(backend: TheBackend, who: Actor) -> dict[str, Any]:
    try:
        return backend.use_cases.broadcasts.trigger(who, backend.ending).as_json()
    except StoppedSignal:
        return backend.broadcaster.status() | {
            "success": False,
            "message": "the server ends; nothing was reported",
        }


@router.get("/status", summary="Whether it is on, and how the newest round went")
def status(backend: TheBackend, _who: Reader) -> dict[str, Any]:
    return backend.broadcaster.status()


@router.get("/failures", summary="Tasks without numbers in the newest round, longest first")
def failures(
    backend: TheBackend,
    _who: Reader,
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS, description="rows at most")] = USUAL_ROWS,
    after: Annotated[int, Query(ge=0, le=MAX_ID, description="only ids above this")] = 0,
) -> ObjectPage:
    found = backend.broadcaster.failures(limit + 1, after)
    shown, more = found[:limit], len(found) > limit
    root = backend.settings.web_root_path
    query = f"limit={limit}&after={shown[-1].id}" if more else ""
    return Page(
        items=[failure_object(failure, API_RENDERER.sentence) for failure in shown],
        next=f"{root}{router.prefix}/failures?{query}" if more else None,
    )
