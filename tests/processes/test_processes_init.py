"""`run --init`: waits for the database, makes or upgrades the tables once, and then works."""

from __future__ import annotations

import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime

import pymysql
import pytest

from core.clock import SystemClock
from storage.engines.transactions import Database, open_engine
from storage.schema.schema import SCHEMA_VERSION
from tests.support.mariadb import MariaDBServer, free_port
from tests.support.processes.launcher import Baton, Process, wait_until
from tests.support.processes.outside import Outside
from tests.support.processes.process_fixtures import look_at
from tests.support.storage.old_schemas import load_old_schema
from tests.support.storage.tcp_proxy import TcpProxy

OLD = 5
RUN = ("run", "--init", "--no-web")
INITS = "SELECT COUNT(*) FROM web_actions WHERE action='init'"
WORKERS = "SELECT COUNT(*) FROM workers"
AT_ONCE_SECS = 4.0  # less than a connection attempt lasts, on a busy machine too


@pytest.fixture
def proxy(mariadb: MariaDBServer) -> Iterator[TcpProxy]:
    """A way to the server that can be closed and opened."""
    with TcpProxy(mariadb.port) as made:
        yield made


def install_old(baton: Baton, *rows: str) -> None:
    """Make the tables of an earlier version, and run statements that add rows."""
    database = Database(engine=open_engine(baton.database_url, 1), clock=SystemClock())
    with closing(database):
        load_old_schema(database, OLD, *rows)


def works(outside: Outside, processes: int = 1) -> None:
    def counted() -> bool:
        return outside.value(WORKERS) == processes

    wait_until(lambda: has_tables(outside) and counted(), f"{processes} working processes")


def has_tables(outside: Outside) -> bool:
    try:
        return bool(outside.value("SELECT MAX(version) FROM schema_version") == SCHEMA_VERSION)
    except pymysql.ProgrammingError:  # no table yet
        return False


def ended(process: Process) -> None:
    process.signal(signal.SIGTERM)
    outcome = process.wait()
    assert outcome.code == 0, outcome
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_empty_database_gets_its_tables_and_is_worked_on(on_both: Baton, language: str) -> None:
    on_both.env["BATON_LANGUAGE"] = language
    outside = look_at(on_both)
    runner = on_both.start(*RUN)
    works(outside)
    assert outside.value(INITS) == 1
    line = {"en": "schema created (version", "zh": "已创建表结构"}[language]
    assert line in runner.err
    ended(runner)
    again = on_both.start(*RUN)
    works(outside)
    ended(again)
    assert outside.value(INITS) == 1
    assert line not in again.err


def test_an_older_database_is_upgraded(on_both: Baton) -> None:
    install_old(on_both)
    outside = look_at(on_both)
    runner = on_both.start(*RUN)
    works(outside)
    assert re.search(rf"schema upgraded to .*\b{SCHEMA_VERSION}\b", runner.err)
    assert outside.value(INITS) == 1
    ended(runner)


def test_of_several_that_start_at_once_one_upgrades(on_both: Baton) -> None:
    install_old(on_both)
    outside = look_at(on_both)
    runners = [on_both.start(*RUN) for _ in range(4)]
    works(outside, len(runners))
    assert outside.value(INITS) == 1
    for runner in runners:
        ended(runner)
    assert sum("schema upgraded" in runner.err for runner in runners) == 1


def test_of_several_that_start_at_once_one_makes_tables_and_key(on_both: Baton) -> None:
    outside = look_at(on_both)
    runners = [on_both.start(*RUN) for _ in range(4)]
    works(outside, len(runners))
    assert outside.value(INITS) == 1
    for runner in runners:
        ended(runner)
    assert list(on_both.data_dir.glob(".secret.key.*")) == []
    assert on_both.run("accounts", "list").code == 0


