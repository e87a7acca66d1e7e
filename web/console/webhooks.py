"""The log of webhooks: filters, body and answers, sending one again or all that match."""

from __future__ import annotations

import dataclasses
import json
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import SecretStr
from starlette.responses import Response

from core.logs import redact
from presentation.i18n.renderer import FrontEnd, Language, Renderer
from storage.distribution.deliveries import DeliveryKind, DeliveryState, Filter
from storage.operations import listings
from web.api.webhooks import (
    DeliveryId,
    EndpointChoice,
    TestEvent,
    existing,
    replay,
    switch,
    try_endpoint,
)
from web.auth.access import Actor, Reader
from web.backend import Backend
from web.console.acting import acted
from web.console.language import language_of
from web.console.list_view import ListView, TheList
from web.console.screens import TheScreens
from web.paging import read_page
from web.problems import RequestRefusedError
from web.state import TheActions, TheBackend
from webhooks.outbox import url_hash
from webhooks.retry_policy import DeliveryOutcome

router = APIRouter(include_in_schema=False)
HOME = "/admin/webhooks"
GIVEN_UP = (DeliveryState.FAILED, DeliveryState.DEAD)
NO_FILTER = {"state": "", "kind": "", "task": "", "url": ""}
SENT_AGAIN = "{n} deliveries are due again."


@router.get("")
def webhooks(
    request: Request, backend: TheBackend, screens: TheScreens, visitor: Reader, view: TheList
) -> Response:
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
    delivery_id: DeliveryId,
    request: Request,
    backend: TheBackend,
    screens: TheScreens,
    visitor: Reader,
) -> Response:
    shown = existing(backend, delivery_id)
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
    delivery_id: DeliveryId,
    request: Request,
    backend: TheBackend,
    actions: TheActions,
    who: Actor,
) -> Response:
    def act() -> str:
        existing(backend, delivery_id)
        count = replay(Filter(ids=[delivery_id]), backend, actions, who)
        return language_of(request).say(SENT_AGAIN, n=count)

    return acted(request, HOME, act)


@router.post("/replay")
def replay_all(
    request: Request,
    backend: TheBackend,
    actions: TheActions,
    who: Actor,
    view: TheList,
) -> Response:
    """The address carries the filters of the list on which the button was; without a state what
    was delivered is left alone."""

    def act() -> str:
        wanted = _filter(view.filters, view)
        wanted = wanted if wanted.states else dataclasses.replace(wanted, states=GIVEN_UP)
        count = replay(wanted, backend, actions, who)
        return language_of(request).say(SENT_AGAIN, n=count)

    return acted(request, HOME, act)


@router.post("/test")
def test(
    request: Request,
    backend: TheBackend,
    actions: TheActions,
    who: Actor,
    url: Annotated[str, Form()] = "",
    secret: Annotated[str, Form()] = "",
) -> Response:
    say = language_of(request).say

    def act() -> str:
        given = TestEvent.model_validate(
            {"url": url.strip(), "secret": SecretStr(secret.strip()) if secret.strip() else None}
        )
        delivery, outcome = try_endpoint(given, backend, actions, who)
        if outcome.state is not DeliveryState.DELIVERED:
            raise RequestRefusedError(
                HTTPStatus.BAD_GATEWAY,
                say("Not delivered: {why}", why=_why(request, backend, outcome)),
            )
        return say(
            "Delivered: HTTP {status}, event {event}.",
            status=outcome.status,
            event=delivery.event_id,
        )

    return acted(request, HOME, act)


@router.post("/{delivery_id}/disable")
def disable(
    delivery_id: DeliveryId,
    request: Request,
    backend: TheBackend,
    actions: TheActions,
    who: Actor,
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    def act() -> str:
        given = EndpointChoice(delivery_id=delivery_id, reason=reason.strip() or "by the operator")
        switch(given, backend, actions, who, enabled=False)
        return language_of(request).say("Nothing more is sent to this URL; what is filed waits.")

    return acted(request, HOME, act)


@router.post("/{delivery_id}/enable")
def enable(
    delivery_id: DeliveryId, request: Request, backend: TheBackend, actions: TheActions, who: Actor
) -> Response:
    def act() -> str:
        given = EndpointChoice(delivery_id=delivery_id)
        switch(given, backend, actions, who, enabled=True)
        return language_of(request).say("This URL is sent to again, also what waits.")

    return acted(request, HOME, act)


@router.post("/endpoints/{url_key}/enable")
def enable_endpoint(
    url_key: str, request: Request, backend: TheBackend, actions: TheActions, who: Actor
) -> Response:
    """The key stands for the URL, which may hold a secret."""

    def act() -> str:
        disabled = backend.webhooks.overview(Filter(), 0).disabled
        urls = [one.url for one in disabled if one.url_hash == url_key]
        if urls:
            switch(EndpointChoice(url=urls[0]), backend, actions, who, enabled=True)
        return language_of(request).say("This URL is sent to again, also what waits.")

    return acted(request, HOME, act)


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
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body


def _why(request: Request, backend: Backend, outcome: DeliveryOutcome) -> str:
    if outcome.error is None:
        return "?"
    language = Language(language_of(request).code)
    renderer = Renderer(language, backend.calendar.zone, FrontEnd.CONSOLE)
    return redact(renderer.sentence(outcome.error))
