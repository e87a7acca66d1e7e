"""What a schema looks like from outside: tables, columns, keys."""

from __future__ import annotations

from storage.engines.transactions import Database, Tx

Columns = dict[str, list[tuple[str, bool]]]
UniqueKeys = dict[str, set[tuple[str, ...]]]


def tables(database: Database) -> set[str]:
    connection = database.engine.connect()
    try:
        found = database.engine.tables(connection)
    finally:
        database.engine.release(connection)
    return {name for name in found if not name.startswith("sqlite_")}


def run(database: Database, *statements: str) -> None:
    def work(tx: Tx) -> None:
        for statement in statements:
            tx.execute(statement)

    database.write(work)


def columns(database: Database) -> Columns:
    """Return each table's columns in order, with whether they may be NULL."""
    if database.dialect.name == "sqlite":
        return {name: _sqlite_columns(database, name) for name in tables(database)}
    rows = database.read(
        lambda tx: tx.all(
            "SELECT table_name AS t, column_name AS c, is_nullable AS n"
            " FROM information_schema.columns WHERE table_schema=DATABASE()"
            " ORDER BY table_name, ordinal_position"
        )
    )
    found: Columns = {}
    for row in rows:
        found.setdefault(row["t"], []).append((row["c"], row["n"] == "YES"))
    return found


def column_types(database: Database) -> dict[str, list[tuple[str, str]]]:
    """Each table's columns in order, with their types as the engine names them."""
    if database.dialect.name == "sqlite":
        return {name: _sqlite_types(database, name) for name in tables(database)}
    rows = database.read(
        lambda tx: tx.all(
            "SELECT table_name AS t, column_name AS c, column_type AS k, collation_name AS l"
            " FROM information_schema.columns WHERE table_schema=DATABASE()"
            " ORDER BY table_name, ordinal_position"
        )
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row["t"], []).append((row["c"], f"{row['k']} {row['l']}"))
    return found


def _sqlite_types(database: Database, table: str) -> list[tuple[str, str]]:
    rows = database.read(lambda tx: tx.all(f"PRAGMA table_info({table})"))
    return [(row["name"], row["type"]) for row in rows]


def _sqlite_columns(database: Database, table: str) -> list[tuple[str, bool]]:
    rows = database.read(lambda tx: tx.all(f"PRAGMA table_info({table})"))
    return [(row["name"], not row["notnull"] and not row["pk"]) for row in rows]


def unique_keys(database: Database) -> UniqueKeys:
    """Return each table's unique keys and primary key, as columns in order."""
    if database.dialect.name == "sqlite":
        return {name: _sqlite_keys(database, name) for name in tables(database)}
    rows = database.read(
        lambda tx: tx.all(
            "SELECT table_name AS t, GROUP_CONCAT(column_name ORDER BY seq_in_index) AS c"
            " FROM information_schema.statistics"
            " WHERE table_schema=DATABASE() AND non_unique=0 GROUP BY table_name, index_name"
        )
    )
    found: UniqueKeys = {}
    for row in rows:
        found.setdefault(row["t"], set()).add(tuple(row["c"].split(",")))
    return found


def _sqlite_keys(database: Database, table: str) -> set[tuple[str, ...]]:
    def read(tx: Tx) -> set[tuple[str, ...]]:
        info = tx.all(f"PRAGMA table_info({table})")
        keys = {tuple(row["name"] for row in info if row["pk"])}
        for index in tx.all(f"PRAGMA index_list({table})"):
            if index["unique"]:
                parts = tx.all(f"PRAGMA index_info({index['name']})")
                keys.add(tuple(part["name"] for part in parts))
        return keys

    return database.read(read)


def indexes(database: Database) -> dict[str, set[tuple[str, str]]]:
    """Return each table's indexes: name and columns in order."""
    found: dict[str, set[tuple[str, str]]] = {}
    for table in tables(database):
        found[table] = set(database.read(_indexes, table))
    return found


def _indexes(tx: Tx, table: str) -> list[tuple[str, str]]:
    if tx.dialect.name == "sqlite":
        return [
            (
                index["name"],
                ",".join(p["name"] for p in tx.all(f"PRAGMA index_info({index['name']})")),
            )
            for index in tx.all(f"PRAGMA index_list({table})")
        ]
    rows = tx.all(
        "SELECT index_name AS name, GROUP_CONCAT(column_name ORDER BY seq_in_index) AS c"
        " FROM information_schema.statistics WHERE table_schema=DATABASE() AND table_name=:t"
        " GROUP BY index_name",
        t=table,
    )
    return [(row["name"], row["c"]) for row in rows]
