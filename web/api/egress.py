"""`/api/v1/egress` and `/api/v1/circuits`: routes, circuits, and what operators change."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from core.errors import InvalidInputError
from presentation.egress_views import circuit_object, route_object
from presentation.i18n.renderer import API_RENDERER
from presentation.json_rows import plain
from web.api.lists import ObjectPage, Page
from web.auth.access import Actor, Reader
from web.parameters import PlatformName
from web.problems import refused_as
from web.requests import RequestBody
from web.state import TheBackend

routes = APIRouter(prefix="/egress", tags=["egress"])
circuits = APIRouter(prefix="/circuits", tags=["egress"])
RouteName = Annotated[str, Path(max_length=80, description="from the list of routes")]


class Cooldown(RequestBody):
    """How long a route is left alone."""

    length: str = Field(max_length=20, description="such as 90s, 30m or 2h; at most 24h")


class CircuitChoice(RequestBody):
    """Which circuits of a platform are meant."""

    egress: str | None = Field(None, max_length=80, description="null: of every route")
    endpoint: str | None = Field(None, max_length=64, description="null: of every endpoint")


@routes.get("", summary="Egress routes by name")
def list_routes(backend: TheBackend, _who: Reader) -> ObjectPage:
    now = backend.clock.now()
    found = [route_object(one, API_RENDERER.text, now) for one in backend.egress.routes()]
    return Page(items=found, next=None)


@routes.post("/{name}/open", summary="End a route's cooldown")
def open_route(name: RouteName, backend: TheBackend, who: Actor) -> dict[str, Any]:
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        ended = backend.use_cases.egress.open(who, name)
    return {"name": name, "ended": ended}


@routes.post("/{name}/cooldown", summary="Leave a route alone for a while")
def cool_down(name: RouteName, wanted: Cooldown, backend: TheBackend, who: Actor) -> dict[str, Any]:
    until = backend.use_cases.egress.cool_down(who, name, wanted.length)
    return {"name": name, "cooldown_until": plain(until)}


@circuits.get("", summary="Circuits that are not closed")
def list_circuits(backend: TheBackend, _who: Reader) -> ObjectPage:
    found = [circuit_object(circuit) for circuit in backend.egress.circuits()]
    return Page(items=found, next=None)


@circuits.post("/{platform}/close", summary="Close circuits of a platform")
def close_circuits(
    platform: PlatformName, choice: CircuitChoice, backend: TheBackend, who: Actor
) -> ObjectPage:
    closed = backend.use_cases.egress.close_circuits(who, platform, choice.egress, choice.endpoint)
    return Page(items=[circuit_object(circuit) for circuit in closed], next=None)
