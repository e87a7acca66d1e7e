"""Which server answers: by its word, and by what it does."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from app.container import App
from core.errors import DatabaseError
from storage.engines import probe
from storage.engines.dialect import Dialect
from storage.engines.mysql_errors import ServerFamily
from storage.engines.server import identify
from storage.engines.transactions import Database, Tx
from storage.schema import schema
from tests.support.mariadb import MariaDBServer
from tests.support.messages import raises_saying

FACT = "tried"


@pytest.fixture
def server(mysql_url, open_database) -> Database:
    """MariaDB with the tables, and a fact to try things on."""
    database: Database = open_database(mysql_url)
    schema.create(database)
    database.write(schema.set_fact, FACT, "1")
    return database


@pytest.mark.parametrize(
    ("version", "comment", "family", "numbers"),
    [
        ("5.5.5-10.11.19-MariaDB-log", "", ServerFamily.MARIADB, (10, 11)),
        ("11.4.2-MariaDB", "Source distribution", ServerFamily.MARIADB, (11, 4)),
        ("10.6.16", "MariaDB Server", ServerFamily.MARIADB, (10, 6)),
        ("8.0.36", "MySQL Community Server - GPL", ServerFamily.MYSQL, (8, 0)),
        ("8.0.43-34", "Percona Server (GPL)", ServerFamily.MYSQL, (8, 0)),
        ("8.4.0", "", ServerFamily.MYSQL, (8, 4)),
    ],
)
def test_servers_are_told_apart_by_their_word(version, comment, family, numbers):
    found = identify(version, comment, "here")
    assert (found.family, found.version) == (family, numbers)


@pytest.mark.parametrize("version", ["8.0.11-TiDB-v8.5.3", "5.7.25-TiDB-v6.1.0"])
def test_tidb_is_refused_with_the_reason(version):
    with raises_saying(DatabaseError, "drops the lock of FOR UPDATE SKIP LOCKED"):
        identify(version, "TiDB Server (Apache License 2.0)", "here")


@pytest.mark.parametrize(
    ("version", "needed"),
    [
        ("5.5.5-10.5.23-MariaDB", "MariaDB 10.6"),
        ("5.7.44", "MySQL 8.0"),
        ("5.7.25-OceanBase_CE-v4.3.5.4", "MySQL 8.0"),
        ("?", "MySQL 8.0"),
    ],
)
def test_servers_without_skip_locked_are_refused(version, needed):
    with raises_saying(DatabaseError, f"lacks SKIP LOCKED; {needed} or newer is needed"):
        identify(version, "", "here")


def test_a_server_that_keeps_its_promises_is_taken(server: Database):
    probe.require_promises(server.engine, FACT)
    assert "MariaDB" in (server.engine.server_name() or "")


def test_the_probe_changes_nothing_and_leaves_no_lock(server: Database):
    probe.require_promises(server.engine, FACT)
    assert server.read(schema.get_fact, FACT) == "1"
    assert server.write(schema.replace_fact, FACT, "1", "2")


def test_processes_that_try_at_once_do_not_take_each_other_for_a_fault(server: Database):
    failures: list[BaseException] = []

    def attempt() -> None:
        try:
            for _ in range(20):
                probe.require_promises(server.engine, FACT)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_a_server_that_drops_the_lock_is_refused(server: Database, monkeypatch):
    # What TiDB makes of the clause: it reads the row and locks nothing.
    monkeypatch.setattr(server.engine, "dialect", Dialect("mysql", " ", server.dialect.schema_file))
    with raises_saying(DatabaseError, "SKIP LOCKED holds the row's lock until the transaction"):
        probe.require_promises(server.engine, FACT)


def test_a_session_that_reads_an_old_snapshot_is_refused(server: Database, monkeypatch):
    real = server.engine.connect

    def connect():
        connection = real()
        level = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"
        Tx(connection=connection, engine=server.engine).execute(level)
        return connection

    monkeypatch.setattr(server.engine, "connect", connect)
    with raises_saying(DatabaseError, "others committed meanwhile"):
        probe.require_promises(server.engine, FACT)


def test_tables_that_confuse_upper_and_lower_case_are_refused(server: Database):
    other = "ALTER TABLE meta CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
    server.write(lambda tx: tx.execute(other))
    with raises_saying(DatabaseError, "upper and lower case told apart"):
        probe.require_promises(server.engine, FACT)


def test_rows_that_match_are_counted(server: Database, monkeypatch):
    monkeypatch.setattr(Tx, "execute", lambda *_args, **_params: 0)
    with raises_saying(DatabaseError, "counts the rows that match"):
        probe.require_promises(server.engine, FACT)


def test_a_read_only_server_is_opened_for_looking(make_app, mariadb: MariaDBServer):
    app: App = make_app()
    if app.database.dialect.name == "sqlite":
        pytest.skip("no server")
    with closing(mariadb.connect()) as admin:
        admin.cursor().execute("SET GLOBAL read_only=1")
        try:
            app.open()
        finally:
            admin.cursor().execute("SET GLOBAL read_only=0")
