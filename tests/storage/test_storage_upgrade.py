"""Migrations: an old database with data in it becomes the newest one, or stays what it was."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import DatabaseError, DuplicateKeyError, SchemaMismatchError
from storage.crawling import accounts
from storage.distribution import daily_stats
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Database
from storage.schema import schema
from storage.schema.schema import SchemaState
from storage.schema.upgrade import FOLDER, NOTE, upgrade
from tests.support.messages import raises_saying
from tests.support.storage.old_schemas import load_old_schema
from tests.support.storage.schema_shape import column_types, columns, indexes, run, tables

OLDEST, BEFORE_DELIVERY_TASKS, BEFORE_WORKING_TASKS, BEFORE_CIRCUITS, BEFORE_JOINS = 1, 5, 6, 7, 8
BEFORE_CREATORS, BEFORE_HOSTS = 9, 10
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
LONG_REASON = "很长" * 256  # as long as the VARCHAR of version 5 took
ROWS_OF_VERSION_5 = (
    f"UPDATE accounts SET disabled_reason='{LONG_REASON}', status='disabled' WHERE id=7",
    f"UPDATE tasks SET last_error='{LONG_REASON}' WHERE id=3",
    "INSERT INTO account_events (account_id, kind, detail, created_at)"
    f" VALUES (7, 'disabled', '{LONG_REASON}', {MOMENT})",
    "INSERT INTO alert_notices (alert_id, news, channel, not_before, last_error, created_at)"
    f" VALUES (1, 'raised', 'c', {MOMENT}, 'refused', {MOMENT})",
    "INSERT INTO works (platform, work_id, invalid_reason, last_error, created_at, updated_at)"
    f" VALUES ('bilibili', 'BV1', 'gone', 'timeout', {MOMENT}, {MOMENT})",
    "INSERT INTO job_runs (job, scheduled_at, cause, state, result)"
    f" VALUES ('prune', {MOMENT}, 'schedule', 'failed', 'disk full')",
    "INSERT INTO task_daily_stats (task_id, stats_date, error, response, scanned_at)"
    f" VALUES ('t', '2026-01-01', 'not counted', '200 OK', {MOMENT})",
    "INSERT INTO webhook_deliveries (event_id, kind, url, url_hash, host, task_id, body,"
    " not_before, last_error, created_at)"
    f" VALUES ('e', 'daily', 'u', 'h', 'h', 't', '{{}}', {MOMENT}, 'HTTP 500', {MOMENT})",
    "INSERT INTO webhook_attempts (delivery_id, number, started_at, error)"
    f" VALUES (1, 1, {MOMENT}, 'HTTP 500')",
    "INSERT INTO webhook_endpoints (url_hash, url, host, reason, changed_at)"
    f" VALUES ('h', 'u', 'h', 'by hand', {MOMENT})",
    "INSERT INTO web_actions (who, address, action, subject, outcome, created_at)"
    f" VALUES ('w', '::1', 'replay', 's', 'done', {MOMENT})",
)
ROWS_OF_VERSION_6 = (
    "INSERT INTO delivery_tasks (delivery_id, task_id) VALUES (1, 't')",
    "INSERT INTO accounts (id, platform, username, status, lease_owner, lease_token, lease_until,"
    " pace, ready_at, created_at, updated_at)"
    f" VALUES (8, 'bilibili', 'b', 'ingesting', 'w', 4, {MOMENT}, '{{}}', {MOMENT}, {MOMENT},"
    f" {MOMENT})",
)
ROWS_OF_VERSION_7 = (
    "UPDATE accounts SET working_task_id=3, today_page_count=2, pages_day='2026-01-01',"
    " platform_uid='42' WHERE id=7",
)
ROWS_OF_VERSION_8 = (
    "INSERT INTO source_states (platform, egress, endpoint, state, cause, since_at, until_at,"
    f" updated_at) VALUES ('bilibili', '', '', 'open', 'throttled', {MOMENT}, {MOMENT}, {MOMENT})",
    "INSERT INTO export_logs (task_id, account_id, platform, domain, quota_day, quota_limit,"
    " exported_count, first_id, last_id, format, options, state, file_path, bytes, sha256, host,"
    " start_time) VALUES (3, 7, 'bilibili', '美妆', '2026-01-01', 4000, 1, 9, 9, 'csv', '{}',"
    f" 'sealed', 'a.csv', 3, 'ff', 'h', {MOMENT})",
)
ROWS_OF_VERSION_9 = (
    "UPDATE tasks SET joins=1 WHERE id=3",
    "UPDATE export_logs SET target_path='a.csv', rebuild_token=2 WHERE id=5",
    "INSERT INTO proxies (egress, gateway, kind, host, port, first_seen_at, updated_at)"
    f" VALUES ('h:1#ff', 'h:1', 'http', 'h', 1, {MOMENT}, {MOMENT})",
)
ROWS_OF_VERSION_10 = (
    "INSERT INTO creators (platform, uid, nickname, followers, raw_data, first_seen_at, seen_at,"
    f" changed_at) VALUES ('bilibili', '42', '𠮷🎀', 7, '{{}}', {MOMENT}, {MOMENT}, {MOMENT})",
    "INSERT INTO day_totals (day, account_id, platform, domain, pages, seen, new_count)"
    " VALUES ('2026-01-01', 7, 'bilibili', '美妆', 1, 1, 1)",
    "INSERT INTO task_completions (task_id, user_id, platform, submission_link, link_hash,"
    " completed_at, created_at)"
    f" VALUES ('t', 'u', 'douyin', 'l', 'h', {MOMENT}, {MOMENT})",
    "INSERT INTO broadcaster (id, is_on, started_at, finished_at, result)"
    f" VALUES (1, 1, {MOMENT}, {MOMENT}, '{{}}')",
    "INSERT INTO job_runs (job, scheduled_at, cause, state)"
    f" VALUES ('hourly_views', {MOMENT}, 'schedule', 'succeeded')",
)
ROWS_OF = {
    OLDEST: ROWS,
    BEFORE_DELIVERY_TASKS: ROWS + ROWS_OF_VERSION_5,
    BEFORE_WORKING_TASKS: ROWS + ROWS_OF_VERSION_5 + ROWS_OF_VERSION_6,
    BEFORE_CIRCUITS: ROWS + ROWS_OF_VERSION_5 + ROWS_OF_VERSION_6 + ROWS_OF_VERSION_7,
    BEFORE_JOINS: (
        ROWS + ROWS_OF_VERSION_5 + ROWS_OF_VERSION_6 + ROWS_OF_VERSION_7 + ROWS_OF_VERSION_8
    ),
    BEFORE_CREATORS: (
        ROWS
        + ROWS_OF_VERSION_5
        + ROWS_OF_VERSION_6
        + ROWS_OF_VERSION_7
        + ROWS_OF_VERSION_8
        + ROWS_OF_VERSION_9
    ),
    BEFORE_HOSTS: (
        ROWS
        + ROWS_OF_VERSION_5
        + ROWS_OF_VERSION_6
        + ROWS_OF_VERSION_7
        + ROWS_OF_VERSION_8
        + ROWS_OF_VERSION_9
        + ROWS_OF_VERSION_10
    ),
}
WIDENED = (
    ("accounts", "disabled_reason"),
    ("account_events", "detail"),
    ("tasks", "last_error"),
    ("alert_notices", "last_error"),
    ("works", "invalid_reason"),
    ("works", "last_error"),
    ("job_runs", "result"),
    ("task_daily_stats", "error"),
    ("task_daily_stats", "response"),
    ("webhook_deliveries", "last_error"),
    ("webhook_attempts", "error"),
    ("webhook_endpoints", "reason"),
    ("web_actions", "outcome"),
)


class Died(Exception):
    """The process ended there."""


@pytest.fixture
def old(database: Database) -> Database:
    """A database as the first release left it, with a row in most tables."""
    return load_old_schema(database, OLDEST, *ROWS_OF[OLDEST])


@pytest.fixture
def version_5(database: Database) -> Database:
    """A database as version 5 left it, with rows in the tables that version 6 changes."""
    return load_old_schema(database, BEFORE_DELIVERY_TASKS, *ROWS_OF[BEFORE_DELIVERY_TASKS])


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
    left = [writes]

    def dying(real):
        def write(query, *args, **options):
            if left[0] == 0:
                raise Died
            left[0] -= 1
            return real(query, *args, **options)

        return write

    for name in ("write", "write_idempotent"):
        monkeypatch.setattr(database, name, dying(getattr(database, name)))


def all_rows(database: Database) -> dict[str, list[dict[str, object]]]:
    """Every table's rows, but for the table of versions."""
    return {
        name: [dict(row) for row in database.read(lambda tx, t=name: tx.all(f"SELECT * FROM {t}"))]
        for name in tables(database)
        if name != "schema_version"
    }


