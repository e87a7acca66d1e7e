"""Webhooks: deliveries with filters, bodies and responses, and sending them again."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import SecretStr
from starlette.responses import RedirectResponse, Response

from core.errors import WrongFieldsError
from core.logs import redact
from storage.distribution.deliveries import DeliveryKind, DeliveryState, Filter
from storage.distribution.endpoints import Reopened
from storage.operations import listings
from web.console.list_view import ListView, TheList
from web.console.visits import Acting, Reading, Visit, action
from web.lookups import existing_delivery, existing_event
from web.parameters import EventId, RowId
from web.problems import RequestRefusedError
from web.requests import EndpointChoice, TestEvent
from webhooks.requests import (
    BY_THE_OPERATOR,
    GIVEN_UP,
    DeliveryQuery,
    EndpointRequest,
    ReplayRequest,
)

router = APIRouter(include_in_schema=False)
NO_FILTER = {"state": "", "kind": "", "task": "", "title": "", "event": "", "url": ""}
NOTHING = Filter(event_id="")  # no delivery has it
SENT_AGAIN = "{n} deliveries are due again."


@router.get("")
def webhooks(visit: Reading, view: TheList) -> Response:
    """Show the deliveries that match, newest first, and the disabled callback URLs."""
    chosen, problems = view.filters, dict[str, str]()
    try:
        wanted = _query(chosen, view).as_filter()
    except WrongFieldsError as error:
        problems = {field: visit.language.problem(one) for field, one in error.problems.items()}
        wanted = NOTHING
    overview = visit.backend.webhooks.overview(Filter(), 0)
    return visit.list_page(
        "webhooks",
        view,
        lambda tx, part: listings.deliveries(tx, part, wanted),
        counts=overview.counts,
        disabled=overview.disabled,
        states=DeliveryState,
        kinds=DeliveryKind,
        chosen=NO_FILTER | chosen,
        problems=problems,
        redact=redact,
    )


@router.get("/events/{event_id}")
def event(event_id: EventId, visit: Reading) -> Response:
    """Lead to the delivery that receivers know by an event id."""
    found = existing_event(visit.backend, event_id).delivery
    return RedirectResponse(f"/admin/webhooks/{found.id}", HTTPStatus.SEE_OTHER)


@router.get("/{delivery_id}")
def webhook(delivery_id: RowId, visit: Reading) -> Response:
    """Show one delivery with its body and attempts, redacted."""
    shown = existing_delivery(visit.backend, delivery_id)
    return visit.page(
        "webhook",
        shown=shown,
        days=visit.backend.settlement.told_days(shown.delivery),
        redact=redact,
        body=redact(_pretty(shown.delivery.body)),
    )


@router.post("/{delivery_id}/replay")
@action
def replay_one(delivery_id: RowId, visit: Acting) -> str:
    """Make one delivery due again under its event id."""
    existing_delivery(visit.backend, delivery_id)
    count = visit.use_cases.webhooks.replay(visit.who, ReplayRequest(ids=[delivery_id]))
    return visit.say(SENT_AGAIN, n=count)


@router.post("/replay")
@action
def replay_all(visit: Acting, view: TheList) -> str:
    """Make the listed deliveries due again, on all pages: the address carries the filters.

    Without a state only failed and given up ones are sent.
    """
    count = visit.use_cases.webhooks.replay(visit.who, _replay_of(view.filters, view))
    return visit.say(SENT_AGAIN, n=count)


@router.post("/test")
@action
def test(
    visit: Acting, url: Annotated[str, Form()] = "", secret: Annotated[str, Form()] = ""
) -> str:
    """Send a test event to a URL once, and show the response."""
    given = TestEvent.model_validate(
        {"url": url.strip(), "secret": SecretStr(secret.strip()) if secret.strip() else None}
    )
    delivery, outcome = visit.use_cases.webhooks.test(visit.who, given.as_request())
    if outcome.state is not DeliveryState.DELIVERED:
        raise RequestRefusedError(
            HTTPStatus.BAD_GATEWAY,
            visit.say(
                "Not delivered: {why}",
                why=visit.language.problem(outcome.error or "?", visit.backend.calendar.zone),
            ),
        )
    return visit.say(
        "Delivered: HTTP {status}, event {event}.", status=outcome.status, event=delivery.event_id
    )


@router.post("/{delivery_id}/disable")
@action
def disable(
    delivery_id: RowId, visit: Acting, reason: Annotated[str, Form(max_length=200)] = ""
) -> str:
    """Disable the callback URL of a delivery."""
    given = EndpointChoice(delivery_id=delivery_id, reason=reason.strip() or BY_THE_OPERATOR)
    visit.use_cases.webhooks.disable(visit.who, given.as_request())
    return visit.say("Nothing more is sent to this URL; what is filed waits.")


@router.post("/{delivery_id}/enable")
@action
def enable(delivery_id: RowId, visit: Acting) -> str:
    """Enable the callback URL of a delivery."""
    given = EndpointChoice(delivery_id=delivery_id)
    return _told(visit, visit.use_cases.webhooks.enable(visit.who, given.as_request()))


@router.post("/endpoints/{url_key}/enable")
@action
def enable_endpoint(url_key: str, visit: Acting) -> str:
    """Enable a callback URL by its hash: the URL itself may hold a secret."""
    disabled = visit.backend.webhooks.overview(Filter(), 0).disabled
    urls = [endpoint.url for endpoint in disabled if endpoint.url_hash == url_key]
    if not urls:
        return visit.say("This URL is enabled already.")
    return _told(visit, visit.use_cases.webhooks.enable(visit.who, EndpointRequest(url=urls[0])))


def _told(visit: Visit, reopened: Reopened) -> str:
    """Return what becomes of the deliveries to a callback URL that is enabled again."""
    text = visit.say(
        "This URL is sent to again: {waiting} waiting, {resent} refused by HTTP 410.",
        waiting=reopened.waiting,
        resent=reopened.resent,
    )
    if not reopened.given_up:
        return text
    more = visit.say(
        "{n} more were given up for other reasons: send them again below.", n=reopened.given_up
    )
    return f"{text} {more}"


def _replay_of(given: dict[str, str], view: ListView) -> ReplayRequest:
    """Return the request for the listed deliveries; without a state for failed and given up
    ones."""
    wanted = _query(given, view)
    return ReplayRequest(
        states=wanted.states or GIVEN_UP,
        kinds=wanted.kinds,
        task_id=wanted.task_id,
        title=wanted.title,
        event_id=wanted.event_id,
        url=wanted.url,
        since=wanted.since,
        until=wanted.until,
    )


def _query(given: dict[str, str], view: ListView) -> DeliveryQuery:
    """Return what the address asks for. Raise WrongFieldsError for a text that nothing can have."""
    state, kind = given.get("state", ""), given.get("kind", "")
    typed = {
        name: given.get(name, "").strip() or None for name in ("task", "title", "event", "url")
    }
    return DeliveryQuery(
        states=[DeliveryState(state)] if state in set(DeliveryState) else (),
        kinds=[DeliveryKind(kind)] if kind in set(DeliveryKind) else (),
        task_id=typed["task"],
        title=typed["title"],
        event_id=typed["event"],
        url=typed["url"],
        since=view.part.since,
        until=view.part.until,
    )


def _pretty(body: str) -> str:
    """Return a JSON body with indentation; any other text unchanged."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body
