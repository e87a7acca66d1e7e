"""A database that is not as it should be: the command says what is wrong and touches nothing."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.schema.schema import FIRST_VERSION, SCHEMA_VERSION
from tests.support.mariadb import MariaDBServer
from tests.support.processes.launcher import Baton, Outcome
from tests.support.processes.process_fixtures import look_at

WITH = ("start_crawl", "--domain", "美妆")
SECRET = "s3cret-pa55"
BATON_USER = "mysql://baton:p%40ss%20word@127.0.0.1"


def refused(outcome: Outcome, message: str, code: int = 1) -> None:
    assert outcome.code == code, outcome
    assert message in outcome.err, outcome
    assert "Traceback" not in outcome.err
    assert outcome.out == ""
    for secret in (SECRET, "p@ss word", "p%40ss"):
        assert secret not in outcome.err


def test_a_server_that_is_not_there_is_told(
    make_baton: Callable[..., Baton],
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take the port
        port = probe.getsockname()[1]
        baton = make_baton(f"mysql://baton:{SECRET}@127.0.0.1:{port}/baton")
        outcomes = baton.run_all(WITH, ("status",), ("init",))
    for outcome in outcomes:
        refused(outcome, f"baton@127.0.0.1:{port}/baton")
    assert "is the server running and DATABASE_URL right?" in outcomes[0].err


def test_a_path_of_sqlite_that_cannot_be_used_is_not_taken_for_a_server(
    make_baton: Callable[..., Baton], tmp_path: Path
) -> None:
    baton = make_baton(f"sqlite:///{tmp_path}")
    refused(baton.run("status"), "is the path in DATABASE_URL right")
    doctor = baton.run("doctor")
    for told in (baton.run(*WITH).err, doctor.out + doctor.err):
        assert "server" not in told and "database_unavailable:" not in told


def test_wrong_words_to_a_server_are_told(
    mariadb: MariaDBServer, make_baton: Callable[..., Baton]
) -> None:
    mariadb.drop_database(mariadb.new_database())  # the user exists from now on
    here = f"127.0.0.1:{mariadb.port}"
    cases = {
        f"mysql://baton:{SECRET}@{here}/baton_1": "wrong user or password",
        f"mysql://nobody:{SECRET}@{here}/baton_1": "wrong user or password",
        f"mysql://root@{here}/missing": "the database does not exist; CREATE DATABASE it first",
        f"{BATON_USER}:{mariadb.port}/not_granted": "the user may not use this database",
    }
    for url, message in cases.items():
        refused(make_baton(url).run("status"), message)


def test_a_mysql_database_wants_init_first(
    mariadb: MariaDBServer, make_baton: Callable[..., Baton]
) -> None:
    url = mariadb.new_database()
    baton = make_baton(url)
    refused(baton.run(*WITH), "has no tables yet; run: python cli.py init")
    first, second = baton.run("init"), baton.run("init")
    assert (first.code, second.code) == (0, 0)
    assert f"schema created (version {SCHEMA_VERSION})" in first.out
    assert f"schema is right (version {SCHEMA_VERSION})" in second.out
    assert "p@ss" not in first.out
    assert baton.run("accounts", "list", "--json").json == []
    mariadb.drop_database(url)


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, FIRST_VERSION - 1])
def test_another_schema_version_is_left_alone(
    on_both: Baton, mariadb: MariaDBServer, version: int
) -> None:
    on_both.add_accounts("acc1")
    change = f"UPDATE schema_version SET version={version}"
    if on_both.database_url.startswith("sqlite"):
        path = on_both.database_url.removeprefix("sqlite:///")
        with sqlite3.connect(path) as connection:
            connection.execute(change)
        connection.close()
    else:
        with mariadb.connect(on_both.database_url.rpartition("/")[2]) as admin:
            admin.cursor().execute(change)
    for outcome in on_both.run_all(WITH, ("init",)):
        refused(outcome, f"its schema is version {version}, and this program knows")
    assert look_at(on_both).value("SELECT version FROM schema_version") == version


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (f"oracle://u:{SECRET}@h/db", "unknown engine 'oracle'"),
        (f"mysql://u:{SECRET}@h:port/db", "write it like"),
        (f"mysql://u:{SECRET}@h:3306", "host, user or database missing"),
        ("sqlite:baton.db", "write it like sqlite:///PATH"),
    ],
)
def test_a_database_url_of_another_form_is_told(
    make_baton: Callable[..., Baton], url: str, message: str
) -> None:
    refused(make_baton(url).run("status"), message)


def test_a_file_that_is_no_database_is_told(make_baton: Callable[..., Baton]) -> None:
    baton = make_baton()
    (baton.folder / "baton.db").write_text("this is no SQLite file, it is a letter " * 50)
    refused(baton.run("status"), "not a database")


def test_a_locked_database_is_told_and_not_waited_for_minutes(baton: Baton) -> None:
    baton.add_accounts("acc1")
    holder = sqlite3.connect(baton.folder / "baton.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        refused(baton.run(*WITH, "--detach"), "database is locked")
    finally:
        holder.close()
