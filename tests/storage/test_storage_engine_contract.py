"""What every engine promises (`storage.engines.dialect.Engine`), whatever database is behind it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import (
    AlreadyExistsError,
    CommitUnknownError,
    DatabaseContentionError,
    DatabaseError,
    DatabaseUnavailableError,
    DuplicateKeyError,
    SchemaMismatchError,
)
from storage.engines.datetimes import from_sql
from storage.engines.dialect import Engine
from storage.engines.transactions import Tx
from tests.support.storage.engine_cases import ENGINE_CASES, EngineCase

pytestmark = pytest.mark.proof

SLACK_SECS = 5
INSERT = "INSERT INTO things (number, label) VALUES (:number, :label)"


@pytest.fixture(params=list(ENGINE_CASES))
def case(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EngineCase]:
    """Each engine in turn, with the table `things` and its row 1: number 0, label `first`."""
    for case in ENGINE_CASES[request.param](request, tmp_path, monkeypatch):
        with transaction(case.engine) as tx:
            tx.execute(case.things)
        with transaction(case.engine) as tx:
            tx.insert(INSERT, number=0, label="first")
        yield case


@pytest.fixture
def engine(case: EngineCase) -> Engine:
    return case.engine


@contextlib.contextmanager
def transaction(engine: Engine) -> Iterator[Tx]:
    with pooled(engine) as connection:
        engine.begin(connection)
        tx = Tx(connection=connection, engine=engine)
        try:
            yield tx
        except BaseException:
            engine.rollback(connection)
            raise
        tx.close()
        engine.commit(connection)


@contextlib.contextmanager
def pooled(engine: Engine) -> Iterator[Any]:
    connection = engine.connect()
    try:
        yield connection
    finally:
        engine.release(connection)


def number(engine: Engine) -> int:
    """The number of row 1, read on a connection of its own."""
    with pooled(engine) as connection:
        found = Tx(connection=connection, engine=engine).one("SELECT number FROM things WHERE id=1")
    assert found is not None
    return int(found["number"])


def set_number(tx: Tx, value: int) -> int:
    return tx.execute("UPDATE things SET number=:value WHERE id=1", value=value)


def test_others_see_a_change_when_it_is_committed_and_not_before(engine: Engine):
    with transaction(engine) as tx:
        set_number(tx, 7)
        mine = tx.one("SELECT number FROM things WHERE id=1")
        assert mine is not None and mine["number"] == 7
        assert number(engine) == 0
    assert number(engine) == 7


def test_a_rollback_leaves_nothing(engine: Engine):
    with pytest.raises(RuntimeError), transaction(engine) as tx:
        set_number(tx, 7)
        tx.insert(INSERT, number=2, label="second")
        raise RuntimeError
    assert number(engine) == 0
    with transaction(engine) as tx:
        assert len(tx.all("SELECT id FROM things")) == 1


def test_a_released_connection_takes_its_open_transaction_back(engine: Engine):
    connection = engine.connect()
    engine.begin(connection)
    set_number(Tx(connection=connection, engine=engine), 7)
    engine.release(connection)
    assert number(engine) == 0
    with transaction(engine) as tx:  # and it blocks nobody
        assert set_number(tx, 1) == 1


def test_a_duplicate_key_is_reported_by_its_class(engine: Engine):
    with pytest.raises(DuplicateKeyError), transaction(engine) as tx:
        tx.insert(INSERT, number=1, label="first")
    with pytest.raises(DuplicateKeyError), transaction(engine) as tx:
        rows = [{"number": 1, "label": "new"}, {"number": 2, "label": "first"}]
        tx.execute_many(INSERT, rows)
    with transaction(engine) as tx:
        assert len(tx.all("SELECT id FROM things")) == 1


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT * FROM missing", SchemaMismatchError),
        ("SELECT missing FROM things", SchemaMismatchError),
        ("SELECT FROM WHERE", DatabaseError),
    ],
)
def test_errors_of_the_driver_leave_as_ours_with_their_cause(
    engine: Engine, statement: str, expected: type[DatabaseError]
):
    with pytest.raises(expected) as caught, transaction(engine) as tx:
        tx.all(statement)
    assert isinstance(caught.value.__cause__, engine.driver_errors)
    assert engine.describe() in str(caught.value)
    assert not isinstance(caught.value, DatabaseUnavailableError | DatabaseContentionError)


def test_other_errors_are_not_translated(engine: Engine):
    error = RuntimeError("not the driver's")
    assert engine.translate(error) is error


def test_a_lock_that_others_hold_is_contention(case: EngineCase):
    with case.hold_row(), pytest.raises(DatabaseContentionError), transaction(case.engine) as tx:
        set_number(tx, 7)
    with transaction(case.engine) as tx:
        assert set_number(tx, 7) == 1


def test_a_row_that_others_hold_is_read_without_waiting(case: EngineCase):
    with case.hold_row():
        assert number(case.engine) == 0


def test_a_database_that_is_gone_is_unavailable(case: EngineCase):
    with contextlib.suppress(DatabaseError), pooled(case.engine) as connection:
        case.disconnect(connection)
    case.engine.close()
    with pytest.raises(DatabaseUnavailableError):
        number(case.engine)
    with pytest.raises(DatabaseUnavailableError), transaction(case.engine):
        pass


def test_a_rollback_never_raises(case: EngineCase):
    connection = case.engine.connect()
    case.engine.begin(connection)
    case.disconnect(connection)
    case.engine.rollback(connection)
    case.engine.release(connection)


def test_a_lost_answer_to_commit_is_unknown(case: EngineCase):
    if case.lose_commit is None:
        pytest.skip("this engine's COMMIT has no answer that can be lost")
    with pytest.raises(CommitUnknownError), transaction(case.engine) as tx:
        set_number(tx, 7)
        case.lose_commit()
    assert number(case.engine) == 7


def test_the_clock_is_the_servers_where_there_is_one(case: EngineCase):
    with pooled(case.engine) as connection:
        reading = case.engine.read_clock(connection)
    if not case.has_server:
        assert reading is None
        return
    assert reading is not None
    assert abs(reading.offset_secs) < SLACK_SECS  # the server is on this host
    assert 0 <= reading.round_trip_secs < SLACK_SECS


def test_connections_are_counted_where_there_is_a_server(case: EngineCase):
    with pooled(case.engine) as connection:
        counts = case.engine.connections(connection)
    if not case.has_server:
        assert counts is None
        return
    assert counts is not None
    used, allowed = counts
    assert 1 <= used <= allowed


def test_tables_are_those_that_exist(engine: Engine):
    with pooled(engine) as connection:
        assert engine.tables(connection) == {"things"}


def test_it_says_where_it_is_without_the_password(case: EngineCase):
    assert case.engine.describe()
    assert case.secret is None or case.secret not in case.engine.describe()


def test_an_update_counts_the_rows_that_match_and_not_those_that_change(engine: Engine):
    with transaction(engine) as tx:
        assert set_number(tx, 0) == 1
        assert tx.execute("UPDATE things SET number=0 WHERE id=2") == 0


def test_each_new_row_has_a_higher_id(engine: Engine):
    with transaction(engine) as tx:
        first = tx.insert(INSERT, number=1, label="a")
    with transaction(engine) as tx:
        assert tx.insert(INSERT, number=1, label="b") == first + 1 == 3


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("number", 2**63 - 1),
        ("number", -(2**63)),
        ("number", None),
        ("label", "美妆博主小王"),
        ("label", "🧑🏽‍🚀🎨 𠮷野家"),
        ("label", "it's \"so\" `it`; -- \\' \\"),
        ("label", "100% :name %s %(x)s :day"),
        ("label", "a\r\nb\tc\u2028d  "),
        ("label", ""),
        ("label", None),
        ("document", '{"b": 1, "a":  [1.0, "é\\u0000😀"], "mid": 12345678901234567890}'),
        ("document", "长" * 100_000),
        ("moment", "2026-11-22 05:00:00.123"),
        ("moment", "2026-11-22 05:00:00.000"),
        ("moment", None),
        ("day", "2026-11-22"),
        ("day", None),
    ],
)
def test_a_value_comes_back_as_it_was(engine: Engine, column: str, value: object):
    with transaction(engine) as tx:
        tx.execute(f"UPDATE things SET {column}=:value WHERE id=1", value=value)
    with transaction(engine) as tx:
        found = tx.one(f"SELECT {column} FROM things WHERE id=1")
        same = tx.all(f"SELECT id FROM things WHERE {column}=:value", value=value)
    assert found is not None
    assert (found[column], type(found[column])) == (value, type(value))
    if value is not None and column != "document":
        assert [row["id"] for row in same] == [1]


def test_labels_are_told_apart_by_case(engine: Engine):
    with transaction(engine) as tx:
        tx.insert(INSERT, number=1, label="FIRST")
        assert len(tx.all("SELECT id FROM things WHERE label='FIRST'")) == 1


def test_text_in_a_statement_is_not_taken_for_parameters(engine: Engine):
    with transaction(engine) as tx:
        found = tx.one("SELECT '100%' AS share, 'kind:test' AS fact, :given AS given", given="x")
    assert found is not None
    assert (found["share"], found["fact"], found["given"]) == ("100%", "kind:test", "x")


def test_a_conflict_is_ignored_or_refreshes_the_row(engine: Engine):
    with transaction(engine) as tx:
        tx.execute(
            f"{INSERT} {engine.dialect.on_conflict_ignore('label')}", number=7, label="first"
        )
    assert number(engine) == 0
    with transaction(engine) as tx:
        refresh = engine.dialect.on_conflict_update("label", ["number"])
        tx.execute(f"{INSERT} {refresh}", number=7, label="first")
    assert number(engine) == 7


def test_the_hints_of_claims_are_understood(engine: Engine):
    dialect = engine.dialect
    with transaction(engine) as tx:
        tx.execute("CREATE INDEX idx_things_number ON things (number)")
    with transaction(engine) as tx:
        hint = dialect.force_index("idx_things_number")
        locked = tx.one(f"SELECT id FROM things {hint} WHERE number=0{dialect.lock_suffix}")
        ordered = tx.one(f"SELECT id FROM things {dialect.in_id_order} WHERE id>0 ORDER BY id")
    assert locked is not None and ordered is not None
    with pytest.raises(DatabaseError), transaction(engine) as tx:
        tx.all(f"SELECT id FROM things {dialect.force_index('idx_missing')}")


def test_a_claim_passes_over_rows_that_others_hold(case: EngineCase):
    suffix = case.engine.dialect.lock_suffix
    if not suffix:
        pytest.skip("this engine has one writer at a time, which holds everything")
    with transaction(case.engine) as tx:
        second = tx.insert(INSERT, number=2, label="second")
    with case.hold_row(), transaction(case.engine) as tx:
        rows = tx.all(f"SELECT id FROM things ORDER BY id{suffix}")
    assert [row["id"] for row in rows] == [second]


def test_this_moment_is_utc_with_milliseconds(engine: Engine):
    with transaction(engine) as tx:
        found = tx.one(f"SELECT {engine.dialect.now_millis} AS moment")
    assert found is not None and len(found["moment"]) == len("2026-11-22 05:00:00.123")
    assert abs(from_sql(found["moment"]) - datetime.now(UTC)) < timedelta(seconds=SLACK_SECS)


def test_a_table_that_exists_is_reported_where_statements_commit_at_once(case: EngineCase):
    expected = AlreadyExistsError if case.has_server else DatabaseError
    with pytest.raises(expected), transaction(case.engine) as tx:
        tx.execute(case.things)


def test_it_opens_again_after_it_was_closed(engine: Engine):
    engine.close()
    engine.close()
    assert number(engine) == 0


def test_the_schema_lock_is_held_by_one_where_statements_commit_at_once(case: EngineCase):
    alone = case.engine.dialect.name == "sqlite"  # tables are made in one transaction there
    with case.engine.schema_lock(0) as first, case.engine.schema_lock(0) as second:
        assert (first, second) == (True, alone)
    # A server frees the lock once it has noticed that the connection was closed.
    with case.engine.schema_lock(30) as again:
        assert again is True


def test_the_schema_lock_of_one_who_dies_is_free(case: EngineCase):
    with pytest.raises(ZeroDivisionError), case.engine.schema_lock(0):
        raise ZeroDivisionError
    with case.engine.schema_lock(0) as held:
        assert held is True
