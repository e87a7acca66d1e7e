"""Creating and checking the tables; named facts about the installation (table `meta`)."""

from __future__ import annotations

import re
from enum import StrEnum

from core.errors import SchemaMismatchError
from storage.engines.transactions import Database, Tx

SCHEMA_VERSION = 11
FIRST_VERSION = 1


class SchemaState(StrEnum):
    """Whether a database has no tables, those of an older version, or those of this one."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"


def inspect(database: Database) -> SchemaState:
    """Return whether the database is empty, holds this version's schema, or an older one.

    Raises:
        SchemaMismatchError: it holds a newer version, half a schema, or another program's tables.
    """
    tables = database.read(Tx.tables)
    where = database.engine.describe()
    if "schema_version" not in tables:
        ours = tables & _table_names(database)
        if not ours:
            return SchemaState.EMPTY
        raise SchemaMismatchError("schema_of_others", where=where, tables=sorted(ours))
    try:
        found = database.read(version)
    except (SchemaMismatchError, ValueError) as error:
        raise SchemaMismatchError("schema_version_unusable", where=where, cause=error) from error
    if found == SCHEMA_VERSION:
        return SchemaState.CURRENT
    if FIRST_VERSION <= found < SCHEMA_VERSION:
        return SchemaState.OLDER
    raise SchemaMismatchError(
        "schema_version_unknown",
        where=where,
        version=found,
        first=FIRST_VERSION,
        newest=SCHEMA_VERSION,
    )


def require(database: Database) -> None:
    """Raise SchemaMismatchError unless the database holds this version's schema."""
    state = inspect(database)
    if state is SchemaState.EMPTY:
        raise SchemaMismatchError("schema_missing", where=database.engine.describe())
    if state is SchemaState.OLDER:
        raise SchemaMismatchError(
            "schema_outdated",
            where=database.engine.describe(),
            version=database.read(version),
            needed=SCHEMA_VERSION,
        )


def create(database: Database) -> bool:
    """Create the tables in an empty database; return False when there were some already.

    `schema_version` is the first table and its row the last statement, so that a load that was cut
    short can be told from a whole one.
    """
    if inspect(database) is not SchemaState.EMPTY:
        return False
    script = statements(database.dialect.schema_file.read_text(encoding="utf-8"))

    def load(tx: Tx) -> bool:
        if database.dialect.name == "sqlite" and _sqlite_has_schema(tx):
            return False  # another process was faster
        for statement in script:
            tx.execute(statement)
        return True

    return database.write(load)


def version(tx: Tx) -> int:
    """Return the newest schema version that was reached.

    Raises:
        SchemaMismatchError: none was: loading the schema was cut short.
    """
    row = tx.one("SELECT MAX(version) AS version FROM schema_version")
    if row is None or row["version"] is None:
        raise SchemaMismatchError("schema_load_cut_short")
    return int(row["version"])


def set_version(tx: Tx, reached: int) -> None:
    """Record that a schema version was reached."""
    tx.execute(
        "INSERT INTO schema_version (version, applied_at)"
        f" VALUES (:version, {tx.dialect.now_millis}) {tx.dialect.on_conflict_ignore('version')}",
        version=reached,
    )


def get_fact(tx: Tx, name: str) -> str | None:
    """Return the value of a fact about the installation; None when it is not set."""
    row = tx.one("SELECT value FROM meta WHERE name=:name", name=name)
    return row["value"] if row else None


def facts_named(tx: Tx, prefix: str) -> list[tuple[str, str]]:
    """Return the names and values of the facts whose names begin with `prefix`, sorted by name."""
    rows = tx.all(
        "SELECT name, value FROM meta WHERE name>=:prefix AND name<:beyond ORDER BY name",
        prefix=prefix,
        beyond=prefix[:-1] + chr(ord(prefix[-1]) + 1),
    )
    return [(row["name"], row["value"]) for row in rows]


def lock_fact(tx: Tx, name: str) -> None:
    """Lock a fact until the transaction ends; a fact that is not set locks nothing."""
    tx.execute("UPDATE meta SET value=value WHERE name=:name", name=name)


def set_fact(tx: Tx, name: str, value: str) -> None:
    """Set a fact about the installation."""
    tx.add("meta", tx.dialect.on_conflict_update("name", ["value"]), name=name, value=value)


def set_fact_once(tx: Tx, name: str, value: str) -> None:
    """Set a fact about the installation, unless it is set already."""
    tx.add("meta", tx.dialect.on_conflict_ignore("name"), name=name, value=value)


def replace_fact(tx: Tx, name: str, seen: str, value: str) -> bool:
    """Change a fact; return False when its value is not the one that was `seen`."""
    return 1 == tx.execute(
        "UPDATE meta SET value=:value WHERE name=:name AND value=:seen",
        name=name,
        value=value,
        seen=seen,
    )


def drop_fact(tx: Tx, name: str, seen: str) -> None:
    """Delete a fact, unless its value is not the one that was `seen`."""
    tx.execute("DELETE FROM meta WHERE name=:name AND value=:seen", name=name, seen=seen)


def _table_names(database: Database) -> set[str]:
    script = database.dialect.schema_file.read_text(encoding="utf-8")
    return set(re.findall(r"^CREATE TABLE (\w+)", script, re.M))


def _sqlite_has_schema(tx: Tx) -> bool:
    return tx.exists("SELECT 1 AS yes FROM sqlite_master WHERE name='schema_version'")


def statements(script: str) -> list[str]:
    """Return the statements of an SQL script, without comments.

    A statement ends with `;` at the end of a line.
    """
    lines = [line.split(" -- ")[0] for line in script.splitlines() if not line.startswith("--")]
    return [part.strip() for part in "\n".join(lines).split(";\n") if part.strip(" ;\n")]
