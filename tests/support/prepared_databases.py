"""Databases whose tables are there already, so that not every test makes them anew."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pymysql

from core.clock import SystemClock
from storage.engines.transactions import Database, open_engine
from storage.schema import schema
from tests.support.mariadb import MariaDBServer

# Statements that may leave other tables than the schema's: a database that saw one is dropped.
CHANGES_TABLES = ("alter_table", "create", "drop", "rename_table")
TEMPORARY = ("create_temporary_table", "drop_temporary_table")
Rows = Sequence[tuple[Any, ...]]


def make_tables(url: str) -> None:
    """Create the schema in an empty database."""
    database = Database(engine=open_engine(url, 1), clock=SystemClock(), patience_secs=0.0)
    try:
        schema.create(database)
    finally:
        database.close()


class PreparedFile:
    """An SQLite file with all tables, and copies of it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "prepared.db"
        make_tables(f"sqlite:///{self._file}")

    def copy_to(self, path: Path) -> None:
        """Write a file as `schema.create` would have made it."""
        shutil.copy(self._file, path)


class PreparedDatabases:
    """Databases of a server, each emptied after use and given out again."""

    def __init__(self, server: MariaDBServer) -> None:
        self._server = server
        self._free: list[str] = []
        self._tables: list[str] = []
        self._seeded: dict[str, Rows] = {}
        self._changes_before: dict[str, int] = {}

    def take(self) -> str:
        """Return the URL of a database with all tables, as `schema.create` leaves them."""
        url = self._free.pop() if self._free else self._make()
        with closing(self._server.connect()) as admin, admin.cursor() as cursor:
            self._changes_before[url] = _changes_of_tables(cursor)
        return url

    def give_back(self, url: str) -> None:
        """Empty a database for the next `take`, or drop it when its tables may have changed."""
        try:
            if self._empty(url):
                self._free.append(url)
                return
        except pymysql.Error:  # a test has left it in no good state
            pass
        self._server.drop_database(url)

    def _make(self) -> str:
        url = self._server.new_database()
        make_tables(url)
        if not self._tables:
            self._look_at(url)
        return url

    def _look_at(self, url: str) -> None:
        with closing(self._server.connect(_name(url))) as admin, admin.cursor() as cursor:
            cursor.execute("SHOW TABLES")
            self._tables = [name for (name,) in cursor.fetchall()]
            self._seeded = {name: _rows(cursor, name) for name in _filled(cursor, self._tables)}

    def _empty(self, url: str) -> bool:
        with closing(self._server.connect(_name(url))) as admin, admin.cursor() as cursor:
            if _changes_of_tables(cursor) != self._changes_before.pop(url):
                return False
            written = _filled(cursor, self._tables) | _counted_on(cursor, _name(url))
            for table in written - self._seeded.keys():
                cursor.execute(f"TRUNCATE `{table}`")
            for table, rows in self._seeded.items():
                if _rows(cursor, table) != rows:
                    _replace_rows(cursor, table, rows)
        return True


def _name(url: str) -> str:
    return url.rsplit("/", 1)[-1]


def _changes_of_tables(cursor: Any) -> int:
    cursor.execute("SHOW GLOBAL STATUS LIKE 'Com\\_%'")
    counts = {name.removeprefix("Com_"): int(count) for name, count in cursor.fetchall()}
    return sum(
        count
        for name, count in counts.items()
        if name.startswith(CHANGES_TABLES) and name not in TEMPORARY
    )


def _filled(cursor: Any, tables: Sequence[str]) -> set[str]:
    each = (f"SELECT '{name}' FROM DUAL WHERE EXISTS (SELECT 1 FROM `{name}`)" for name in tables)
    cursor.execute(" UNION ALL ".join(each))
    return {name for (name,) in cursor.fetchall()}


def _counted_on(cursor: Any, database: str) -> set[str]:
    """Return the tables whose next row would not have the number 1."""
    cursor.execute(
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_schema=%s AND auto_increment>1",
        (database,),
    )
    return {name for (name,) in cursor.fetchall()}


def _rows(cursor: Any, table: str) -> Rows:
    cursor.execute(f"SELECT * FROM `{table}`")
    found: Rows = cursor.fetchall()
    return found


def _replace_rows(cursor: Any, table: str, rows: Rows) -> None:
    cursor.execute(f"DELETE FROM `{table}`")
    for row in rows:
        cursor.execute(f"INSERT INTO `{table}` VALUES ({', '.join(['%s'] * len(row))})", row)
