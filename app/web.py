"""The console and the API, built over an App. Importing it takes a third of a second, so that only
commands that serve do."""

from __future__ import annotations

import threading
from collections.abc import Callable

from app.container import App
from app.version import VERSION
from web.app import build
from web.backend import THREADS, Backend
from web.operations import Operations
from web.server import WebServer


def web_server(
    app: App,
    host: str | None = None,
    port: int | None = None,
    on_failure: Callable[[BaseException], None] | None = None,
    kept: App | None = None,
) -> WebServer:
    """Console and API over an App whose pool has room for THREADS more connections.

    Args:
        host, port: where to listen; default: as the settings say.
        kept: carries out jobs, rounds and what else needs platforms, under leases that a keeper of
            its process renews. Default: the same App.
    """
    host = app.settings.web_host if host is None else host
    port = app.settings.web_port if port is None else port
    ending = threading.Event()
    backend = _backend(app, kept or app, ending)
    return WebServer(
        app=build(backend),
        host=host,
        port=port,
        on_failure=on_failure,
        ending=ending,
        join_operations=backend.operations.join,
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
        catalog=app.pool.platforms,
        accounts=app.pool.manager,
        registry=app.pool.registry,
        account_desk=app.pool.enrolment,
        task_control=app.crawling.control,
        desk=app.crawling.service,
        progress=app.crawling.snapshots,
        files=app.crawling.segment_files,
        verifier=app.crawling.verifier,
        sealer=app.crawling.segment_finalizer,
        launcher=kept.jobs.launcher,
        webhooks=app.webhooks.service,
        catalogue=app.works.catalogue,
        view_data=app.works.view_data,
        view_gaps=app.works.gaps,
        works_intake=kept.works.importer,
        uploads=kept.works.uploads,
        intake=app.distribution.importer,
        dramas=app.distribution.service,
        daily_scanner=kept.distribution.daily_scanner,
        broadcaster=kept.distribution.broadcaster,
        channels=lambda: app.alerts.channels,
        operations=Operations(clock=app.clock, ending=ending),
        ending=ending,
    )
