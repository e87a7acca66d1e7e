"""`/api/v1/webhooks`: reports to receivers, their attempts, and sending them again."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query

from core.errors import InvalidInputError
from core.logs import redact
from core.message_json import message_keys
from distribution.settlement.serialization import told_day_object
from presentation.i18n.renderer import API_RENDERER
from presentation.json_rows import plain
from storage.distribution.deliveries import DeliveryKind, DeliveryState, Filter
from storage.distribution.endpoints import Endpoint
from storage.operations import listings
from web.api.lists import ObjectPage, Page, TheListing
from web.auth.access import Actor, Reader
from web.backend import Backend
from web.lookups import existing_delivery, existing_event
from web.parameters import EventId, RowId
from web.problems import refused_as
from web.requests import EndpointChoice, Replay, TestEvent
from web.state import TheBackend
from webhooks.requests import DeliveryQuery
from webhooks.serialization import delivery_details_object, delivery_object, trial_object
from webhooks.service import DeliveryDetails

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


@router.get("", summary="Deliveries, newest first")
def list_deliveries(
    listing: TheListing,
    state: Annotated[list[DeliveryState] | None, Query(description="only in these states")] = None,
    kind: Annotated[list[DeliveryKind] | None, Query(description="only of these kinds")] = None,
    task_id: Annotated[
        str | None, Query(description="only reports on this task, alone or among others")
    ] = None,
    title: Annotated[
        str | None, Query(description="only reports on a task whose title contains this")
    ] = None,
    event_id: Annotated[str | None, Query(description="only this event")] = None,
    url: Annotated[str | None, Query(description="only to this URL")] = None,
) -> ObjectPage:
    wanted = DeliveryQuery(
        states=state or (),
        kinds=kind or (),
        task_id=task_id,
        title=title,
        event_id=event_id,
        url=url,
    ).as_filter()
    return listing.page(
        lambda tx, part: listings.deliveries(tx, part, wanted),
        partial(delivery_object, render=API_RENDERER.sentence),
    )


@router.get("/endpoints", summary="URLs that nothing is sent to, newest decision first")
def list_disabled_endpoints(backend: TheBackend, _who: Reader) -> ObjectPage:
    disabled = backend.webhooks.overview(Filter(), 0).disabled
    return Page(items=[_endpoint_object(endpoint) for endpoint in disabled], next=None)


@router.post("/endpoints/disable", summary="Send nothing more to a URL; what is filed waits")
def disable_endpoint(given: EndpointChoice, backend: TheBackend, who: Actor) -> dict[str, bool]:
    request = given.as_request()
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        backend.use_cases.webhooks.disable(who, request)
    return {"enabled": False}


@router.post(
    "/endpoints/enable", summary="Send to a URL again, also what waits and what it refused by 410"
)
def enable_endpoint(given: EndpointChoice, backend: TheBackend, who: Actor) -> dict[str, Any]:
    request = given.as_request()
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        reopened = backend.use_cases.webhooks.enable(who, request)
    return {"enabled": True} | vars(reopened)


@router.post("/test", summary="Send a test event now, once")
def test_endpoint(given: TestEvent, backend: TheBackend, who: Actor) -> dict[str, Any]:
    delivery, outcome = backend.use_cases.webhooks.test(who, given.as_request())
    return trial_object(delivery, outcome, API_RENDERER.sentence)


@router.get("/events/{event_id}", summary="The delivery that a receiver knows by an event id")
def show_event(event_id: EventId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    return _with_days(backend, existing_event(backend, event_id))


@router.get("/{delivery_id}", summary="One delivery with its body and every attempt")
def show_delivery(delivery_id: RowId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    return _with_days(backend, existing_delivery(backend, delivery_id))


@router.post("/replay", summary="Send deliveries again, under the same event ids")
def replay_deliveries(given: Replay, backend: TheBackend, who: Actor) -> dict[str, int]:
    return {"replayed": backend.use_cases.webhooks.replay(who, given.as_request())}


def _with_days(backend: Backend, details: DeliveryDetails) -> dict[str, Any]:
    days = backend.settlement.told_days(details.delivery)
    shown = delivery_details_object(details, API_RENDERER.sentence)
    return shown | {"days": [told_day_object(day) for day in days]}


def _endpoint_object(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "url": redact(endpoint.url),
        **message_keys("reason", endpoint.reason, API_RENDERER.sentence),
        "changed_at": plain(endpoint.changed_at),
    }