def test_a_server_that_comes_late_is_waited_for(
    mysql_url: str, proxy: TcpProxy, make_baton: Callable[..., Baton]
) -> None:
    proxy.refuse = True
    baton = make_baton(proxy.url(mysql_url))
    runner = baton.start(*RUN)
    wait_until(lambda: runner.err.count("waiting for the database") == 2, "the second line")
    assert " of 60 s): mysql://baton@127.0.0.1" in runner.err
    proxy.refuse = False
    works(look_at(make_baton(mysql_url)))
    ended(runner)


def test_a_server_that_never_comes_ends_it_in_time(make_baton: Callable[..., Baton]) -> None:
    baton = make_baton(f"mysql://baton:hunter2@127.0.0.1:{free_port()}/baton")
    outcome = baton.run(*RUN, "--init-wait-secs", 2)
    assert outcome.code == 1
    assert "is the server running and DATABASE_URL right?" in outcome.err
    assert "hunter2" not in outcome.err


def test_a_wrong_password_is_told_at_once(
    mariadb: MariaDBServer, make_baton: Callable[..., Baton]
) -> None:
    mariadb.drop_database(mariadb.new_database())  # the user exists from now on
    baton = make_baton(f"mysql://baton:hunter2@127.0.0.1:{mariadb.port}/baton_1")
    outcome = baton.run(*RUN)
    assert outcome.code == 1
    assert "wrong user or password" in outcome.err
    assert "waiting" not in outcome.err
    assert "hunter2" not in outcome.err


def test_a_schema_of_a_newer_program_is_told_at_once(on_both: Baton) -> None:
    on_both.add_accounts("acc1")
    with on_both.opened_app() as app:
        newer = f"UPDATE schema_version SET version={SCHEMA_VERSION + 1}"
        app.database.write(lambda tx: tx.execute(newer))
    outcome = on_both.run(*RUN)
    assert outcome.code == 1
    assert f"its schema is version {SCHEMA_VERSION + 1}, and this program knows" in outcome.err
    assert "waiting" not in outcome.err


def test_a_process_of_the_older_version_is_waited_for(on_both: Baton) -> None:
    moment = f"'{datetime.now(UTC):%Y-%m-%d %H:%M:%S}.000'"
    install_old(
        on_both,
        "INSERT INTO workers (id, host, pid, roles, started_at, seen_at)"
        f" VALUES ('old', 'h', 7, 'export=1', {moment}, {moment})",
    )
    outside = look_at(on_both)
    on_both.env["BATON_LEASE_SECS"] = "6"
    runner = on_both.start(*RUN)
    wait_until(lambda: "Baton is running (process" in runner.err, "what it waits for")
    assert outside.value("SELECT MAX(version) FROM schema_version") == OLD
    wait_until(lambda: has_tables(outside), "the upgrade")
    ended(runner)
    assert "schema upgraded" in runner.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait_at_once(
    make_baton: Callable[..., Baton], number: signal.Signals
) -> None:
    with socket.socket() as deaf:  # it takes connections, and never says a word
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        baton = make_baton(f"mysql://baton:x@127.0.0.1:{deaf.getsockname()[1]}/baton")
        runner = baton.start(*RUN)
        deaf.settimeout(60)
        deaf.accept()
        begun = time.monotonic()
        runner.signal(number)
        outcome = runner.wait()
    assert outcome.code == 0, outcome
    assert time.monotonic() - begun < AT_ONCE_SECS
    assert "stopped before the work began" in outcome.err


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "another process is making or upgrading the tables"), ("zh", "正在创建或升级表结构")],
)
def test_who_finds_another_at_the_tables_leaves_them_alone(
    mysql_url: str, make_baton: Callable[..., Baton], language: str, sentence: str
) -> None:
    baton = make_baton(mysql_url, BATON_LANGUAGE=language)
    engine = open_engine(mysql_url, 1)
    with closing(engine), engine.schema_lock(0) as held:
        assert held
        runner = baton.start(*RUN)
        outcome = baton.run("init")
        assert outcome.code == 1, outcome
        assert sentence in outcome.err
        wait_until(lambda: sentence in runner.err, "what it waits for")
        assert not has_tables(look_at(baton))
    works(look_at(baton))
    ended(runner)
