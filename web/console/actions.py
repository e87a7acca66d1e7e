"""The log of actions: who did what by command, console or API, from where, and its outcome."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from storage.operations import listings
from web.auth.access import Reader
from web.console.list_view import TheList
from web.console.screens import TheScreens
from web.paging import read_page
from web.state import TheBackend

router = APIRouter(include_in_schema=False)


@router.get("")
def actions(
    request: Request, backend: TheBackend, screens: TheScreens, visitor: Reader, view: TheList
) -> Response:
    """Show the log of actions, newest first."""
    found, more = read_page(backend.database, view.part, listings.actions)
    return screens.page(
        request, "actions", visitor, section="Actions", view=view, items=found, more=more
    )
