"""The broadcaster: its controls, the newest round with what failed, and the log of all reports."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query
from starlette.responses import Response

from core.logs import redact
from core.requests import MAX_ID
from storage.distribution.deliveries import DeliveryKind, DeliveryState, Filter
from storage.operations import listings
from web.background import begin_broadcast
from web.console.list_view import ListView, TheLog
from web.console.visits import Acting, Reading, action

E = TypeVar("E", bound=StrEnum)

router = APIRouter(include_in_schema=False)


@router.get("")
def broadcaster(
    visit: Reading, view: TheLog, failed_after: Annotated[int, Query(ge=0, le=MAX_ID)] = 0
) -> Response:
    """Show the controls of broadcasting, the newest round with what failed, and the log of all
    reports."""
    casting = visit.backend.broadcaster
    state = casting.status()
    failures = casting.failures(view.rows + 1, failed_after)
    wanted = Filter(states=_chosen(DeliveryState, view), kinds=_chosen(DeliveryKind, view))
    return visit.list_page(
        "broadcaster",
        view,
        lambda tx, part: listings.deliveries(tx, part, wanted),
        state=state,
        started_at=_moment(state["started_at"]),
        finished_at=_moment(state["finished_at"]),
        stale_since=_moment(state["stale_since"]),
        error=casting.last_error(),
        failures=failures[: view.rows],
        more_failures=len(failures) > view.rows,
        failed_after=failed_after,
        states=DeliveryState,
        kinds=DeliveryKind,
        chosen={"state": "", "kind": ""} | view.filters,
        redact=redact,
    )


@router.post("/start")
@action
def start(visit: Acting) -> str:
    """Turn broadcasting on for all processes."""
    visit.use_cases.broadcasts.start(visit.who)
    return visit.say("Broadcasting is on.")


@router.post("/stop")
@action
def stop(visit: Acting) -> str:
    """Turn broadcasting off for all processes."""
    visit.use_cases.broadcasts.stop(visit.who)
    return visit.say("Broadcasting is off.")


@router.post("/trigger")
@action
def trigger(visit: Acting) -> str:
    """Begin one broadcast round now, in the background."""
    begin_broadcast(visit.backend, visit.who)
    return visit.say("A round is begun; its result is shown here.")


def _chosen(kind: type[E], view: ListView) -> list[E]:
    """Return the value of a filter that the address names; empty for none, and for a wrong one."""
    name = "state" if kind is DeliveryState else "kind"
    return [one for one in kind if one == view.filters.get(name)]


def _moment(iso: str | None) -> datetime | None:
    return datetime.fromisoformat(iso) if iso else None
