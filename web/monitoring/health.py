"""`/healthz` and `/readyz`, open to everybody: they answer yes or no, and nothing else."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from starlette.responses import JSONResponse

from core.errors import BatonError
from storage.schema import schema
from web.state import TheBackend

router = APIRouter(tags=["health"])


# Not in a thread: it must not wait for the requests that occupy all of them.
@router.get("/healthz", summary="The server runs")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz", summary="The database answers, with the right tables")
def readyz(backend: TheBackend) -> JSONResponse:
    try:
        schema.require(backend.database)
    except BatonError:
        body = {"status": "unavailable", "detail": "the database cannot be used; see the log"}
        return JSONResponse(body, HTTPStatus.SERVICE_UNAVAILABLE)
    return JSONResponse({"status": "ok"})
