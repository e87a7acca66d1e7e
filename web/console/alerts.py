"""Alerts: open ones with advice, and resolved ones."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from storage.operations import listings
from web.background import begin_channel_test
from web.console.list_view import TheList
from web.console.overview import alert_row, open_alerts
from web.console.visits import Acting, Reading, action
from web.paging import read_page

router = APIRouter(include_in_schema=False)


@router.get("")
def alerts(visit: Reading, view: TheList) -> Response:
    """Show the open alerts, and the list of all, newest first."""
    page = visit.drawing()
    found, more = read_page(visit.backend.database, view.part, listings.alerts)
    return visit.page(
        "alerts",
        view=view,
        items=found,
        more=more,
        now_open=open_alerts(visit.backend, page),
        rows=[alert_row(page, alert) for alert in found],
    )


@router.post("/test")
@action
def test(visit: Acting) -> str:
    """Begin to send a test notice to every channel."""
    begin_channel_test(visit.backend, visit.who)
    return visit.say("A test notice goes to every channel.")
