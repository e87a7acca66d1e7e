"""`/api/v1/status`: accounts, open tasks and their waits, the newest events, processes; hosts."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path

from core.errors import InvalidInputError
from presentation.egress_views import circuit_object, cooling_object
from presentation.i18n.renderer import API_RENDERER
from presentation.json_rows import account_object, as_object, plain, view_object
from presentation.report_health import health_object
from storage.crawling import leases
from web.api.lists import ObjectPage, Page
from web.auth.access import Actor, Reader
from web.problems import refused_as
from web.state import TheBackend
from web.use_cases.hosts import host_object

router = APIRouter(prefix="/status", tags=["status"])
hosts_router = APIRouter(prefix="/hosts", tags=["hosts"])
EVENTS = 20


@router.get("", summary="Everything at a glance")
def show_status(backend: TheBackend, _who: Reader) -> dict[str, Any]:
    snapshot = backend.progress.snapshot(events=EVENTS, lease_secs=backend.settings.lease_secs)
    workers = backend.database.read(leases.workers)
    return {
        "now": plain(snapshot.now),
        "quota_day_ends": plain(snapshot.day_ends),
        "accounts": [account_object(view) for view in snapshot.accounts],
        "tasks": [view_object(view) for view in snapshot.tasks],
        "events": [as_object(event) for event in snapshot.events],
        "workers": [as_object(worker) for worker in workers],
        "circuits": [circuit_object(circuit) for circuit in snapshot.circuits],
        "reports": health_object(backend.report_health.read(), API_RENDERER.sentence),
        "egress": [cooling_object(route, API_RENDERER.text) for route in snapshot.routes],
    }


@hosts_router.get("", summary="The machines that work on this database")
def list_hosts(backend: TheBackend, _who: Reader) -> ObjectPage:
    return Page(items=list(map(host_object, backend.use_cases.hosts.every())), next=None)


# Older FastAPI takes the word None of the annotation for a model, which a 204 has no place for.
@hosts_router.delete(
    "/{host}",
    status_code=HTTPStatus.NO_CONTENT,
    response_model=None,
    summary="Forget one that is gone for good",
)
def forget_host(
    host: Annotated[str, Path(max_length=255)], backend: TheBackend, who: Actor
) -> None:
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        backend.use_cases.hosts.forget(who, host)
