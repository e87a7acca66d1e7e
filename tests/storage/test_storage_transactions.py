"""Units of work: whole, run again as a whole, committed once."""

from __future__ import annotations

import contextlib
import threading

import pytest
from dbutils.pooled_db import PooledDB

import storage.engines.pool
from core.errors import CommitUnknownError, DatabaseContentionError, DatabaseError
from storage.engines.transactions import Database, Tx
from tests.storage.conftest import add, contents, with_boxes
from tests.support.mariadb import MariaDBServer


def test_what_a_unit_returns_is_returned_and_committed(database: Database):
    with_boxes(database)
    assert database.write(add, 1, 5) == 1
    assert contents(database) == [5, 0]


@pytest.mark.parametrize("error", [RuntimeError("ours"), KeyboardInterrupt()])
def test_a_unit_that_raises_leaves_nothing_and_passes_its_error(database: Database, error):
    with_boxes(database)

    def work(tx: Tx) -> None:
        add(tx, 1)
        raise error

    with pytest.raises(type(error)) as caught:
        database.write(work)
    assert caught.value is error
    assert contents(database) == [0, 0]
    assert database.write(add, 1) == 1  # and blocks nobody


def test_a_wrong_statement_is_not_tried_again(database: Database, clock):
    with_boxes(database)
    with pytest.raises(DatabaseError):
        database.write(lambda tx: tx.execute("UPDATE boxes SET nothing=1"))
    assert clock.waits == []


