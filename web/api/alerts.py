"""`/api/v1/alerts`: what is wrong, or was."""

from __future__ import annotations

import threading
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from alerts.channels import SETTING
from alerts.serialization import alert_object
from core.message_json import message_keys
from presentation.i18n.alert_messages import AlertRenderer
from presentation.i18n.messages import API_RENDERER, texts_for
from storage.operations import listings
from web.api.operations import GOES_ON, begun
from web.audit_log import ActionLog
from web.auth.access import Actor, Reader, Visitor
from web.backend import Backend
from web.operations import Operation, Tell
from web.paging import Page, Paging, page_of
from web.problems import RequestRefusedError
from web.state import TheActions, TheBackend

router = APIRouter(prefix="/alerts", tags=["alerts"])


@router.get("", summary="Alerts, newest first")
def list_alerts(
    request: Request,
    backend: TheBackend,
    part: Paging,
    _who: Reader,
    only_open: Annotated[bool, Query(description="leave out those that are over")] = False,
) -> Page[dict[str, Any]]:
    return page_of(
        request,
        backend.database,
        part,
        lambda tx, part: listings.alerts(tx, part, only_open=only_open),
        partial(alert_object, render=API_RENDERER.sentence),
    )


@router.post("/test", summary="Send a test notice to every channel", responses=GOES_ON)
def test_channels(
    response: Response, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, Any]:
    return begun(try_channels(backend, actions, who), response)


def try_channels(backend: Backend, actions: ActionLog, who: Visitor) -> Operation:
    """Begin to send a test notice to every channel. Raises RequestRefusedError (409) when"
    " there is none."""
    channels = backend.channels()
    if not channels:
        raise RequestRefusedError(
            HTTPStatus.CONFLICT,
            f"no channel is configured: set {SETTING} (environment or .env), for example"
            f" {SETTING}=dingtalk://TOKEN",
        )
    words = AlertRenderer(texts=texts_for(backend.settings.language), zone=backend.calendar.zone)
    message = words.test_message(backend.host)

    def work(_stop: threading.Event, tell: Tell) -> dict[str, Any]:
        told: list[dict[str, Any]] = []
        for channel in channels:
            refusal = message_keys("refusal", channel.send(message), API_RENDERER.sentence)
            told.append({"channel": channel.name, **refusal})
            tell(_sums(told))
        return _sums(told)

    noted = actions.action(who, "alerts.test", f"{len(channels)} channels")
    return backend.operations.begin("alerts.test", "", who.name, noted, work)


def _sums(told: list[dict[str, Any]]) -> dict[str, Any]:
    refused = [one for one in told if one["refusal"] is not None]
    return {"accepted": len(told) - len(refused), "refused": len(refused), "channels": list(told)}
