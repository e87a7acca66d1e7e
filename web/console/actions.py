"""The log of actions: who did what by command, console or API, from where, and its outcome."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from storage.operations import listings
from web.console.list_view import TheList
from web.console.visits import Reading

router = APIRouter(include_in_schema=False)


@router.get("")
def actions(visit: Reading, view: TheList) -> Response:
    """Show the log of actions, newest first."""
    return visit.list_page("actions", view, listings.actions)
