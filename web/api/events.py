"""`/api/v1/events`: the events of all accounts, newest first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from presentation.json_rows import as_object
from storage.operations import listings
from web.api.lists import ObjectPage, TheListing

router = APIRouter(prefix="/events", tags=["events"])


@router.get("", summary="Events of all accounts, newest first")
def list_events(
    listing: TheListing,
    kind: Annotated[str | None, Query(description="only of this kind, e.g. hand_over")] = None,
) -> ObjectPage:
    return listing.page(lambda tx, part: listings.events(tx, part, kind=kind), as_object)
