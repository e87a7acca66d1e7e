"""`/healthz` and `/readyz`, open to everybody: yes or no, and which work makes no progress."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse

from core.clock import iso_utc
from core.errors import BatonError
from storage.schema import schema
from web.backend import Backend
from web.state import TheBackend

router = APIRouter(tags=["health"])


# Not in a thread: it must not wait for the requests that occupy all of them.
@router.get("/healthz", summary="The server runs")
async def healthz(backend: TheBackend) -> dict[str, Any]:
    return _alive(backend)


@router.get("/readyz", summary="The database answers, with the right tables")
def readyz(backend: TheBackend) -> JSONResponse:
    try:
        schema.require(backend.database)
    except BatonError:
        body = {"status": "unavailable", "detail": "the database cannot be used; see the log"}
        return JSONResponse(body | _trouble(backend), HTTPStatus.SERVICE_UNAVAILABLE)
    return JSONResponse(_alive(backend))


def _alive(backend: Backend) -> dict[str, Any]:
    """Return the answer of a server that runs: `ok`, or `stalled` with what hangs since when.

    Both are answered with 200: a restart may help what hangs, but must be a person's decision.
    """
    stalled = backend.watchdog.stalled()
    if not stalled:
        return {"status": "ok"} | _trouble(backend)
    found = [{"what": work.what, "since": iso_utc(work.since)} for work in stalled]
    return {"status": "stalled", "stalled": found} | _trouble(backend)


def _trouble(backend: Backend) -> dict[str, Any]:
    """Return since when the database cannot be used, with the code of the cause; `{}` if it can.

    Not the sentence: it names server and user, which is nothing for everybody.
    """
    outage = backend.outages()
    if outage is None:
        return {}
    return {"database": {"since": iso_utc(outage.began_at), "cause": outage.cause.code}}
