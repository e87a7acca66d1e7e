"""`/api/v1/works`: add videos by links, from files, or from a creator's uploads."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from web.api.operations import GOES_ON, begun
from web.auth.access import Actor
from web.background import begin_adding_works, begin_discovering_works, begin_importing_works
from web.requests import Creator, NewWorks, WorksFile
from web.state import TheBackend

router = APIRouter(prefix="/works", tags=["works"])


@router.post("", summary="Add videos by their links", responses=GOES_ON)
def add_works(
    given: NewWorks, response: Response, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    return begun(begin_adding_works(backend, who, given), response)


@router.post(
    "/import", summary="Add and change videos from a file; twice changes nothing", responses=GOES_ON
)
def import_works(
    given: WorksFile, response: Response, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    return begun(begin_importing_works(backend, who, given), response)


@router.post("/discover", summary="Add all that a creator uploaded to Bilibili", responses=GOES_ON)
def discover_works(
    given: Creator, response: Response, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    return begun(begin_discovering_works(backend, who, given), response)