def assert_kept(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> None:
    """Every row still has its values, beside those of new columns."""
    for name, rows in before.items():
        assert [new | old for new, old in zip(after[name], rows, strict=True)] == after[name]


def attempts(database: Database) -> int:
    return database.read(lambda tx: tx.one("SELECT attempts FROM tasks WHERE id=3"))["attempts"]


@pytest.mark.parametrize("version", ROWS_OF)
def test_an_old_database_becomes_a_new_one_with_its_data(version: int, database: Database):
    old = load_old_schema(database, version, *ROWS_OF[version])
    assert schema.inspect(old) is SchemaState.OLDER
    kept = all_rows(old)
    assert upgrade(old, "me") == list(range(version + 1, schema.SCHEMA_VERSION + 1))
    schema.require(old)
    assert_kept(kept, all_rows(old))
    assert upgrade(old, "me") == []


@pytest.mark.parametrize("version", ROWS_OF)
def test_an_upgraded_schema_is_a_fresh_one(
    version: int, database: Database, request, open_database, tmp_path
):
    old = load_old_schema(database, version, *ROWS_OF[version])
    upgrade(old, "me")
    if old.dialect.name == "sqlite":
        fresh = open_database(f"sqlite:///{tmp_path / 'fresh.db'}")
    else:
        fresh = open_database(request.getfixturevalue("mariadb").new_database())
    schema.create(fresh)
    assert columns(old) == columns(fresh)
    assert column_types(old) == column_types(fresh)
    assert indexes(old) == indexes(fresh)


def test_version_6_takes_reasons_of_any_length(version_5: Database):
    upgrade(version_5, "me")
    reason = "𠮷" * MAX_TEXT_CHARS
    for table, column in WIDENED:
        run(version_5, f"UPDATE {table} SET {column}='{reason}'")
        [stored] = version_5.read(lambda tx, t=table, c=column: tx.all(f"SELECT {c} AS c FROM {t}"))
        assert stored["c"] == reason, (table, column)
    assert not [
        (table, name)
        for table, types in column_types(version_5).items()
        for name, kind in types
        if name in ("reason", "error", "last_error", "detail", "response") and "char" in kind
    ]


def test_an_upgrade_from_version_6_leaves_what_is_not_known_empty(database: Database):
    old = load_old_schema(database, BEFORE_WORKING_TASKS, *ROWS_OF[BEFORE_WORKING_TASKS])
    upgrade(old, "me")
    for account in old.read(accounts.every):
        assert (account.working_task_id, account.platform_uid) == (None, None)
        assert (account.today_page_count, account.session_expires_at) == (0, None)


def test_days_that_were_counted_before_version_11_are_whole(database: Database):
    old = load_old_schema(database, BEFORE_HOSTS, *ROWS_OF[BEFORE_HOSTS])
    upgrade(old, "me")
    [day] = old.read(daily_stats.newest_of_task, "t", 5)
    assert (day.incomplete, day.is_partial) == (None, False)
    assert old.read(daily_stats.due_days, datetime.now(UTC), 5) == {}


def test_a_platform_has_each_uid_once_and_any_number_of_unknown_ones(version_5: Database):
    upgrade(version_5, "me")
    [first, second] = [
        version_5.write(
            accounts.add,
            "bilibili",
            name,
            secrets=(None, None, None),
            limit=1,
            now=datetime.now(UTC),
        )
        for name in ("one", "other")
    ]
    run(version_5, f"UPDATE accounts SET platform_uid='42' WHERE id={first}")
    with pytest.raises(DuplicateKeyError):
        run(version_5, f"UPDATE accounts SET platform_uid='42' WHERE id={second}")


@pytest.mark.parametrize(
    ("version", "writes"),
    [
        *((BEFORE_DELIVERY_TASKS, writes) for writes in range(0, 41, 5)),
        *((BEFORE_WORKING_TASKS, writes) for writes in range(4)),
        *((BEFORE_CIRCUITS, writes) for writes in range(7)),
        *((BEFORE_JOINS, writes) for writes in range(4)),
        *((BEFORE_CREATORS, writes) for writes in range(0, 20, 3)),
        *((BEFORE_HOSTS, writes) for writes in range(0, 30, 4)),
    ],
)
def test_an_upgrade_with_data_that_dies_goes_on_where_it_was(
    version: int, writes: int, database: Database, monkeypatch: pytest.MonkeyPatch
):
    old = load_old_schema(database, version, *ROWS_OF[version])
    kept = all_rows(old)
    with monkeypatch.context() as death:
        dies_after(old, writes, death)
        with suppress(Died):
            upgrade(old, "first")
    upgrade(old, "second")
    assert schema.inspect(old) is SchemaState.CURRENT
    assert_kept(kept, all_rows(old))
    assert old.read(schema.get_fact, NOTE) is None


def test_an_old_schema_is_not_used_before_it_is_upgraded(old: Database):
    with raises_saying(SchemaMismatchError, r"backup, then run: python cli\.py init"):
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

    def write(query, *args, **options):
        seen.append(query)
        if len(seen) == 2:  # the first statement: another process begins just now
            monkeypatch.undo()
            monkeypatch.setattr(schema, "SCHEMA_VERSION", int(max(two_steps.glob("*")).name[:4]))
            upgrade(old, "second", two_steps)
        return real(query, *args, **options)

    monkeypatch.setattr(old, "write_idempotent", write)
    with raises_saying(SchemaMismatchError, "another process took the upgrade over"):
        upgrade(old, "first", two_steps)
    assert schema.inspect(old) is SchemaState.CURRENT
    assert attempts(old) == 9


def test_a_migration_that_fails_on_sqlite_leaves_nothing(tmp_path, two_steps, open_database):
    database = open_database(f"sqlite:///{tmp_path / 'b.db'}")
    load_old_schema(database, OLDEST)
    last = two_steps / f"{schema.SCHEMA_VERSION:04}.sqlite.sql"
    last.write_text(last.read_text() + "UPDATE nowhere SET a=1;\n")
    with raises_saying(DatabaseError, "nowhere"):
        upgrade(database, "me", two_steps)
    assert "color" not in {name for name, _ in columns(database)["workers"]}
    assert database.read(schema.version) == OLDEST


def test_a_gap_between_versions_is_told(old: Database, two_steps: Path):
    for file in two_steps.glob(f"{OLDEST + 1:04}.*"):
        file.unlink()
    with raises_saying(SchemaMismatchError, f"no migration leads to version {OLDEST + 1}"):
        upgrade(old, "me", two_steps)
    assert old.read(schema.version) == OLDEST
