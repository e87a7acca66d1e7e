"""`/api/v1/actions`: the log of actions by command, console and API, newest first."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from core.messages import Message
from presentation.json_rows import as_object
from storage.operations import listings
from storage.operations.audit_log import WebAction
from web.auth.access import Reader
from web.messages import sentences
from web.paging import Page, Paging, page_of
from web.state import TheBackend

router = APIRouter(prefix="/actions", tags=["actions"])


@router.get("", summary="The log of actions, newest first")
def list_actions(
    request: Request,
    backend: TheBackend,
    part: Paging,
    _who: Reader,
    who: Annotated[
        str | None,
        Query(description="only by this token, or this user of the command line (cli:NAME)"),
    ] = None,
) -> Page[dict[str, Any]]:
    return page_of(
        request,
        backend.database,
        part,
        lambda tx, part: listings.actions(tx, part, who),
        action_object,
    )


def action_object(row: WebAction) -> dict[str, Any]:
    """Return an action as JSON, with subject and outcome as sentences.

    Where they are messages, their codes and parameters stand beside them.
    """
    facts = {"subject": Message.load(row.subject), "outcome": Message.load(row.outcome)}
    return as_object(row) | sentences(facts)
