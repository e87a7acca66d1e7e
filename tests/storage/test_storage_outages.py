"""What a process knows of its database's trouble, and how often it is logged."""

from __future__ import annotations

import logging

import pytest

from core.errors import (
    DatabaseError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    DatabaseUnclassifiedError,
)
from storage.engines.outages import OutageWatch, oldest_outage
from storage.engines.transactions import Database, Tx
from tests.storage.conftest import with_boxes
from tests.support.mariadb import MariaDBServer, private_server
from tests.support.moving_clock import MovingClock

AWAY = DatabaseUnavailableError("database_unavailable", where="here", detail="away")
FULL = DatabaseUnavailableError("database_disk_full", where="here")


@pytest.fixture
def watch(clock: MovingClock) -> OutageWatch:
    return OutageWatch(clock)


def test_an_outage_begins_with_the_first_failure_and_ends_with_a_success(watch, clock):
    began = clock.now()
    watch.failed(AWAY, writing=False)
    assert watch.current is None, "a statement that was killed is no outage"
    clock.move(30)
    watch.failed(FULL, writing=False)
    current = watch.current
    assert current is not None
    assert (current.began_at, current.secs, current.cause) == (began, 30, FULL.message)
    clock.move(10)
    watch.succeeded(writing=False)
    assert watch.current is None
    ended = watch.ended_within(60)
    assert ended is not None and (ended.ended_at, ended.secs) == (clock.now(), 40)
    clock.move(61)
    assert watch.ended_within(60) is None


def test_reads_do_not_end_an_outage_of_writes(watch, clock):
    watch.failed(FULL, writing=True)
    clock.move(5)
    watch.succeeded(writing=False)
    assert watch.current is not None
    watch.succeeded(writing=True)
    assert watch.current is None


@pytest.mark.parametrize("secs", [0, 1])
def test_a_failure_that_passes_at_once_is_told_to_nobody(watch, clock, caplog, secs: int):
    watch.failed(AWAY, writing=True)
    clock.move(secs)
    watch.succeeded(writing=True)
    assert watch.ended_within(60) is None
    assert caplog.records == []


def test_an_outage_is_logged_once_a_minute_and_when_it_is_over(watch, clock, caplog):
    caplog.set_level(logging.INFO)
    for _ in range(60):
        watch.failed(AWAY, writing=True)
        clock.move(5)
    watch.succeeded(writing=True)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 6
    assert said[0].startswith("database trouble for 5 s")
    assert said[-1] == "the database can be used again, after 300 s"


def test_other_errors_are_no_outage(watch, clock):
    watch.failed(DatabaseError("database_statement_failed", where="here"), writing=True)
    clock.move(60)
    assert watch.current is None


def test_a_password_that_is_wrong_for_a_while_was_an_outage(mariadb, open_database, clock):
    """As when it is changed on the server before it is in DATABASE_URL."""
    with private_server() as server:
        database: Database = with_boxes(open_database(server.new_database(), patience_secs=120))
        server.change_password("another")
        database.engine.close()
        for _ in range(2):
            with pytest.raises(DatabaseRefusedError):
                database.read(lambda tx: tx.one("SELECT 1 AS n"))
            clock.move(600)
        current = database.outages.current
        assert current is not None and current.secs == 1200
        assert current.cause.code == "database_login_refused"
        server.change_password()
        database.read(lambda tx: tx.one("SELECT 1 AS n"))
        assert database.outages.current is None
        assert database.outages.ended_within(60) is not None


def test_of_two_outages_of_a_process_the_older_one_is_told(clock):
    quiet, older, newer = OutageWatch(clock), OutageWatch(clock), OutageWatch(clock)
    for watch in (older, newer):
        watch.failed(AWAY, writing=True)
        clock.move(5)
    assert oldest_outage(quiet, newer, older) == older.current
    assert oldest_outage(quiet) is None


def test_errors_that_nobody_knows_are_kept_by_their_number(watch, clock):
    unknown = DatabaseUnclassifiedError(
        "database_error_unclassified", where="here", number=3999, detail="x"
    )
    watch.failed(unknown, writing=True)
    watch.failed(unknown, writing=True)
    assert [one.number for one in watch.unknown_within(60)] == [3999]
    clock.move(61)
    assert watch.unknown_within(60) == []


def test_a_server_that_was_away_was_an_outage(mariadb, open_database, clock):
    server: MariaDBServer
    with private_server() as server:
        database: Database = with_boxes(open_database(server.new_database(), patience_secs=120))
        server.kill()
        seen = []

        def look() -> None:
            seen.append(database.outages.current)
            if len(clock.waits) == 8:
                server.start()

        clock.on_wait = look
        database.write(lambda tx: tx.execute("UPDATE boxes SET n=1"))
        assert any(seen) and database.outages.current is None
        assert database.outages.ended_within(60) is not None


def test_patience_can_be_less_for_a_while_and_never_more(mysql_url, open_database, clock):
    database = open_database("mysql://u:p@127.0.0.1:1/b", patience_secs=60)

    def ask(tx: Tx) -> bool:
        return tx.exists("SELECT 1 AS yes")

    for limit, at_most in ((0, 1), (5, 12), (600, 70)):
        begun = clock.monotonic()
        with database.patience(limit), pytest.raises(DatabaseUnavailableError):
            database.read(ask)
        waited = clock.monotonic() - begun
        assert waited <= at_most
    assert waited >= 60
