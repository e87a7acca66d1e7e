"""`init`: creates, upgrades or checks the schema."""

from __future__ import annotations

from datetime import timedelta

import typer

from app.container import App
from commands.framework.context import COMMAND_PATIENCE_SECS, dashed, result
from commands.framework.system_user import system_user
from core.errors import SchemaMismatchError
from core.settings import load_settings
from storage.crawling import leases
from storage.schema import schema
from storage.schema.schema import SchemaState
from storage.schema.upgrade import upgrade
from web.audit_log import DONE

UNCHANGED = "schema is right"


def register(app: typer.Typer) -> None:
    """Register `init`."""
    dashed(app, "init")(init)


def init() -> None:
    """Create, upgrade or check the tables."""
    app = App(load_settings(), patience_secs=COMMAND_PATIENCE_SECS)
    try:
        done = _bring_up_to_date(app)
        app.vault.check(app.database)
        where = app.database.engine.describe()
        if done != UNCHANGED:
            who = system_user(app)
            app.use_cases.audit_log.note(who.name, who.address, "init", done, DONE)
        result(f"{where}: {done} (version {schema.SCHEMA_VERSION})")
    finally:
        app.close()


def _bring_up_to_date(app: App) -> str:
    if schema.create(app.database):
        return "schema created"
    if schema.inspect(app.database) is SchemaState.CURRENT:
        return UNCHANGED
    _require_no_running_process(app)
    reached = upgrade(app.database, app.owner)
    return f"schema upgraded to {', '.join(map(str, reached))}" if reached else UNCHANGED


def _require_no_running_process(app: App) -> None:
    # A process of the previous version would go on writing while its tables change.
    app.clock.sync()
    since = app.clock.now() - timedelta(seconds=app.settings.lease_secs)
    running = [worker for worker in app.database.read(leases.workers) if worker.seen_at >= since]
    if running:
        names = ", ".join(f"process {worker.pid} on {worker.host}" for worker in running)
        raise SchemaMismatchError(
            f"an upgrade is due, but Baton is running ({names}); nothing was changed."
            f" Stop it (or wait {app.settings.lease_secs:.0f} s if it is gone), then run init again"
        )
