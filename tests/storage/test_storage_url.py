"""DATABASE_URL: what it may look like, and clear words where it is wrong; never its password."""

from __future__ import annotations

import socket

import pytest

from core.errors import DatabaseError, DatabaseRefusedError, DatabaseUnavailableError, SettingsError
from storage.engines.transactions import Database, open_engine
from tests.support.mariadb import MariaDBServer
from tests.support.messages import raises_saying


def ask(database: Database) -> object:
    return database.read(lambda tx: tx.one("SELECT 1 AS yes"))


def test_an_unknown_database_is_told_with_advice(mariadb: MariaDBServer, open_database):
    url = f"mysql://root:@127.0.0.1:{mariadb.port}/nowhere"
    with raises_saying(DatabaseError, "CREATE DATABASE") as caught:
        ask(open_database(url, patience_secs=60))
    assert isinstance(caught.value, DatabaseRefusedError)


def test_a_database_of_others_is_told_with_advice(mysql_url, open_database):
    url = mysql_url.rsplit("/", 1)[0] + "/mysql"
    with raises_saying(DatabaseError, "may not use this database; GRANT"):
        ask(open_database(url, patience_secs=60))


def test_a_wrong_password_is_told_without_it(mysql_url, open_database):
    url = mysql_url.replace("p%40ss%20word", "hunter2")
    with raises_saying(DatabaseError, "wrong user or password; check DATABASE_URL") as caught:
        ask(open_database(url, patience_secs=60))
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert isinstance(caught.value, DatabaseRefusedError)


def test_a_server_that_is_not_there_is_told_without_the_password(open_database):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with raises_saying(DatabaseUnavailableError, rf"baton@127\.0\.0\.1:{port}/baton") as caught:
        ask(open_database(f"mysql://baton:hunter2@127.0.0.1:{port}/baton"))
    assert "hunter2" not in str(caught.value)
    assert isinstance(caught.value, DatabaseUnavailableError)


def test_a_lasting_failure_is_not_waited_for(mysql_url, open_database, clock):
    with pytest.raises(DatabaseError):
        ask(open_database(mysql_url.replace("p%40ss%20word", "x"), patience_secs=600))
    assert clock.waits == []


@pytest.mark.parametrize("name", ["mysql", "mariadb"])
def test_both_names_of_the_server_are_understood(mysql_url, open_database, name):
    assert ask(open_database(mysql_url.replace("mysql://", f"{name}://")))["yes"] == 1


def test_a_unix_socket_may_be_given(mariadb: MariaDBServer, open_database):
    url = f"mysql://root:@localhost/mysql?unix_socket={mariadb.socket}"
    assert ask(open_database(url))["yes"] == 1


def test_a_unix_socket_needs_no_host(mariadb: MariaDBServer, open_database):
    url = f"mysql://root:@/mysql?unix_socket={mariadb.socket}"
    assert ask(open_database(url))["yes"] == 1
    assert mariadb.socket in open_database(url).engine.describe()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:///b.db?mode=ro", "mode is no option: a SQLite file has none"),
        ("sqlite:///b.db?cache=shared&mode=rwc", "cache, mode is no option"),
        ("sqlite:///~/b.db", "~/b.db: ~ is not replaced here; write the path out"),
        ("sqlite:///:memory:", "lost with each connection; name a file"),
        ("sqlite:///%3Amemory%3A", "lost with each connection; name a file"),
    ],
)
def test_what_sqlite_would_take_for_a_file_name_is_refused(
    url: str, told: str, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with raises_saying(SettingsError, told):
        open_engine(url, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "mysql://baton:hunter2@/baton",
        "mysql://baton:hunter2@host",
        "mysql://:hunter2@host/baton",
        "mysql://baton:hunter2@host:x/baton",
        "mysql://baton:hunter2@host:99999/baton",
        "postgres://baton:hunter2@host/baton",
        "sqlite://baton.db",
        "sqlite:///",
        "hunter2",
        "",
    ],
)
def test_a_malformed_url_names_the_setting_and_the_right_form(url: str):
    with raises_saying(SettingsError, r"DATABASE_URL.*mysql://USER:PASSWORD@HOST") as caught:
        open_engine(url, 1)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("mark", ["/", "?", "#", "[", "]"])
def test_a_password_that_needs_escaping_is_not_repeated(mark: str):
    with raises_saying(SettingsError, "DATABASE_URL") as caught:
        open_engine(f"mysql://baton:hunter2{mark}tail@host:3306/baton", 1)
    assert "hunter2" not in str(caught.value) and caught.value.__cause__ is None


def test_addresses_show_no_password(mysql_url):
    engine = open_engine("mysql://baton:hunter2@host:3307/baton", 1)
    assert "hunter2" not in f"{engine.describe()} {vars(engine)!r}"
    assert "host:3307/baton" in engine.describe()


def test_a_sqlite_file_in_a_new_folder_is_made(tmp_path, open_database):
    file = tmp_path / "new folder" / "b.db"
    assert ask(open_database(f"sqlite:///{tmp_path}/new%20folder/b.db"))["yes"] == 1
    assert file.exists()


def test_a_sqlite_folder_that_cannot_be_made_is_told(tmp_path, open_database):
    (tmp_path / "file").write_text("")
    with raises_saying(DatabaseError, r"file/b\.db"):
        ask(open_database(f"sqlite:///{tmp_path / 'file' / 'b.db'}"))
