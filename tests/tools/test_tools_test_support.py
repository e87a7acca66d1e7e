"""What all tests rest on: databases used again are as new, and what a test costs is seen."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.cpu_time import used_secs
from tests.support.mariadb import connect_to
from tests.support.prepared_databases import PreparedDatabases

BURN = "import time\nwhile time.process_time() < {}: pass\n"
EVENT = (
    "INSERT INTO account_events (account_id, kind, detail, created_at)"
    " VALUES (1, 'x', '{}', UTC_TIMESTAMP())"
)


def test_a_database_is_given_out_again_as_new(prepared_databases: PreparedDatabases) -> None:
    url = prepared_databases.take()
    with closing(connect_to(url, autocommit=True)) as connection, connection.cursor() as cursor:
        cursor.execute(EVENT)
        cursor.execute("DELETE FROM account_events")  # what is left is the number of the next row
        cursor.execute("INSERT INTO meta (name, value) VALUES ('a', 'b')")
        cursor.execute("UPDATE works_version SET version=9")
    prepared_databases.give_back(url)
    assert prepared_databases.take() == url
    with closing(connect_to(url, autocommit=True)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM meta")
        assert cursor.fetchall() == ((0,),)
        cursor.execute("SELECT version FROM works_version")
        assert cursor.fetchall() == ((0,),)
        cursor.execute(EVENT)
        assert cursor.lastrowid == 1
    prepared_databases.give_back(url)


@pytest.mark.parametrize(
    "change", ["ALTER TABLE tasks ADD odd INT", "CREATE INDEX odd ON tasks (status)"]
)
def test_a_database_whose_tables_changed_is_not_given_out_again(
    prepared_databases: PreparedDatabases, change: str
) -> None:
    url = prepared_databases.take()
    with closing(connect_to(url)) as connection, connection.cursor() as cursor:
        cursor.execute(change)
    prepared_databases.give_back(url)
    another = prepared_databases.take()
    assert another != url
    prepared_databases.give_back(another)


def test_the_time_of_processes_counts_while_they_live_and_afterwards(tmp_path: Path) -> None:
    before = used_secs()
    script = tmp_path / "burn.py"
    script.write_text(BURN.format(0.3) + "print(flush=True); input()")
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert used_secs() - before > 0.25
        child.communicate(b"\n")
    assert used_secs() - before > 0.25
