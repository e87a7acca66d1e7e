"""The HTTP API, version 1: one file for each kind of thing."""

from __future__ import annotations

from fastapi import APIRouter

from web.api import (
    accounts,
    actions,
    alerts,
    broadcaster,
    dramas,
    events,
    exports,
    jobs,
    status,
    tasks,
    webhooks,
    works,
)

PREFIX = "/api/v1"
ROUTERS: tuple[APIRouter, ...] = (
    status.router,
    accounts.router,
    tasks.router,
    exports.router,
    works.router,
    dramas.router,
    webhooks.router,
    jobs.router,
    alerts.router,
    events.router,
    actions.router,
)
UNVERSIONED: tuple[APIRouter, ...] = (broadcaster.router,)  # calls that others have always made
