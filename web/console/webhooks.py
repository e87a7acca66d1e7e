"""The log of webhooks: filters, body and answers, sending one again or all that match."""

from __future__ import annotations

import dataclasses
import json

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.logs import redact
from reports.outbox import url_hash
from storage import listings
from storage.webhooks import DeliveryKind, DeliveryState, Filter
from web.access import Actor, Reader
from web.api.webhooks import DeliveryId, existing, replay
from web.console.acting import acted
from web.console.language import language_of
from web.console.list_view import ListView, TheList
from web.console.screens import TheScreens
from web.paging import read_page
from web.state import TheActions, TheBackend

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
        request, "webhooks", visitor, section="Webhooks", view=view, items=found, more=more,
        counts=overview.counts, disabled=overview.disabled, states=DeliveryState,
        kinds=DeliveryKind, chosen=NO_FILTER | view.filters, redact=redact,
    )  # fmt: skip


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
        request, "webhook", visitor, section="Webhooks", shown=shown, redact=redact,
        body=redact(_pretty(shown.delivery.body)),
    )  # fmt: skip


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


def _filter(given: dict[str, str], view: ListView) -> Filter:
    state, kind = given.get("state", ""), given.get("kind", "")
    url = given.get("url", "").strip()
    return Filter(
        states=[DeliveryState(state)] if state in set(DeliveryState) else (),
        kinds=[DeliveryKind(kind)] if kind in set(DeliveryKind) else (),
        task_id=given.get("task", "").strip() or None,
        url_hash=url_hash(url) if url else None,
        since=view.part.since, until=view.part.until,
    )  # fmt: skip


def _pretty(body: str) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body
