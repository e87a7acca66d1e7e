"""`/api/v1/status`: accounts, open tasks and their waits, the newest events, processes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from presentation.egress_views import circuit_object, cooling_object
from presentation.i18n.renderer import API_RENDERER
from presentation.json_rows import account_object, as_object, plain, view_object
from presentation.report_health import health_object
from storage.crawling import leases
from web.auth.access import Reader
from web.state import TheBackend

router = APIRouter(prefix="/status", tags=["status"])
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
