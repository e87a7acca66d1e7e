"""The HTTP API, version 1: one file for each kind of thing."""

from __future__ import annotations

from fastapi import APIRouter

from web.api import accounts, actions, events, exports, status, tasks

PREFIX = "/api/v1"
ROUTERS: tuple[APIRouter, ...] = (
    status.router,
    accounts.router,
    tasks.router,
    exports.router,
    events.router,
    actions.router,
)
