"""Build the console and the API over an App.

The import takes a third of a second, so that only commands that serve do it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from app.container import App
from app.version import VERSION
from storage.engines.outages import oldest_outage
from web.app import build
from web.backend import THREADS, Backend, UseCases
from web.edge.body_gate import BodyLimits
from web.edge.protocol import ConnectionLimits
from web.operations import Operations
from web.server import Exposure, WebServer
from web.use_cases.creators import CreatorUseCases, RowBudget
from web.use_cases.distribution import BroadcastUseCases, DramaUseCases
from web.use_cases.jobs import JobUseCases
from web.use_cases.works import WorksUseCases


def web_server(
    app: App,
    host: str | None = None,
    port: int | None = None,
    on_failure: Callable[[BaseException], None] | None = None,
    kept: App | None = None,
    *,
    limits: ConnectionLimits | None = None,
    body_limits: BodyLimits | None = None,
) -> WebServer:
    """Return console and API, not yet started, over an App with THREADS more database connections.

    Args:
        host, port: where to listen; None for the settings.
        on_failure: called when the server's thread ends by an error.
        kept: an App whose process renews leases, for jobs, broadcast rounds and requests to
            platforms; None for the same App.
        limits, body_limits: how long connections and bodies may take; None for the usual.
    """
    settings = app.settings
    exposure = Exposure(
        host=settings.web_host if host is None else host,
        port=settings.web_port if port is None else port,
        connections=settings.web_connections,
        connections_of_address=settings.web_connections_per_address,
        proxies=settings.web_trusted_proxies,
        limits=limits or ConnectionLimits(),
    )
    ending = threading.Event()
    kept_app = kept or app
    backend = _backend(app, kept_app, ending)
    return WebServer(
        app=build(backend, body_limits),
        exposure=exposure,
        on_failure=on_failure,
        ending=ending,
        join_operations=backend.operations.join,
        errors=kept_app.foundation.errors_of("web"),
    )


def _backend(app: App, kept: App, ending: threading.Event) -> Backend:
    return Backend(
        version=VERSION,
        threads=THREADS,
        settings=app.settings,
        host=app.host,
        database=app.database,
        clock=app.clock,
        calendar=app.calendar,
        vault=app.vault,
        platforms=app.pool.platforms,
        registry=app.pool.registry,
        groups=app.pool.groups,
        crawling=app.crawling.service,
        creators=app.crawling.creators,
        day_reports=app.crawling.day_reports,
        ingestion_logs=app.crawling.ingestion_logs,
        progress=app.crawling.snapshots,
        report_health=app.report_health,
        account_views=app.crawling.account_views,
        egress=app.pool.egress_operator,
        files=app.crawling.segment_files,
        launcher=kept.jobs.launcher,
        webhooks=app.webhooks.service,
        view_history=app.works.history,
        view_gaps=app.works.gaps,
        comparer=app.works.comparer,
        dramas=app.distribution.service,
        settlement=app.distribution.settlement,
        daily_scanner=kept.distribution.daily_scanner,
        broadcaster=kept.distribution.broadcaster,
        channels=lambda: app.alerts.channels,
        operations=Operations(
            database=app.database,
            kept=kept.database,
            clock=kept.clock,
            leases=kept.foundation.leases,
            lease_secs=kept.settings.lease_secs,
            host=kept.host,
            owner=kept.foundation.owner,
            ending=ending,
        ),
        peers=app.crawling.peers,
        watchdog=kept.foundation.watchdog,
        outages=partial(oldest_outage, kept.database.outages, app.database.outages),
        use_cases=_use_cases(app, kept),
        ending=ending,
    )


def _use_cases(app: App, kept: App) -> UseCases:
    """Return the use cases of requests.

    Those that request platforms or run jobs are built over `kept`; the others over `app`, which
    does not wait long for a lost database.
    """
    shared = app.use_cases
    return UseCases(
        audit_log=shared.audit_log,
        tasks=shared.tasks,
        accounts=shared.accounts,
        egress=shared.egress,
        proxies=shared.proxies,
        exports=shared.exports,
        works=WorksUseCases(
            importer=kept.works.importer,
            uploads=kept.works.uploads,
            catalogue=app.works.catalogue,
            drop_folder=lambda: kept.works.drop_folder,
            audit=shared.audit_log,
        ),
        dramas=DramaUseCases(
            importer=app.distribution.importer,
            service=app.distribution.service,
            scanner=kept.distribution.daily_scanner,
            audit=shared.audit_log,
        ),
        broadcasts=BroadcastUseCases(
            broadcaster=kept.distribution.broadcaster, audit=shared.audit_log
        ),
        webhooks=shared.webhooks,
        jobs=JobUseCases(
            launcher=kept.jobs.launcher, runner=kept.jobs.runner, audit=shared.audit_log
        ),
        hosts=shared.hosts,
        number_rules=shared.number_rules,
        alerts=shared.alerts,
        creators=CreatorUseCases(
            catalogue=app.crawling.creators,
            budget=RowBudget(
                database=app.database,
                clock=app.clock,
                calendar=app.calendar,
                rows_per_day=app.settings.api_rows_per_day,
            ),
            audit=shared.audit_log,
        ),
    )