def test_a_deadlock_runs_the_losing_unit_again_as_a_whole(mysql: Database):
    meet = threading.Barrier(2)
    runs = []

    def swap(first: int, second: int) -> None:
        def work(tx: Tx) -> None:
            runs.append(first)
            add(tx, first)
            if len(runs) <= 2:
                meet.wait(60)  # both hold one box now and want the other
            add(tx, second)

        mysql.write(work)

    threads = [threading.Thread(target=swap, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(runs) == 3, "one of the two was run again"
    assert contents(mysql) == [2, 2]


def test_a_lock_wait_timeout_runs_the_whole_unit_again(
    mysql: Database, mysql_url, mariadb: MariaDBServer, clock
):
    runs = []

    def work(tx: Tx) -> None:
        runs.append(1)
        tx.execute("SET SESSION innodb_lock_wait_timeout=1")
        add(tx, 1)
        add(tx, 2)

    with contextlib.closing(mariadb.connect(mysql_url.rsplit("/", 1)[-1])) as other:
        other.begin()
        other.cursor().execute("UPDATE boxes SET n=n+10 WHERE id=2")
        clock.on_wait = other.commit
        mysql.write(work)
    assert len(runs) == 2
    assert contents(mysql) == [1, 11]


def test_a_connection_killed_inside_a_unit_runs_all_of_it_again(
    mysql_url, open_database, mariadb: MariaDBServer
):
    database = with_boxes(open_database(mysql_url, patience_secs=5))
    admin = mariadb.connect()
    runs = []

    def work(tx: Tx) -> None:
        add(tx, 1)
        runs.append(1)
        if len(runs) == 1:
            row = tx.one("SELECT CONNECTION_ID() AS id")
            admin.cursor().execute(f"KILL {row['id']}")
        add(tx, 2)

    database.write(work)
    admin.close()
    assert len(runs) == 2
    assert contents(database) == [1, 1]


@pytest.mark.parametrize("statements_after", [0, 1])
def test_a_commit_on_a_replaced_connection_is_never_called_a_success(
    mysql: Database, mariadb: MariaDBServer, statements_after: int
):
    admin = mariadb.connect()

    def work(tx: Tx) -> None:
        add(tx, 1)
        row = tx.one("SELECT CONNECTION_ID() AS id")
        admin.cursor().execute(f"KILL {row['id']}")
        for _ in range(statements_after):
            with contextlib.suppress(DatabaseError):  # a unit that goes on as if nothing were
                add(tx, 2)

    with pytest.raises(CommitUnknownError):
        mysql.write(work)
    admin.close()
    assert contents(mysql) == [0, 0]


def test_killed_connections_do_not_use_up_the_pool(
    mysql_url, open_database, mariadb: MariaDBServer
):
    database = with_boxes(open_database(mysql_url, patience_secs=60, pool_size=2))
    admin = mariadb.connect()
    killed: set[int] = set()

    def work(tx: Tx) -> None:
        row = tx.one("SELECT CONNECTION_ID() AS id")
        if row["id"] not in killed and len(killed) < 6:
            killed.add(row["id"])
            admin.cursor().execute(f"KILL {row['id']}")
        add(tx, 1)

    for _ in range(3):
        database.write(work)
    admin.close()
    assert len(killed) == 6
    assert contents(database) == [3, 0]


@pytest.mark.parametrize("idle_secs", [0, 2])
def test_an_idle_connection_that_died_is_not_noticed(
    mysql_url, open_database, mariadb: MariaDBServer, monkeypatch, idle_secs: int
):
    # One that was just used is not asked whether it lives: its loss is told, and waited out.
    patience_secs = 0 if idle_secs else 5
    mysql = with_boxes(open_database(mysql_url, patience_secs=patience_secs))
    monkeypatch.setattr(storage.engines.pool, "FRESH_SECS", 1.0 - idle_secs)
    row = mysql.read(lambda tx: tx.one("SELECT CONNECTION_ID() AS id"))
    admin = mariadb.connect()
    admin.cursor().execute(f"KILL {row['id']}")
    admin.close()
    assert mysql.write(add, 1) == 1


def test_threads_that_begin_together_share_one_pool(mysql: Database, monkeypatch):
    together = threading.Barrier(2)
    made = []

    class Watched(PooledDB):
        def __init__(self, *args: object, **options: object) -> None:
            made.append(1)
            with contextlib.suppress(threading.BrokenBarrierError):
                together.wait(0.3)  # for a second one, which must not come
            super().__init__(*args, **options)

    mysql.close()
    monkeypatch.setattr(storage.engines.pool, "PooledDB", Watched)
    threads = [threading.Thread(target=lambda: contents(mysql)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made) == 1


def test_lost_against_others_twenty_times_is_reported(mysql: Database, clock):
    runs = []

    def unlucky(tx: Tx) -> None:
        runs.append(1)
        add(tx, 1)
        raise DatabaseContentionError("somebody was faster")

    with pytest.raises(DatabaseContentionError):
        mysql.write(unlucky)
    assert len(runs) == 20
    assert all(0 < secs <= 0.25 for secs in clock.waits)
    assert contents(mysql) == [0, 0]


def test_contention_is_sat_out_also_while_the_process_ends(mysql: Database, clock):
    mysql.give_up.set()
    runs = []

    def unlucky_at_first(tx: Tx) -> int:
        runs.append(1)
        if len(runs) < 10:
            raise DatabaseContentionError("somebody was faster")
        return add(tx, 1)

    assert mysql.write(unlucky_at_first) == 1
    assert len(clock.waits) == 9, "each time it stood back for a moment"


def test_sessions_are_strict_and_read_committed(mysql: Database):
    row = mysql.read(
        lambda tx: tx.one("SELECT @@session.tx_isolation AS i, @@session.sql_mode AS mode")
    )
    assert row["i"] == "READ-COMMITTED"
    assert "STRICT_ALL_TABLES" in row["mode"]


def test_each_statement_of_a_unit_sees_what_others_committed(mysql: Database):
    def work(tx: Tx) -> list[int]:
        seen = [tx.one("SELECT n FROM boxes WHERE id=1")["n"]]
        thread = threading.Thread(target=lambda: mysql.write(lambda other: add(other, 1)))
        thread.start()
        thread.join(60)
        return [*seen, tx.one("SELECT n FROM boxes WHERE id=1")["n"]]

    assert mysql.write(work) == [0, 1]


def test_settings_of_a_session_survive_a_new_connection(
    mysql_url, open_database, mariadb: MariaDBServer
):
    mysql = with_boxes(open_database(mysql_url, patience_secs=5))
    row = mysql.read(lambda tx: tx.one("SELECT CONNECTION_ID() AS id"))
    admin = mariadb.connect()
    admin.cursor().execute(f"KILL {row['id']}")
    admin.close()
    test_sessions_are_strict_and_read_committed(mysql)
    same = mysql.write(lambda tx: tx.execute("UPDATE boxes SET n=0"))
    assert same == 2


def test_a_text_that_is_too_long_is_an_error_and_not_cut(mysql: Database):
    with pytest.raises(DatabaseError, match="too long"):
        mysql.write(
            lambda tx: tx.execute("UPDATE boxes SET label=:label WHERE id=1", label="好" * 21)
        )
    assert mysql.read(lambda tx: tx.one("SELECT label FROM boxes WHERE id=1")) == {"label": None}


def test_writers_of_several_threads_all_get_through(database: Database):
    with_boxes(database)
    failures: list[BaseException] = []

    def increase() -> None:
        try:
            for _ in range(25):
                database.write(add, 1)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=increase) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert contents(database) == [200, 0]


def test_reads_go_on_while_another_thread_writes(database: Database):
    with_boxes(database)
    seen: list[list[int]] = []

    def work(tx: Tx) -> None:
        add(tx, 1)
        reader = threading.Thread(target=lambda: seen.append(contents(database)))
        reader.start()
        reader.join(60)

    database.write(work)
    assert seen == [[0, 0]]
    assert contents(database) == [1, 0]
