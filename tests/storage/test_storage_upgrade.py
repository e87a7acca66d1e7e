"""Migrations: an old database with data in it becomes the newest one, or stays what it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import DatabaseError, SchemaMismatchError
from storage.engines.transactions import Database
from storage.schema import schema
from storage.schema.schema import SchemaState
from storage.schema.upgrade import FOLDER, NOTE, upgrade
from tests.support.storage.schema_shape import columns, indexes, run, tables

OLD_SCHEMAS = Path(__file__).with_name("old_schemas")
OLDEST = 1
MOMENT = "'2026-01-01 00:00:00.000'"
ROWS = (
    "INSERT INTO accounts (id, platform, username, session, created_at, updated_at)"
    f" VALUES (7, 'bilibili', '小明', 'gAAAA', {MOMENT}, {MOMENT})",
    "INSERT INTO tasks (id, task_type, platform, domain, options, created_at, updated_at)"
    f" VALUES (3, 'export', 'bilibili', '美妆', '{{}}', {MOMENT}, {MOMENT})",
    "INSERT INTO export_logs (id, task_id, account_id, platform, domain, quota_day, quota_limit,"
    " exported_count, first_id, last_id, format, options, host, start_time)"
    " VALUES (5, 3, 7, 'bilibili', '美妆', '2026-01-01', 4000, 1, 9, 9, 'csv', '{}', 'h',"
    f" {MOMENT})",
    "INSERT INTO influencers (id, platform, uid, nickname, domain, source_page, raw_data, status,"
    " ingested_at, updated_at, ingestion_log_id, export_log_id)"
    " VALUES (9, 'bilibili', '42', '𠮷🎀', '美妆', 1, '{}', 'exported',"
    f" {MOMENT}, {MOMENT}, 1, 5)",
)


class Died(Exception):
    """The process ended there."""


@pytest.fixture
def old(database: Database) -> Database:
    """A database as the first release left it, with a row in most tables."""
    script = OLD_SCHEMAS / f"{OLDEST:04}.{database.dialect.name}.sql"
    run(database, *schema.statements(script.read_text(encoding="utf-8")), *ROWS)
    return database


@pytest.fixture
def two_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Migrations to the present version and one further, of three statements."""
    monkeypatch.setattr(schema, "SCHEMA_VERSION", schema.SCHEMA_VERSION + 1)
    folder = tmp_path / "migrations"
    folder.mkdir()
    for file in FOLDER.glob("*.sql"):
        (folder / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    for engine in ("sqlite", "mysql"):
        (folder / f"{schema.SCHEMA_VERSION:04}.{engine}.sql").write_text(
            "ALTER TABLE workers ADD COLUMN color VARCHAR(8) NULL;\n"
            "ALTER TABLE workers ADD COLUMN shape VARCHAR(8) NULL;\n"
            "UPDATE tasks SET attempts=9 WHERE id=3;\n"
        )
    return folder


def dies_after(database: Database, writes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process end behind that many transactions from now."""
    left, real = [writes], database.write

    def write(work, **options):
        if left[0] == 0:
            raise Died
        left[0] -= 1
        return real(work, **options)

    monkeypatch.setattr(database, "write", write)


def attempts(database: Database) -> int:
    return database.read(lambda tx: tx.one("SELECT attempts FROM tasks WHERE id=3"))["attempts"]


def test_an_old_database_becomes_a_new_one_with_its_data(old: Database, tmp_path, open_database):
    assert schema.inspect(old) is SchemaState.OLDER
    kept = {name: old.read(lambda tx, t=name: tx.all(f"SELECT * FROM {t}")) for name in tables(old)}
    assert upgrade(old, "me") == list(range(OLDEST + 1, schema.SCHEMA_VERSION + 1))
    schema.require(old)
    for name, before in kept.items():
        if name == "schema_version":
            continue
        after = old.read(lambda tx, t=name: tx.all(f"SELECT * FROM {t}"))
        assert [dict(row) | dict(known) for row, known in zip(after, before, strict=True)] == [
            dict(row) for row in after
        ]
    assert upgrade(old, "me") == []


def test_an_upgraded_schema_is_a_fresh_one(old: Database, request, open_database, tmp_path):
    upgrade(old, "me")
    if old.dialect.name == "sqlite":
        fresh = open_database(f"sqlite:///{tmp_path / 'fresh.db'}")
    else:
        fresh = open_database(request.getfixturevalue("mysql_url"))
    schema.create(fresh)
    assert columns(old) == columns(fresh)
    assert indexes(old) == indexes(fresh)


def test_an_old_schema_is_not_used_before_it_is_upgraded(old: Database):
    with pytest.raises(SchemaMismatchError, match=r"backup, then run: python cli\.py init"):
        schema.require(old)
    assert schema.create(old) is False
    assert old.read(schema.version) == OLDEST


@pytest.mark.parametrize("writes", range(12))
def test_an_upgrade_that_dies_anywhere_goes_on_where_it_was(
    old: Database, two_steps: Path, writes: int, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as death:
        dies_after(old, writes, death)
        try:
            upgrade(old, "first", two_steps)
        except Died:
            assert old.read(schema.version) < schema.SCHEMA_VERSION
    upgrade(old, "second", two_steps)
    assert schema.inspect(old) is SchemaState.CURRENT
    assert {"color", "shape"} <= {name for name, _ in columns(old)["workers"]}
    assert attempts(old) == 9
    assert old.read(schema.get_fact, NOTE) is None


def test_a_statement_that_was_done_but_not_noted_counts_as_done(
    old: Database, two_steps: Path, mariadb
):
    if old.dialect.name == "sqlite":
        pytest.skip("a migration is one transaction there")
    upgrade_once = schema.SCHEMA_VERSION - 1
    run(old, "ALTER TABLE workers ADD COLUMN color VARCHAR(8) NULL")
    reached = upgrade(old, "me", two_steps)
    assert reached[-1] == upgrade_once + 1
    assert "shape" in {name for name, _ in columns(old)["workers"]}


def test_of_two_upgrades_the_one_that_was_overtaken_stops(
    old: Database, two_steps: Path, monkeypatch: pytest.MonkeyPatch
):
    if old.dialect.name == "sqlite":
        pytest.skip("a migration is one transaction there")
    real, seen = old.write_idempotent, []

    def write(work, **options):
        seen.append(work)
        if len(seen) == 2:  # the first statement: another process begins just now
            monkeypatch.undo()
            monkeypatch.setattr(schema, "SCHEMA_VERSION", int(max(two_steps.glob("*")).name[:4]))
            upgrade(old, "second", two_steps)
        return real(work, **options)

    monkeypatch.setattr(old, "write_idempotent", write)
    with pytest.raises(SchemaMismatchError, match="another process took the upgrade over"):
        upgrade(old, "first", two_steps)
    assert schema.inspect(old) is SchemaState.CURRENT
    assert attempts(old) == 9


def test_a_migration_that_fails_on_sqlite_leaves_nothing(tmp_path, two_steps, open_database):
    database = open_database(f"sqlite:///{tmp_path / 'b.db'}")
    script = OLD_SCHEMAS / f"{OLDEST:04}.sqlite.sql"
    run(database, *schema.statements(script.read_text(encoding="utf-8")))
    last = two_steps / f"{schema.SCHEMA_VERSION:04}.sqlite.sql"
    last.write_text(last.read_text() + "UPDATE nowhere SET a=1;\n")
    with pytest.raises(DatabaseError, match="nowhere"):
        upgrade(database, "me", two_steps)
    assert "color" not in {name for name, _ in columns(database)["workers"]}
    assert database.read(schema.version) == schema.SCHEMA_VERSION - 1


def test_a_gap_between_versions_is_told(old: Database, two_steps: Path):
    for file in two_steps.glob(f"{OLDEST + 1:04}.*"):
        file.unlink()
    with pytest.raises(SchemaMismatchError, match=f"no migration leads to version {OLDEST + 1}"):
        upgrade(old, "me", two_steps)
    assert old.read(schema.version) == OLDEST
