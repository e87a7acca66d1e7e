"""What the engine contract needs of each engine: its URL, a table, and ways to make it fail."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from storage.engines import cluster, sqlite
from storage.engines.dialect import Engine
from storage.engines.transactions import open_engine
from tests.support.mariadb import MariaDBServer
from tests.support.storage.tcp_proxy import CommitFault, TcpProxy


@dataclass(frozen=True)
class EngineCase:
    """One engine under test.

    `hold_row` locks row 1 of `things` from outside until its context ends. `disconnect` takes the
    database away from a pooled connection and for good. `lose_commit` makes the answer to the next
    COMMIT get lost; None where an engine has no such moment. `has_server` says whether there is a
    clock, and a number of connections, other than the host's.
    """

    engine: Engine
    things: str
    hold_row: Callable[[], AbstractContextManager[None]]
    disconnect: Callable[[Any], None]
    lose_commit: Callable[[], None] | None
    has_server: bool
    secret: str | None = None


def sqlite_case(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EngineCase]:
    """Yield SQLite on a file."""
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECS", 0.02)
    path = tmp_path / "folder" / "contract.db"

    @contextlib.contextmanager
    def hold_row() -> Iterator[None]:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("UPDATE things SET number=number WHERE id=1")
            yield

    def disconnect(connection: Any) -> None:
        connection.close()
        path.parent.rename(tmp_path / "gone")
        path.parent.write_text("a file where the folder was")

    engine = open_engine(f"sqlite:///{path}", 2)
    yield EngineCase(
        engine=engine,
        things="CREATE TABLE things (id INTEGER PRIMARY KEY, number INTEGER, label TEXT UNIQUE,"
        " document TEXT, moment TEXT, day TEXT)",
        hold_row=hold_row,
        disconnect=disconnect,
        lose_commit=None,
        has_server=False,
    )
    engine.close()


def mariadb_case(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EngineCase]:
    """Yield MariaDB behind a proxy."""
    url: str = request.getfixturevalue("mysql_url")
    server: MariaDBServer = request.getfixturevalue("mariadb")
    shorter = cluster.PATIENCE.replace("innodb_lock_wait_timeout=5", "innodb_lock_wait_timeout=1")
    assert shorter != cluster.PATIENCE
    monkeypatch.setattr(cluster, "PATIENCE", shorter)

    @contextlib.contextmanager
    def hold_row() -> Iterator[None]:
        with contextlib.closing(server.connect(url.rsplit("/", 1)[-1])) as other:
            other.begin()
            other.cursor().execute("UPDATE things SET number=number WHERE id=1")
            yield

    with TcpProxy(server.port) as proxy:

        def disconnect(_connection: Any) -> None:
            proxy.refuse = True
            proxy.cut()

        engine = open_engine(proxy.url(url), 2)
        yield EngineCase(
            engine=engine,
            things="CREATE TABLE things (id BIGINT AUTO_INCREMENT PRIMARY KEY, number BIGINT,"
            " label VARCHAR(191) UNIQUE, document LONGTEXT, moment DATETIME(3), day DATE)"
            " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            hold_row=hold_row,
            disconnect=disconnect,
            lose_commit=lambda: proxy.commit_faults.append(CommitFault.DROP_ANSWER),
            has_server=True,
            secret="p@ss word",
        )
        engine.close()


# A new engine: its function here, and every test of test_storage_engine_contract.py runs on it.
ENGINE_CASES = {"sqlite": sqlite_case, "mariadb": mariadb_case}
