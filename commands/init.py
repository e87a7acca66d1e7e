"""`init`: creates or checks the schema."""

from __future__ import annotations

import typer

from commands.context import COMMAND_PATIENCE_SECS, dashed, result
from commands.root import App
from core.settings import load_settings
from storage import schema


def register(app: typer.Typer) -> None:
    dashed(app, "init")(init)


def init() -> None:
    """Create the tables in an empty database, or check that they are of this version."""
    app = App(load_settings(), patience_secs=COMMAND_PATIENCE_SECS)
    try:
        created = schema.create(app.database)
        app.vault.check(app.database)
        where = app.database.engine.describe()
        done = "schema created" if created else "schema is right"
        result(f"{where}: {done} (version {schema.SCHEMA_VERSION})")
    finally:
        app.close()
