"""Webhooks: deliveries with filters, bodies and responses, and sending them again."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import SecretStr
from starlette.responses import Response

from core.logs import redact
from storage.distribution.deliveries import DeliveryKind, DeliveryState, Filter
from storage.operations import listings
from web.auth.access import Actor, Reader
from web.console.acting import acted
from web.console.language import language_of
from web.console.list_view import ListView, TheList
from web.console.screens import TheScreens
from web.lookups import existing_delivery
from web.paging import read_page
from web.parameters import RowId
from web.problems import RequestRefusedError
from web.requests import EndpointChoice, TestEvent
from web.state import TheBackend
from webhooks.outbox import url_hash
from webhooks.requests import BY_THE_OPERATOR, GIVEN_UP, EndpointRequest, ReplayRequest

router = APIRouter(include_in_schema=False)
HOME = "/admin/webhooks"
NO_FILTER = {"state": "", "kind": "", "task": "", "url": ""}
SENT_AGAIN = "{n} deliveries are due again."


@router.get("")
def webhooks(
    request: Request, backend: TheBackend, screens: TheScreens, visitor: Reader, view: TheList
) -> Response:
    """Show the deliveries that match, newest first, and the disabled callback URLs."""
    wanted = _filter(view.filters, view)
    found, more = read_page(
        backend.database, view.part, lambda tx, part: listings.deliveries(tx, part, wanted)
    )
    overview = backend.webhooks.overview(Filter(), 0)
    return screens.page(
        request,
        "webhooks",
        visitor,
        section="Webhooks",
        view=view,
        items=found,
        more=more,
        counts=overview.counts,
        disabled=overview.disabled,
        states=DeliveryState,
        kinds=DeliveryKind,
        chosen=NO_FILTER | view.filters,
        redact=redact,
    )


@router.get("/{delivery_id}")
def webhook(
    delivery_id: RowId,
    request: Request,
    backend: TheBackend,
    screens: TheScreens,
    visitor: Reader,
) -> Response:
    """Show one delivery with its body and attempts, redacted."""
    shown = existing_delivery(backend, delivery_id)
    return screens.page(
        request,
        "webhook",
        visitor,
        section="Webhooks",
        shown=shown,
        redact=redact,
        body=redact(_pretty(shown.delivery.body)),
    )


@router.post("/{delivery_id}/replay")
def replay_one(
    delivery_id: RowId,
    request: Request,
    backend: TheBackend,
    who: Actor,
) -> Response:
    """Make one delivery due again under its event id."""

    def act() -> str:
        existing_delivery(backend, delivery_id)
        count = backend.use_cases.webhooks.replay(who, ReplayRequest(ids=[delivery_id]))
        return language_of(request).say(SENT_AGAIN, n=count)

    return acted(request, HOME, act)


@router.post("/replay")
def replay_all(
    request: Request,
    backend: TheBackend,
    who: Actor,
    view: TheList,
) -> Response:
    """Make the listed deliveries due again, on all pages: the address carries the filters.

    Without a state only failed and given up ones are sent.
    """

    def act() -> str:
        count = backend.use_cases.webhooks.replay(who, _replay_of(view.filters, view))
        return language_of(request).say(SENT_AGAIN, n=count)

    return acted(request, HOME, act)


@router.post("/test")
def test(
    request: Request,
    backend: TheBackend,
    who: Actor,
    url: Annotated[str, Form()] = "",
    secret: Annotated[str, Form()] = "",
) -> Response:
    """Send a test event to a URL once, and show the response."""
    say = language_of(request).say

    def act() -> str:
        given = TestEvent.model_validate(
            {"url": url.strip(), "secret": SecretStr(secret.strip()) if secret.strip() else None}
        )
        delivery, outcome = backend.use_cases.webhooks.test(who, given.as_request())
        if outcome.state is not DeliveryState.DELIVERED:
            raise RequestRefusedError(
                HTTPStatus.BAD_GATEWAY,
                say(
                    "Not delivered: {why}",
                    why=language_of(request).problem(outcome.error or "?", backend.calendar.zone),
                ),
            )
        return say(
            "Delivered: HTTP {status}, event {event}.",
            status=outcome.status,
            event=delivery.event_id,
        )

    return acted(request, HOME, act)


@router.post("/{delivery_id}/disable")
def disable(
    delivery_id: RowId,
    request: Request,
    backend: TheBackend,
    who: Actor,
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Disable the callback URL of a delivery."""

    def act() -> str:
        given = EndpointChoice(delivery_id=delivery_id, reason=reason.strip() or BY_THE_OPERATOR)
        backend.use_cases.webhooks.disable(who, given.as_request())
        return language_of(request).say("Nothing more is sent to this URL; what is filed waits.")

    return acted(request, HOME, act)


@router.post("/{delivery_id}/enable")
def enable(delivery_id: RowId, request: Request, backend: TheBackend, who: Actor) -> Response:
    """Enable the callback URL of a delivery."""

    def act() -> str:
        given = EndpointChoice(delivery_id=delivery_id)
        backend.use_cases.webhooks.enable(who, given.as_request())
        return language_of(request).say("This URL is sent to again, also what waits.")

    return acted(request, HOME, act)


@router.post("/endpoints/{url_key}/enable")
def enable_endpoint(url_key: str, request: Request, backend: TheBackend, who: Actor) -> Response:
    """Enable a callback URL by its hash: the URL itself may hold a secret."""

    def act() -> str:
        disabled = backend.webhooks.overview(Filter(), 0).disabled
        urls = [endpoint.url for endpoint in disabled if endpoint.url_hash == url_key]
        if urls:
            backend.use_cases.webhooks.enable(who, EndpointRequest(url=urls[0]))
        return language_of(request).say("This URL is sent to again, also what waits.")

    return acted(request, HOME, act)


def _replay_of(given: dict[str, str], view: ListView) -> ReplayRequest:
    """Return the request for the listed deliveries; without a state for failed and given up
    ones."""
    wanted = _filter(given, view)
    return ReplayRequest(
        states=wanted.states or GIVEN_UP,
        kinds=wanted.kinds,
        task_id=wanted.task_id,
        url=given.get("url", "").strip() or None,
        since=wanted.since,
        until=wanted.until,
    )


def _filter(given: dict[str, str], view: ListView) -> Filter:
    state, kind = given.get("state", ""), given.get("kind", "")
    url = given.get("url", "").strip()
    return Filter(
        states=[DeliveryState(state)] if state in set(DeliveryState) else (),
        kinds=[DeliveryKind(kind)] if kind in set(DeliveryKind) else (),
        task_id=given.get("task", "").strip() or None,
        url_hash=url_hash(url) if url else None,
        since=view.part.since,
        until=view.part.until,
    )


def _pretty(body: str) -> str:
    """Return a JSON body with indentation; any other text unchanged."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body
