"""`init`: create, upgrade or check the tables."""

from __future__ import annotations

from datetime import timedelta

from app.container import App
from commands.framework.context import COMMAND_PATIENCE_SECS, result
from commands.framework.reader import in_english, text_of
from commands.framework.system_user import system_user
from core.errors import BusyError, SchemaInUseError
from core.messages import Message
from core.settings import load_settings
from storage.crawling import leases
from storage.schema import schema
from storage.schema.schema import SchemaState
from storage.schema.upgrade import upgrade
from web.audit_log import DONE

LOCK_WAIT_SECS = 3
UNCHANGED = Message.of("schema_right")


def init() -> None:
    """Create, upgrade or check the tables."""
    app = App(load_settings(), patience_secs=COMMAND_PATIENCE_SECS)
    try:
        result(schema_line(app, make_tables(app)))
    finally:
        app.close()


def make_tables(app: App) -> Message:
    """Create, upgrade or check the tables, one process at a time; return what was done.

    That is `UNCHANGED` when they were right.

    Raises:
        BusyError: another process does just that.
        SchemaInUseError: an upgrade is due, and processes still run.
        SchemaMismatchError, DatabaseError: the tables are of another version or program, or a
            statement failed.
        CredentialsError: the secret key is missing or is not that of the database.
    """
    with app.database.engine.schema_lock(LOCK_WAIT_SECS) as held:
        if not held:
            raise BusyError("schema_locked", where=app.database.engine.describe())
        done = _bring_up_to_date(app)
    app.vault.check(app.database)
    if done != UNCHANGED:
        who = system_user(app)
        app.use_cases.audit_log.note(who.name, who.address, "init", in_english(done), DONE)
    return done


def schema_line(app: App, done: Message) -> Message:
    """Return the line that says where the tables are, and what was done to them."""
    where = app.database.engine.describe()
    return Message.of("schema_line", where=where, done=done, version=schema.SCHEMA_VERSION)


def _bring_up_to_date(app: App) -> Message:
    """Create or upgrade the tables where needed, and return what was done."""
    if schema.create(app.database):
        return Message.of("schema_was_created")
    if schema.inspect(app.database) is SchemaState.CURRENT:
        return UNCHANGED
    _require_no_running_process(app)
    reached = upgrade(app.database, app.owner)
    return Message.of("schema_was_upgraded", versions=list(reached)) if reached else UNCHANGED


def _require_no_running_process(app: App) -> None:
    """Raise SchemaMismatchError while a process of this installation runs."""
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
        raise SchemaInUseError("upgrade_while_running", processes=processes, secs=secs)


COMMANDS = {"init": init}
