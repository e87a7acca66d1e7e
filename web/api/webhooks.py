"""`/api/v1/webhooks`: reports to receivers, their attempts, and sending them again."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field, SecretStr

from core.errors import InvalidInputError
from core.logs import redact
from core.message_json import message_keys
from presentation.i18n.messages import API_RENDERER
from presentation.json_rows import plain
from storage.distribution.deliveries import Delivery, DeliveryKind, DeliveryState, Filter
from storage.distribution.endpoints import Endpoint
from storage.operations import listings
from web.audit_log import ActionLog
from web.auth.access import Actor, Reader, Visitor
from web.backend import Backend
from web.paging import Page, Paging, page_of
from web.problems import RequestRefusedError
from web.state import TheActions, TheBackend
from webhooks.outbox import url_hash
from webhooks.retry_policy import DeliveryOutcome
from webhooks.serialization import (
    delivery_details_object,
    delivery_object,
    trial_object,
)
from webhooks.service import DeliveryDetails

router = APIRouter(prefix="/webhooks", tags=["webhooks"])
DeliveryId = Annotated[int, Path(ge=1, lt=2**63)]
MAX_URL_LETTERS = 2000
Url = Annotated[str, Field(min_length=1, max_length=MAX_URL_LETTERS)]


class Replay(BaseModel):
    """Which deliveries to send again; all conditions hold together, and one at least is needed."""

    ids: list[int] = Field([], max_length=1000)
    states: list[DeliveryState] = Field([], description="default, without ids: failed and dead")
    kinds: list[DeliveryKind] = []
    task_id: str | None = None
    url: str | None = None
    since: datetime | None = Field(None, description="filed then or later")
    until: datetime | None = Field(None, description="filed before")

    def as_filter(self) -> Filter:
        """Raises InvalidInputError when nothing narrows it."""
        if not any(vars(self).values()):
            raise InvalidInputError("say which: ids, states, kinds, task_id, url, since or until")
        usual = () if self.ids else (DeliveryState.FAILED, DeliveryState.DEAD)
        return Filter(
            ids=self.ids,
            states=self.states or usual,
            kinds=self.kinds,
            task_id=self.task_id,
            url_hash=url_hash(self.url) if self.url else None,
            since=self.since,
            until=self.until,
        )


class EndpointChoice(BaseModel):
    """A URL, or a delivery that goes there."""

    url: Url | None = None
    delivery_id: int | None = Field(None, ge=1, lt=2**63)
    reason: str = Field("by the operator", max_length=200, description="why it is disabled")


class TestEvent(BaseModel):
    url: Url
    secret: SecretStr | None = Field(None, max_length=1000, description="signs it: whsec_...")


@router.get("", summary="Deliveries, newest first")
def list_deliveries(
    request: Request,
    backend: TheBackend,
    part: Paging,
    _who: Reader,
    state: Annotated[list[DeliveryState] | None, Query(description="only in these states")] = None,
    kind: Annotated[list[DeliveryKind] | None, Query(description="only of these kinds")] = None,
    task_id: Annotated[str | None, Query(description="only of this task")] = None,
    url: Annotated[str | None, Query(description="only to this URL")] = None,
) -> Page[dict[str, Any]]:
    wanted = Filter(
        states=state or (),
        kinds=kind or (),
        task_id=task_id,
        url_hash=url_hash(url) if url else None,
    )
    return page_of(
        request,
        backend.database,
        part,
        lambda tx, part: listings.deliveries(tx, part, wanted),
        partial(delivery_object, render=API_RENDERER.sentence),
    )


@router.get("/endpoints", summary="URLs that nothing is sent to, newest decision first")
def list_disabled_endpoints(backend: TheBackend, _who: Reader) -> Page[dict[str, Any]]:
    disabled = backend.webhooks.overview(Filter(), 0).disabled
    return Page(items=[_endpoint(one) for one in disabled], next=None)


@router.post("/endpoints/disable", summary="Send nothing more to a URL; what is filed waits")
def disable_endpoint(
    given: EndpointChoice, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, bool]:
    switch(given, backend, actions, who, enabled=False)
    return {"enabled": False}


@router.post("/endpoints/enable", summary="Send to a URL again, also what waits")
def enable_endpoint(
    given: EndpointChoice, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, bool]:
    switch(given, backend, actions, who, enabled=True)
    return {"enabled": True}


@router.post("/test", summary="Send a test event now, once")
def test_endpoint(
    given: TestEvent, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    delivery, outcome = try_endpoint(given, backend, actions, who)
    return trial_object(delivery, outcome, API_RENDERER.sentence)


@router.get("/{delivery_id}", summary="One delivery with its body and every attempt")
def show_delivery(delivery_id: DeliveryId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    return delivery_details_object(existing(backend, delivery_id), API_RENDERER.sentence)


@router.post("/replay", summary="Send deliveries again, under the same event ids")
def replay_deliveries(
    given: Replay, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, int]:
    return {"replayed": replay(given.as_filter(), backend, actions, who)}


def replay(wanted: Filter, backend: Backend, actions: ActionLog, who: Visitor) -> int:
    """Make what matches due again, and note who asked; how many."""
    with actions.action(who, "webhook.replay", _described(wanted)):
        return backend.webhooks.replay(wanted)


def existing(backend: Backend, delivery_id: int) -> DeliveryDetails:
    """The delivery with its attempts. Raises RequestRefusedError (404)."""
    try:
        return backend.webhooks.show(delivery_id)
    except InvalidInputError as error:
        raise RequestRefusedError(HTTPStatus.NOT_FOUND, str(error)) from error


def switch(
    given: EndpointChoice, backend: Backend, actions: ActionLog, who: Visitor, *, enabled: bool
) -> None:
    """Send to a URL again, or no more. Raises RequestRefusedError (404) for one that nothing"
    " was filed for."""
    if (given.url is None) == (given.delivery_id is None):
        raise InvalidInputError("give a url, or the delivery_id of a delivery to it")
    url = existing(backend, given.delivery_id).delivery.url if given.delivery_id else given.url
    word = "enable" if enabled else "disable"
    with actions.action(who, f"webhook.{word}", redact(url or "")):
        try:
            backend.webhooks.set_enabled(url or "", enabled=enabled, reason=given.reason)
        except InvalidInputError as error:
            raise RequestRefusedError(HTTPStatus.NOT_FOUND, str(error)) from error


def try_endpoint(
    given: TestEvent, backend: Backend, actions: ActionLog, who: Visitor
) -> tuple[Delivery, DeliveryOutcome]:
    """Send a test event, and note who did. Raises InvalidInputError, CredentialsError."""
    secret = given.secret.get_secret_value().strip() if given.secret else ""
    with actions.action(who, "webhook.test", redact(given.url)):
        return backend.webhooks.test(given.url.strip(), secret or None)


def _endpoint(one: Endpoint) -> dict[str, Any]:
    return {
        "url": redact(one.url),
        **message_keys("reason", one.reason, API_RENDERER.sentence),
        "changed_at": plain(one.changed_at),
    }


def _described(wanted: Filter) -> str:
    """As the log of actions has it."""
    parts = {
        "ids": ",".join(map(str, wanted.ids)),
        "states": ",".join(wanted.states),
        "kinds": ",".join(wanted.kinds),
        "task": wanted.task_id,
        "since": wanted.since,
        "until": wanted.until,
        "url": wanted.url_hash and wanted.url_hash[:8],
    }
    return " ".join(f"{name}={value}" for name, value in parts.items() if value)
