"""`/api/broadcaster`: the four calls that the settlement platform's operators know."""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter

from core.cancellation import StoppedSignal
from presentation.i18n.messages import LOG_RENDERER
from web.audit_log import ActionLog
from web.auth.access import Actor, Reader, Visitor
from web.backend import Backend
from web.operations import Operation, Tell
from web.problems import RequestRefusedError
from web.state import TheActions, TheBackend

router = APIRouter(prefix="/api/broadcaster", tags=["broadcaster"])


@router.post("/start", summary="Turn broadcasting on")
def start(backend: TheBackend, actions: TheActions, who: Actor) -> dict[str, Any]:
    with actions.action(who, "broadcaster.start", ""):
        return backend.broadcaster.start().as_json()


@router.post("/stop", summary="Turn broadcasting off")
def stop(backend: TheBackend, actions: TheActions, who: Actor) -> dict[str, Any]:
    with actions.action(who, "broadcaster.stop", ""):
        return backend.broadcaster.stop().as_json()


@router.post("/trigger", summary="One round now; answers at its end")
def trigger(backend: TheBackend, actions: TheActions, who: Actor) -> dict[str, Any]:
    return triggered(backend, actions, who)


@router.get("/status", summary="Whether it is on, and how the newest round went")
def status(backend: TheBackend, _who: Reader) -> dict[str, Any]:
    return backend.broadcaster.status()


def triggered(backend: Backend, actions: ActionLog, who: Visitor) -> dict[str, Any]:
    """One round, noted; a round under way is told as `"success": false`."""
    with actions.action(who, "broadcaster.trigger", ""):
        try:
            return backend.broadcaster.trigger(backend.ending).as_json()
        except StoppedSignal:
            return backend.broadcaster.status() | {
                "success": False,
                "message": "the server ends; nothing was reported",
            }


def begin_round(backend: Backend, actions: ActionLog, who: Visitor) -> Operation:
    """Begin a round without waiting for its end. Raises RequestRefusedError (409) while one is
    under way, here or in another process."""
    now = backend.broadcaster.status()
    if now["is_running"]:
        raise RequestRefusedError(
            HTTPStatus.CONFLICT, f"a round is under way since {now['started_at']}"
        )

    def work(stop: threading.Event, _tell: Tell) -> dict[str, Any]:
        told = backend.broadcaster.trigger(stop)
        if not told.success:
            raise RequestRefusedError(HTTPStatus.CONFLICT, LOG_RENDERER.sentence(told.message))
        return {"total": told.total, "succeeded": told.succeeded, "failed": told.failed}

    noted = actions.action(who, "broadcaster.trigger", "")
    return backend.operations.begin("broadcaster.trigger", "", who.name, noted, work)
