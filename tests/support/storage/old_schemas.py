"""Databases as earlier releases left them."""

from __future__ import annotations

from pathlib import Path

from storage.engines.transactions import Database
from storage.schema import schema
from tests.support.storage.schema_shape import run

FOLDER = Path(__file__).resolve().parents[2] / "storage" / "old_schemas"


def load_old_schema(database: Database, version: int, *rows: str) -> Database:
    """Fill an empty database with the schema of that version, and run statements that add rows."""
    script = FOLDER / f"{version:04}.{database.dialect.name}.sql"
    run(database, *schema.statements(script.read_text(encoding="utf-8")), *rows)
    return database
