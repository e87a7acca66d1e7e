"""Egress routes and circuits: what is left alone, until when and why; open, close, leave alone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from presentation.egress_views import evidence_summary, route_reason
from storage.crawling.source_states import CircuitState
from web.console.visits import Acting, Reading, action

router = APIRouter(include_in_schema=False)


@router.get("")
def egress(visit: Reading) -> Response:
    """Show the routes, those in cooldown first, and the circuits that are not closed."""
    now = visit.backend.clock.now()
    routes = visit.backend.egress.routes()
    routes.sort(key=lambda one: not one.route.is_cooling(now))
    return visit.page(
        "egress",
        routes=[(one, route_reason(one.route)) for one in routes],
        circuits=[
            (circuit, evidence_summary(circuit.evidence))
            for circuit in visit.backend.egress.circuits()
        ],
        opened=CircuitState.OPEN,
    )


@router.post("/open")
@action
def open_route(name: Annotated[str, Form()], visit: Acting) -> str:
    """End a route's cooldown."""
    ended = visit.use_cases.egress.open(visit.who, name)
    said = "{name} is used again." if ended else "{name} was not in cooldown."
    return visit.say(said, name=name)


@router.post("/cooldown")
@action
def cool_down(name: Annotated[str, Form()], length: Annotated[str, Form()], visit: Acting) -> str:
    """Leave a route alone for a while."""
    visit.use_cases.egress.cool_down(visit.who, name, length)
    return visit.say("{name} is left alone for {length}.", name=name, length=length)


@router.post("/circuits/close")
@action
def close_circuit(
    platform: Annotated[str, Form()],
    egress: Annotated[str, Form()],
    endpoint: Annotated[str, Form()],
    visit: Acting,
) -> str:
    """Close one circuit."""
    closed = visit.use_cases.egress.close_circuits(visit.who, platform, egress, endpoint)
    said = "{platform} is asked again." if closed else "That circuit was closed already."
    return visit.say(said, platform=platform)
