"""`/api/broadcaster`: the four calls that the settlement platform's operators know."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from core.cancellation import StoppedSignal
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
