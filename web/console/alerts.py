"""Alerts: open ones with advice, and resolved ones."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from storage.operations import listings
from web.auth.access import Actor, Reader
from web.background import begin_channel_test
from web.console.acting import acted
from web.console.language import language_of
from web.console.list_view import TheList
from web.console.overview import alert_row, open_alerts
from web.console.screens import TheScreens
from web.paging import read_page
from web.state import TheBackend

router = APIRouter(include_in_schema=False)


@router.get("")
def alerts(
    request: Request, backend: TheBackend, screens: TheScreens, visitor: Reader, view: TheList
) -> Response:
    """Show the open alerts, and the list of all, newest first."""
    page = screens.drawing(language_of(request))
    found, more = read_page(backend.database, view.part, listings.alerts)
    return screens.page(
        request,
        "alerts",
        visitor,
        section="Alerts",
        view=view,
        items=found,
        more=more,
        now_open=open_alerts(backend, page),
        rows=[alert_row(page, alert) for alert in found],
    )


@router.post("/test")
def test(request: Request, backend: TheBackend, who: Actor) -> Response:
    """Begin to send a test notice to every channel."""

    def act() -> str:
        begin_channel_test(backend, who)
        return language_of(request).say("A test notice goes to every channel.")

    return acted(request, "/admin/alerts", act)
