"""`/api/v1/events` and `/api/v1/actions`: what happened to the accounts, and who did what."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from core.message_json import message_keys
from presentation.i18n.renderer import API_RENDERER
from presentation.json_rows import as_object
from storage.operations import listings
from storage.operations.audit_log import WebAction
from web.api.lists import ObjectPage, TheListing

router = APIRouter(prefix="/events", tags=["events"])
actions = APIRouter(prefix="/actions", tags=["actions"])


@router.get("", summary="Events of all accounts, newest first")
def list_events(
    listing: TheListing,
    kind: Annotated[str | None, Query(description="only of this kind, e.g. hand_over")] = None,
) -> ObjectPage:
    return listing.page(lambda tx, part: listings.events(tx, part, kind=kind), as_object)


@actions.get("", summary="The log of actions, newest first")
def list_actions(
    listing: TheListing,
    who: Annotated[
        str | None,
        Query(description="only by this token, or this user of the command line (cli:NAME)"),
    ] = None,
) -> ObjectPage:
    return listing.page(lambda tx, part: listings.actions(tx, part, who), action_object)


def action_object(row: WebAction) -> dict[str, Any]:
    """Return an entry of the log of actions as JSON.

    Subject and outcome are English sentences, with codes and parameters beside them.
    """
    subject = message_keys("subject", row.subject, API_RENDERER.sentence)
    return as_object(row) | subject | message_keys("outcome", row.outcome, API_RENDERER.sentence)
