"""The HTTP API, version 1: one module for each resource."""

from __future__ import annotations

from fastapi import APIRouter

from web.api import (
    accounts,
    alerts,
    egress,
    events,
    exports,
    jobs,
    logs,
    operations,
    proxies,
    status,
    tasks,
    works,
)
from web.api.creators import creators, ingestion_logs, report, streams
from web.api.distribution import broadcaster, dramas, settlement, webhooks

PREFIX = "/api/v1"
ROUTERS: tuple[APIRouter, ...] = (
    status.router,
    status.hosts_router,
    accounts.router,
    tasks.router,
    streams.router,  # before the addresses of single creators
    creators.router,
    report.router,
    ingestion_logs.router,
    exports.router,
    works.router,
    dramas.router,
    settlement.router,
    webhooks.router,
    jobs.router,
    alerts.router,
    proxies.router,
    proxies.of_accounts,
    egress.routes,
    egress.circuits,
    events.router,
    events.actions,
    operations.router,
    logs.router,
)
# These calls are older than the versioned API, and others rely on their paths.
UNVERSIONED: tuple[APIRouter, ...] = (broadcaster.router,)
