"""`/api/v1/alerts`: open and resolved alerts."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from alerts.serialization import alert_object
from presentation.i18n.renderer import API_RENDERER
from storage.operations import listings
from web.api.operations import GOES_ON, begun
from web.auth.access import Actor, Reader
from web.background import begin_channel_test
from web.paging import Page, Paging, page_of
from web.state import TheBackend

router = APIRouter(prefix="/alerts", tags=["alerts"])


@router.get("", summary="Alerts, newest first")
def list_alerts(
    request: Request,
    backend: TheBackend,
    part: Paging,
    _who: Reader,
    only_open: Annotated[bool, Query(description="leave out those that are over")] = False,
) -> Page[dict[str, Any]]:
    return page_of(
        request,
        backend.database,
        part,
        lambda tx, part: listings.alerts(tx, part, only_open=only_open),
        partial(alert_object, render=API_RENDERER.sentence),
    )


@router.post("/test", summary="Send a test notice to every channel", responses=GOES_ON)
def test_channels(response: Response, backend: TheBackend, who: Actor) -> dict[str, Any]:
    return begun(begin_channel_test(backend, who), response)
