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
    return WebServer(build(backend), host, port, on_failure, ending, backend.operations.join)


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
        catalog=app.catalog,
        accounts=app.accounts,
        registry=app.registry,
        account_desk=app.account_desk,
        scheduler=app.scheduler,
        desk=app.desk,
        progress=app.progress,
        files=app.files,
        verifier=app.verifier,
        sealer=app.sealer,
        launcher=kept.job_launcher,
        webhooks=app.webhook_desk,
        catalogue=app.catalogue,
        view_data=app.view_data,
        view_gaps=app.view_gaps,
        works_intake=kept.works_intake,
        uploads=kept.uploads,
        intake=app.intake,
        dramas=app.dramas,
        daily_scanner=kept.daily_scanner,
        broadcaster=kept.broadcaster,
        channels=lambda: app.channels,
        operations=Operations(app.clock, ending),
        ending=ending,
    )
