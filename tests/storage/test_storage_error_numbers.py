"""What errors of the database mean: which are waited for, which last, and which nobody knows."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pymysql
import pytest

from core.clock import SystemClock
from core.errors import (
    CommitUnknownError,
    DatabaseContentionError,
    DatabaseError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    DatabaseUnclassifiedError,
    DuplicateKeyError,
)
from storage.engines.mysql_errors import ServerFamily, ends_generation, kind_of
from storage.engines.sqlite import SQLiteEngine
from storage.engines.transactions import Database, Tx, failure_is_lasting, open_engine
from tests.storage.conftest import add, contents, with_boxes
from tests.support.mariadb import MariaDBServer
from tests.support.messages import raises_saying


def signalled(database: Database, number: int) -> None:
    """Have the server itself answer with an error of that number."""
    database.write(
        lambda tx: tx.execute(f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO={number}, MESSAGE_TEXT='x'")
    )


FOR_NOW = (
    *(1021, 1030, 1114, 1290, 1792, 1836),  # the disk is full, the server reads only
    *(1037, 1038, 1040, 1041, 1129, 1203, 1206, 1226, 1637),  # it lacks room, or has too many
    *(1317, 1969),  # it ended the statement
    *(1047, 1053, 1927),  # it, or the connection, is lost
)


@pytest.mark.parametrize("number", FOR_NOW)
def test_what_a_server_refuses_for_now_is_waited_for(mysql: Database, number: int):
    with pytest.raises(DatabaseUnavailableError) as caught:
        signalled(mysql, number)
    assert not failure_is_lasting(caught.value)
    assert mysql.write(add, 1) == 1


@pytest.mark.parametrize("number", [1020, 1205, 1213])
def test_what_was_lost_against_others_is_run_again(mysql: Database, number: int):
    with pytest.raises(DatabaseContentionError):
        signalled(mysql, number)


@pytest.mark.parametrize("number", [1064, 1142, 1153, 1227, 1364, 1366, 1406])
def test_what_no_waiting_mends_is_lasting(mysql: Database, number: int):
    with pytest.raises(DatabaseError) as caught:
        signalled(mysql, number)
    assert failure_is_lasting(caught.value)


@pytest.mark.parametrize("number", [1044, 1045, 1049, 1698, 2026])
def test_who_is_not_let_in_waits_for_a_person_and_fails_no_task(mysql: Database, number: int):
    with pytest.raises(DatabaseRefusedError) as caught:
        signalled(mysql, number)
    assert not failure_is_lasting(caught.value)


def test_a_number_that_is_not_known_is_told_with_it(mysql: Database):
    with raises_saying(DatabaseUnclassifiedError, "error 3999: x") as caught:
        signalled(mysql, 3999)
    assert not failure_is_lasting(caught.value)


def test_a_number_means_what_it_means_in_its_family():
    error = pymysql.OperationalError(4031, "x")
    assert kind_of(error, ServerFamily.MYSQL)[0] is DatabaseUnavailableError
    assert kind_of(error, ServerFamily.MARIADB)[0] is DatabaseError
    assert ends_generation(error, ServerFamily.MYSQL)
    assert not ends_generation(error, ServerFamily.MARIADB)


def test_a_connection_is_kept_after_a_full_disk_and_left_after_a_read_only_answer(mysql: Database):
    def connection_id() -> int:
        return mysql.read(lambda tx: tx.number("SELECT CONNECTION_ID() AS id"))

    first = connection_id()
    for number, is_kept in ((1114, True), (1317, True), (1290, False)):
        with pytest.raises(DatabaseUnavailableError):
            signalled(mysql, number)
        assert (connection_id() == first) is is_kept


def test_a_statement_that_somebody_kills_is_run_again(mysql_url, mariadb: MariaDBServer):
    database = Database(engine=open_engine(mysql_url, 2), clock=SystemClock(), patience_secs=30)
    with_boxes(database)
    sleeping, runs = threading.Event(), []

    def work(tx: Tx) -> int:
        runs.append(tx.number("SELECT CONNECTION_ID() AS id"))
        if len(runs) == 1:
            sleeping.set()
            tx.all("SELECT COUNT(*) FROM boxes, (SELECT SLEEP(20) AS s) AS long_one")
        return add(tx, 1)

    def kill() -> None:
        assert sleeping.wait(30)
        with closing(mariadb.connect()) as admin, admin.cursor() as cursor:
            while not cursor.execute(
                "SELECT 1 FROM information_schema.processlist"
                f" WHERE id={runs[0]} AND state='User sleep'"
            ):
                pass
            cursor.execute(f"KILL QUERY {runs[0]}")

    killer = threading.Thread(target=kill)
    killer.start()
    assert database.write(work) == 1
    killer.join(30)
    assert len(runs) == 2 and runs[0] == runs[1], "on the same connection"
    assert contents(database) == [1, 0]
    database.close()


def test_a_time_limit_of_the_server_is_waited_for(mysql: Database):
    def work(tx: Tx) -> None:
        tx.all("SET STATEMENT max_statement_time=0.01 FOR SELECT SLEEP(5) FROM boxes")

    with pytest.raises(DatabaseUnavailableError):
        mysql.read(work)


def test_read_only_at_commit_is_no_unknown_commit(mysql: Database, mariadb: MariaDBServer):
    with closing(mariadb.connect()) as admin:

        def work(tx: Tx) -> None:
            add(tx, 1)
            admin.cursor().execute("SET GLOBAL read_only=1")

        try:
            with pytest.raises(DatabaseUnavailableError):
                mysql.write(work)
        finally:
            admin.cursor().execute("SET GLOBAL read_only=0")
    assert contents(mysql) == [0, 0]


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    return tmp_path / "b.db"


@pytest.fixture
def sqlite_boxes(sqlite_file: Path, open_database) -> Database:
    return with_boxes(open_database(f"sqlite:///{sqlite_file}", patience_secs=60))


def test_a_full_disk_of_sqlite_is_waited_for(sqlite_boxes: Database, clock):
    def set_pages(tx: Tx, pages: int) -> None:
        tx.execute(f"PRAGMA max_page_count={pages}")

    def fill(tx: Tx) -> int:
        return tx.execute("UPDATE boxes SET label=:label WHERE id=1", label="x" * 100_000)

    sqlite_boxes.read(set_pages, 4)
    clock.on_wait = lambda: sqlite_boxes.read(set_pages, 1000) if len(clock.waits) == 5 else None
    assert sqlite_boxes.write(fill) == 1
    assert len(clock.waits) == 5


def test_a_full_disk_of_sqlite_is_told(sqlite_file: Path, open_database):
    database = with_boxes(open_database(f"sqlite:///{sqlite_file}"))
    database.read(lambda tx: tx.execute("PRAGMA max_page_count=4"))
    with raises_saying(DatabaseUnavailableError, "the disk is full; make room"):
        database.write(lambda tx: tx.execute("UPDATE boxes SET label=:x", x="x" * 100_000))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, DatabaseUnavailableError),
        (sqlite3.SQLITE_READONLY_DBMOVED, DatabaseUnavailableError),
        (sqlite3.SQLITE_IOERR_FSYNC, DatabaseUnavailableError),
        (sqlite3.SQLITE_CANTOPEN, DatabaseUnavailableError),
        (sqlite3.SQLITE_NOMEM, DatabaseUnavailableError),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, DatabaseContentionError),
        (sqlite3.SQLITE_LOCKED_SHAREDCACHE, DatabaseContentionError),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, DuplicateKeyError),
        (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, DuplicateKeyError),
        (sqlite3.SQLITE_NOLFS, DatabaseUnclassifiedError),
    ],
)
def test_codes_of_sqlite_are_read_and_not_its_sentences(
    tmp_path: Path, code: int, kind: type[DatabaseError]
):
    error = sqlite3.OperationalError("somebody translated this")
    error.sqlite_errorcode = code
    assert type(SQLiteEngine(path=tmp_path / "b.db", pool_size=1).translate(error)) is kind


def test_a_damaged_file_is_told_with_advice(sqlite_file: Path, open_database):
    sqlite_file.write_bytes(b"this is no database" * 1000)
    with raises_saying(DatabaseError, "restore a backup") as caught:
        open_database(f"sqlite:///{sqlite_file}").read(lambda tx: tx.one("SELECT 1 FROM boxes"))
    assert failure_is_lasting(caught.value)


def test_a_connection_whose_rollback_failed_is_not_kept(sqlite_boxes: Database):
    engine = sqlite_boxes.engine
    connection = engine.connect()
    engine.begin(connection)
    add(Tx(connection=connection, engine=engine), 1)
    assert isinstance(connection, sqlite3.Connection)

    def refuse(action: int, *_: object) -> int:
        is_end = action == sqlite3.SQLITE_TRANSACTION
        return sqlite3.SQLITE_DENY if is_end else sqlite3.SQLITE_OK

    connection.set_authorizer(refuse)
    engine.rollback(connection)
    engine.release(connection)
    assert sqlite_boxes.write(add, 2) == 1
    assert contents(sqlite_boxes) == [0, 1]


def test_a_lost_connection_at_commit_stays_unknown(mysql: Database, mariadb: MariaDBServer):
    def work(tx: Tx) -> None:
        add(tx, 1)
        with closing(mariadb.connect()) as admin:
            row = tx.number("SELECT CONNECTION_ID() AS id")
            admin.cursor().execute(f"KILL {row}")

    with pytest.raises(CommitUnknownError):
        mysql.write(work)
