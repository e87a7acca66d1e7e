"""Hosts: the machines that work on the database, what each runs, and when it was seen last."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from web.console.visits import Acting, Reading, action
from web.use_cases.hosts import have_different_zones

router = APIRouter(include_in_schema=False)


@router.get("")
def hosts(visit: Reading) -> Response:
    """Show every host by name."""
    found = visit.use_cases.hosts.every()
    return visit.page("hosts", hosts=found, zones_differ=have_different_zones(found))


@router.post("/forget")
@action
def forget(visit: Acting, host: Annotated[str, Form(max_length=255)]) -> str:
    """Forget a host that is gone for good."""
    visit.use_cases.hosts.forget(visit.who, host)
    return visit.say("Host {host} is forgotten; it comes back by itself.", host=host)
