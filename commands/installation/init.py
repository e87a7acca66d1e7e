"""`init`: creates, upgrades or checks the schema."""

from __future__ import annotations

from datetime import timedelta

from app.container import App
from commands.framework.context import COMMAND_PATIENCE_SECS, result
from commands.framework.reader import in_english, text_of
from commands.framework.system_user import system_user
from core.errors import SchemaMismatchError
from core.messages import Message
from core.settings import load_settings
from storage.crawling import leases
from storage.schema import schema
from storage.schema.schema import SchemaState
from storage.schema.upgrade import upgrade
from web.audit_log import DONE

UNCHANGED = Message.of("schema_right")


def init() -> None:
    """Create, upgrade or check the tables."""
    app = App(load_settings(), patience_secs=COMMAND_PATIENCE_SECS)
    try:
        done = _bring_up_to_date(app)
        app.vault.check(app.database)
        where = app.database.engine.describe()
        if done != UNCHANGED:
            who = system_user(app)
            app.use_cases.audit_log.note(who.name, who.address, "init", in_english(done), DONE)
        result(Message.of("schema_line", where=where, done=done, version=schema.SCHEMA_VERSION))
    finally:
        app.close()


def _bring_up_to_date(app: App) -> Message:
    if schema.create(app.database):
        return Message.of("schema_was_created")
    if schema.inspect(app.database) is SchemaState.CURRENT:
        return UNCHANGED
    _require_no_running_process(app)
    reached = upgrade(app.database, app.owner)
    return Message.of("schema_was_upgraded", versions=list(reached)) if reached else UNCHANGED


def _require_no_running_process(app: App) -> None:
    # A process of the previous version would go on writing while its tables change.
    app.clock.sync()
    since = app.clock.now() - timedelta(seconds=app.settings.lease_secs)
    running = [worker for worker in app.database.read(leases.workers) if worker.seen_at >= since]
    if running:
        processes = [
            text_of(Message.of("process_on_host", pid=worker.pid, host=worker.host))
            for worker in running
        ]
        secs = app.settings.lease_secs
        raise SchemaMismatchError("upgrade_while_running", processes=processes, secs=secs)


COMMANDS = {"init": init}
