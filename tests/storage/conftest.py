"""Databases without an App around them, and a table to try things on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from storage.engines.transactions import Database, Tx, open_engine
from tests.support.moving_clock import MovingClock

OpenDatabase = Callable[..., Database]


@pytest.fixture
def open_database(clock: MovingClock) -> Iterator[OpenDatabase]:
    """`open_database(url, patience_secs=0)`; closed at the end."""
    opened: list[Database] = []

    def begin(url: str, patience_secs: float = 0.0, pool_size: int = 4) -> Database:
        database = Database(
            engine=open_engine(url, pool_size), clock=clock, patience_secs=patience_secs
        )
        opened.append(database)
        return database

    yield begin
    for database in opened:
        database.close()


@pytest.fixture
def database(database_url: str, open_database: OpenDatabase) -> Database:
    """An empty database, on each engine in turn."""
    return open_database(database_url)


@pytest.fixture
def mysql(mysql_url: str, open_database: OpenDatabase) -> Database:
    """MariaDB with the table `boxes` and two rows in it."""
    return with_boxes(open_database(mysql_url))


def with_boxes(database: Database) -> Database:
    """Give it the table `boxes` (id, n, label of at most 20 characters), rows 1 and 2 at n=0."""

    def make(tx: Tx) -> None:
        tx.execute("CREATE TABLE boxes (id INT PRIMARY KEY, n INT NOT NULL, label VARCHAR(20))")
        tx.execute("INSERT INTO boxes (id, n) VALUES (1, 0), (2, 0)")

    database.write(make)
    return database


def add(tx: Tx, box: int, n: int = 1) -> int:
    return tx.execute("UPDATE boxes SET n=n+:n WHERE id=:id", id=box, n=n)


def contents(database: Database) -> list[int]:
    """The boxes' numbers."""
    return [row["n"] for row in database.read(lambda tx: tx.all("SELECT n FROM boxes ORDER BY id"))]
