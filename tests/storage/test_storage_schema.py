"""The schema: two twins, made once, told apart from everything else."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from core.errors import DatabaseError, SchemaMismatchError
from storage.engines.transactions import Database
from storage.schema import schema
from storage.schema.schema import SchemaState
from tests.support.mariadb import MariaDBServer
from tests.support.messages import raises_saying
from tests.support.storage.schema_shape import columns, run, tables, unique_keys

SCHEMA_FILE = Path(schema.__file__).resolve().parents[2] / "schema.sql"


def test_schema_sql_loads_with_the_plain_client(mariadb: MariaDBServer, mysql_url, open_database):
    client = shutil.which("mysql") or shutil.which("mariadb")
    if client is None:
        pytest.skip("the mysql client is not installed")
    name = mysql_url.rsplit("/", 1)[-1]
    with SCHEMA_FILE.open("rb") as script:
        done = subprocess.run(
            [client, "--no-defaults", f"--socket={mariadb.socket}", "--user=root", name],
            stdin=script,
            capture_output=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    by_client = open_database(mysql_url)
    assert schema.inspect(by_client) is SchemaState.CURRENT
    assert schema.create(by_client) is False

    by_init = open_database(mariadb.new_database())
    schema.create(by_init)
    assert columns(by_client) == columns(by_init)
    assert unique_keys(by_client) == unique_keys(by_init)


def test_both_schemas_are_twins(mysql_url, tmp_path, open_database):
    mysql, sqlite = open_database(mysql_url), open_database(f"sqlite:///{tmp_path / 'b.db'}")
    for database in (mysql, sqlite):
        schema.create(database)
    assert columns(sqlite) == columns(mysql)
    assert unique_keys(sqlite) == unique_keys(mysql)
    assert {"accounts", "tasks", "influencers", "works"} <= tables(mysql)


def test_both_schemas_allow_the_same_words_in_enums():
    form = re.compile(r"(\w+) (?:ENUM\(|TEXT CHECK \(\w+ IN \()([^)]*)\)")
    words = {}
    for name in ("schema.sql", "schema.sqlite.sql"):
        text = (SCHEMA_FILE.parent / name).read_text(encoding="utf-8")
        words[name] = form.findall(text)
    assert dict(words["schema.sql"]).keys() >= {"status", "health", "task_type", "state", "cause"}
    assert words["schema.sql"] == words["schema.sqlite.sql"]


def test_creating_twice_changes_nothing(database: Database):
    assert schema.create(database) is True
    run(database, "INSERT INTO meta (name, value) VALUES ('kept', 'yes')")
    before = columns(database)
    assert schema.create(database) is False
    assert columns(database) == before
    assert database.read(schema.get_fact, "kept") == "yes"


@pytest.mark.parametrize("version", [schema.SCHEMA_VERSION + 1, 0])
def test_a_version_that_is_not_known_is_refused_and_left_alone(database: Database, version: int):
    schema.create(database)
    run(database, f"UPDATE schema_version SET version={version}", "DROP TABLE workers")
    before = columns(database)
    for attempt in (schema.inspect, schema.require, schema.create):
        with raises_saying(SchemaMismatchError, f"version {version}, .*nothing was changed"):
            attempt(database)
    assert columns(database) == before


def test_a_load_that_was_cut_short_is_told_with_advice(database: Database):
    schema.create(database)
    run(database, "DELETE FROM schema_version")
    for attempt in (schema.require, schema.create):
        with raises_saying(
            SchemaMismatchError, r"cut short; drop the tables, then run: python cli\.py init"
        ):
            attempt(database)


def test_tables_without_their_version_are_told_with_advice(database: Database):
    schema.create(database)
    run(database, "DROP TABLE schema_version")
    before = columns(database)
    for attempt in (schema.require, schema.create):
        with raises_saying(SchemaMismatchError, r"no schema_version.*use an empty database"):
            attempt(database)
    assert columns(database) == before


@pytest.mark.parametrize("table", ["meta", "account_events", "ingestion_logs", "workers"])
def test_any_one_table_of_ours_counts_as_half_a_schema(database: Database, table: str):
    run(database, f"CREATE TABLE {table} (other INT)")
    with pytest.raises(SchemaMismatchError):
        schema.create(database)
    assert tables(database) == {table}


def test_foreign_tables_do_not_stand_in_the_way(database: Database):
    run(database, "CREATE TABLE wp_posts (id INT)")
    assert schema.inspect(database) is SchemaState.EMPTY
    assert schema.create(database) is True
    assert schema.inspect(database) is SchemaState.CURRENT
    assert "wp_posts" in tables(database)


@pytest.mark.parametrize("definition", ["installed_rank INT", "version VARCHAR(50)"])
def test_another_programs_schema_version_is_refused(database: Database, definition: str):
    run(database, f"CREATE TABLE schema_version ({definition})")
    value = "'1.0.2'" if "VARCHAR" in definition else "7"
    run(database, f"INSERT INTO schema_version VALUES ({value})")
    with pytest.raises(SchemaMismatchError):
        schema.create(database)
    assert tables(database) == {"schema_version"}


def test_an_empty_database_is_told_with_advice(database: Database):
    with raises_saying(SchemaMismatchError, r"no tables yet; run: python cli\.py init"):
        schema.require(database)
    assert tables(database) == set()


def test_a_missing_table_is_a_schema_error_with_advice(database: Database):
    # Fails on SQLite: "no such table" is a plain DatabaseError there.
    with raises_saying(SchemaMismatchError, r"run: python cli\.py init"):
        database.read(lambda tx: tx.all("SELECT * FROM accounts"))


def test_a_file_that_is_no_database_is_left_alone(tmp_path, open_database):
    file = tmp_path / "notes.txt"
    file.write_text("dear diary, " * 200)
    with raises_saying(DatabaseError, r"notes\.txt"):
        schema.create(open_database(f"sqlite:///{file}"))
    assert file.read_text() == "dear diary, " * 200


def test_two_sqlite_processes_may_create_at_once(tmp_path, open_database):
    url = f"sqlite:///{tmp_path / 'b.db'}"
    first, second = open_database(url), open_database(url)
    assert schema.inspect(first) is SchemaState.EMPTY
    assert schema.create(second) is True
    assert schema.create(first) is False


def test_facts_are_written_once_or_replaced(database: Database):
    schema.create(database)
    database.write(schema.set_fact_once, "a", "1")
    database.write(schema.set_fact_once, "a", "2")
    assert database.read(schema.get_fact, "a") == "1"
    database.write(schema.set_fact, "a", "3")
    assert database.read(schema.get_fact, "a") == "3"
    assert database.read(schema.get_fact, "b") is None
