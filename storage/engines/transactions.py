"""Transactions: short, and run again as a whole when the database asks for it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception

from core.clock import Clock
from core.errors import (
    CommitUnknownError,
    DatabaseContentionError,
    DatabaseError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    DatabaseUnclassifiedError,
    SettingsError,
)
from storage.engines.dialect import ClockReading, Connection, Dialect, Engine, Tls
from storage.engines.group_commit import GroupCommit
from storage.engines.outages import OutageWatch
from storage.engines.url import MySQLAddress, sqlite_path

T = TypeVar("T")
P = ParamSpec("P")
Row = Mapping[str, Any]
# Deadlocks pass within milliseconds: twenty tries with growing pauses stay below CONTENTION_SECS.
MAX_CONTENTION_TRIES = 20
MAX_CONTENTION_PAUSE_SECS = 0.25
FIRST_PAUSE_SECS = 0.002
CONTENTION_SECS = 8.0  # a lock that is held for longer is no contention
MAX_OUTAGE_PAUSE_SECS = 5.0


class Tx:
    """Runs statements in a transaction or, for reads, on a connection without one.

    Statements are written with `:name` for a value, whatever the engine. All methods raise a
    DatabaseError, whose class names the reaction, for what the driver raises.
    """

    def __init__(self, *, connection: Connection, engine: Engine) -> None:
        self.dialect: Dialect = engine.dialect
        self._engine = engine
        self._connection = connection
        self._cursor = connection.cursor()

    def all(self, sql: str, **params: Any) -> list[Row]:
        """Run a query with `:name` parameters and return its rows."""
        self._run(sql, params)
        return list(self._cursor.fetchall())

    def one(self, sql: str, **params: Any) -> Row | None:
        """Run a query and return its first row; None when it has none."""
        self._run(sql, params)
        row: Row | None = self._cursor.fetchone()
        return row

    def column(self, sql: str, **params: Any) -> list[Any]:
        """Run a query of one column and return its values."""
        return [value for row in self.all(sql, **params) for value in dict(row).values()]

    def exists(self, sql: str, **params: Any) -> bool:
        """Run a query and return whether it has a row."""
        return self.one(sql, **params) is not None

    def number(self, sql: str, **params: Any) -> int:
        """Run a query of one number and return it; 0 when it is NULL or there is no row."""
        found = self.column(sql, **params)
        return int(found[0] or 0) if found else 0

    def execute(self, sql: str, **params: Any) -> int:
        """Run a statement, with `params` bound to its `:name` marks.

        Return the number of rows that it matched, changed or not.

        Raises:
            DuplicateKeyError: a row with the same unique key exists already.
        """
        self._run(sql, params)
        return int(self._cursor.rowcount)

    def insert(self, sql: str, **params: Any) -> int:
        """Run an INSERT and return the id of the new row.

        Where its conflict clause inserted no row, the number means nothing.

        Raises:
            DuplicateKeyError: a row with the same unique key exists already.
        """
        self._run(sql, params)
        return int(self._cursor.lastrowid or 0)

    def add(self, table: str, on_conflict: str = "", **columns: Any) -> int:
        """Insert a row with these columns and return its id.

        `on_conflict` is the tail of the statement, as the dialect writes it; where it made no new
        row, the number means nothing.

        Raises:
            DuplicateKeyError: a row with the same unique key exists already, and no tail was given.
        """
        names, marks = ", ".join(columns), ", ".join(f":{name}" for name in columns)
        return self.insert(
            f"INSERT INTO {table} ({names}) VALUES ({marks}) {on_conflict}", **columns
        )

    def execute_many(
        self, sql: str, rows: Sequence[Mapping[str, Any]] | Sequence[tuple[Any, ...]]
    ) -> None:
        """Run a statement once for each of `rows`, in one call to the driver.

        A row is a mapping for `:name` marks, or a tuple for marks by position.
        """
        try:
            self._cursor.executemany(self.dialect.sql(sql), rows)
        except self._engine.driver_errors as error:
            raise self._engine.translate(error) from error

    def close(self) -> None:
        self._cursor.close()

    def tables(self) -> set[str]:
        """Return the names of the tables that exist."""
        return self._engine.tables(self._connection)

    def read_clock(self) -> ClockReading | None:
        """Return a reading of the server's clock; None where the database has only the host's."""
        return self._engine.read_clock(self._connection)

    def connections(self) -> tuple[int, int] | None:
        """Return how many connections the server has and allows; None where there is no server."""
        return self._engine.connections(self._connection)

    def tls(self) -> Tls | None:
        """Return the encryption of the connection; None when it has none."""
        return self._engine.tls(self._connection)

    def _run(self, sql: str, params: Mapping[str, Any]) -> None:
        try:
            self._cursor.execute(self.dialect.sql(sql), params)
        except self._engine.driver_errors as error:
            raise self._engine.translate(error) from error


class Database:
    """Runs queries as transactions.

    On contention the whole transaction is run again, with jitter. A server that is away is waited
    for up to `patience_secs`, or until `give_up` is set. After a lost answer to COMMIT nothing is
    guessed: CommitUnknownError is raised, unless the transaction is idempotent.
    """

    def __init__(self, *, engine: Engine, clock: Clock, patience_secs: float = 0.0) -> None:
        self.engine = engine
        self.dialect = engine.dialect
        self.give_up = threading.Event()
        self._never = threading.Event()
        self.outages = OutageWatch(clock)
        self._clock = clock
        self._patience_secs = patience_secs
        self._limit_secs: ContextVar[float | None] = ContextVar("database_patience", default=None)
        self._group = GroupCommit(engine) if engine.shares_commits else None

    @contextmanager
    def patience(self, secs: float) -> Iterator[None]:
        """Wait at most `secs` for a lost server in what this thread does during the block."""
        token = self._limit_secs.set(secs)
        try:
            yield
        finally:
            self._limit_secs.reset(token)

    def write(self, query: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `query(tx, *args)` in one transaction and return what it returns.

        It may run several times and in any thread, must have no effect outside the transaction,
        and must neither write by this object nor wait for a lock that is held around a write.

        Raises:
            CommitUnknownError: nobody knows whether it was committed.
            DatabaseUnavailableError: the server stayed away longer than the patience.
            DatabaseContentionError: other transactions won twenty times, or held a lock for long.
            DatabaseError: anything else; rolled back.
        """
        return self._run_with_retries(
            lambda: self._transaction(query, *args, **kwargs), writing=True, repeatable=False
        )

    def write_idempotent(
        self, query: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `query(tx, *args)` in one transaction, and again when the answer to COMMIT is lost.

        Only for a transaction that may be committed twice without harm.

        Raises:
            DatabaseUnavailableError: the server stayed away longer than the patience.
            DatabaseContentionError: other transactions won twenty times, or held a lock for long.
            CommitUnknownError: the answer was lost, and the patience was over before another try.
            DatabaseError: anything else; rolled back.
        """
        return self._run_with_retries(
            lambda: self._transaction(query, *args, **kwargs), writing=True, repeatable=True
        )

    def read(self, query: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `query(tx, *args)`, which only reads, and return what it returns.

        It runs outside a transaction: each statement sees what is committed at its moment.

        Raises:
            DatabaseUnavailableError: the server stayed away longer than the patience.
            DatabaseError: a statement failed.
        """
        return self._run_with_retries(
            lambda: self._with_connection(query, *args, **kwargs), writing=False, repeatable=True
        )

    def close(self) -> None:
        """Close the idle connections."""
        self.engine.close()

    def _transaction(
        self, query: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if self._group is not None:
            return self._group.run(lambda one: self._run_query(one, query, *args, **kwargs))
        connection = self.engine.connect()
        try:
            self.engine.begin(connection)
            try:
                result = self._run_query(connection, query, *args, **kwargs)
            except BaseException:
                self.engine.rollback(connection)
                raise
            self.engine.commit(connection)
            return result
        finally:
            self.engine.release(connection)

    def _run_query(
        self,
        connection: Connection,
        query: Callable[Concatenate[Tx, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        tx = Tx(connection=connection, engine=self.engine)
        result = query(tx, *args, **kwargs)
        tx.close()
        return result

    def _with_connection(
        self, query: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        connection = self.engine.connect()
        try:
            return query(Tx(connection=connection, engine=self.engine), *args, **kwargs)
        finally:
            self.engine.release(connection)

    def _run_with_retries(self, unit: Callable[[], T], *, writing: bool, repeatable: bool) -> T:
        begun = self._clock.monotonic()
        try:
            return self._noted(unit, writing)  # without tenacity: nearly every unit succeeds
        except DatabaseError as error:
            if not _may_run_again(error, repeatable):
                raise
            locked = isinstance(error, DatabaseContentionError)
            if not locked and (self.give_up.is_set() or self._patience() <= 0):
                raise
            if locked and self._clock.monotonic() - begun >= CONTENTION_SECS:
                raise
        self._pause(FIRST_PAUSE_SECS)
        return self._retry(partial(self._noted, unit, writing), repeatable, begun)

    def _noted(self, unit: Callable[[], T], writing: bool) -> T:
        """Run a unit once, and note how it ended."""
        try:
            result = unit()
        except DatabaseError as error:
            self.outages.failed(error, writing=writing)
            raise
        self.outages.succeeded(writing=writing)
        return result

    def _patience(self) -> float:
        limit_secs = self._limit_secs.get()
        return self._patience_secs if limit_secs is None else min(limit_secs, self._patience_secs)

    def _retry(self, unit: Callable[[], T], repeatable: bool, begun: float) -> T:
        retrying = Retrying(
            retry=retry_if_exception(lambda error: _may_run_again(error, repeatable)),
            stop=partial(self._is_over, begun),
            wait=_pause_secs,
            sleep=self._pause,
            reraise=True,
        )
        return retrying(unit)

    def _pause(self, secs: float) -> None:
        # Contention is waited out even while the process ends; an outage is not.
        lost = secs > MAX_CONTENTION_PAUSE_SECS
        self._clock.wait(self.give_up if lost else self._never, secs)

    def _is_over(self, begun: float, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, DatabaseContentionError):
            waited_secs = self._clock.monotonic() - begun
            return (
                waited_secs >= CONTENTION_SECS or state.attempt_number >= MAX_CONTENTION_TRIES - 1
            )
        return self.give_up.is_set() or state.idle_for >= self._patience()


def _may_run_again(error: BaseException, repeatable: bool) -> bool:
    if isinstance(error, CommitUnknownError):
        return repeatable
    return isinstance(error, DatabaseContentionError | DatabaseUnavailableError)


def _pause_secs(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    doubled = 2.0 ** min(state.attempt_number, 16)
    if isinstance(error, DatabaseContentionError):
        return random.uniform(0.5, 1.0) * min(MAX_CONTENTION_PAUSE_SECS, 0.002 * doubled)
    return random.uniform(0.6, 1.0) * min(MAX_OUTAGE_PAUSE_SECS, 0.3 * doubled)


def in_list(values: Iterable[T]) -> tuple[str, dict[str, T]]:
    """Return the marks of `column IN (…)`, and their parameters by name.

    A statement may have one such list. Without values the marks are empty, which is no valid SQL on
    MySQL.
    """
    params = {f"in{n}": value for n, value in enumerate(values)}
    return ", ".join(f":{name}" for name in params), params


def by_row(
    column: str, keys: Mapping[str, Any], name: str, values: Sequence[T]
) -> tuple[str, dict[str, T]]:
    """Return the SQL for a value that differs by row, and the values by parameter name.

    Args:
        column: what tells the rows apart.
        keys: its values by parameter name, as `in_list` returns them.
        name: the beginning of the parameters' names; each statement has another one for each value.
        values: one for each of `keys`, in their order.
    """
    params = {f"{name}{n}": value for n, value in enumerate(values)}
    cases = " ".join(f"WHEN :{key} THEN :{param}" for key, param in zip(keys, params, strict=True))
    return f"CASE {column} {cases} END", params


def open_engine(url: str, pool_size: int) -> Engine:
    """Return the engine for a `DATABASE_URL`; its pool holds `pool_size` connections.

    It connects when it is first used, and only its driver is loaded.

    Raises:
        SettingsError: the URL cannot be read. Its password is not repeated.
    """
    if _is_sqlite(url):
        from storage.engines.sqlite import SQLiteEngine

        return SQLiteEngine(path=sqlite_path(url), pool_size=pool_size)
    from storage.engines.mysql import MySQLEngine

    return MySQLEngine(address=MySQLAddress.parse(url), pool_size=pool_size)


def open_read_only(url: str, limit_secs: float) -> Engine:
    """Return an engine with one connection that cannot write and creates no file.

    Args:
        url: as `DATABASE_URL` has it.
        limit_secs: how long a server is waited for, for a connection and for each answer. SQLite
            does not wait for locks at all.

    Raises:
        SettingsError: the URL cannot be read.
    """
    if _is_sqlite(url):
        from storage.engines.sqlite import ReadOnlySQLiteEngine

        return ReadOnlySQLiteEngine(path=sqlite_path(url), pool_size=1)
    from storage.engines.cluster import ReadOnlyLimits
    from storage.engines.mysql import MySQLEngine

    limits = ReadOnlyLimits(secs=limit_secs)
    return MySQLEngine(address=MySQLAddress.parse(url), pool_size=1, read_only=limits)


def _is_sqlite(url: str) -> bool:
    """Return whether the URL names SQLite rather than MySQL. Raise SettingsError for another."""
    scheme = url.split(":", 1)[0].lower()
    if scheme == "sqlite":
        return True
    if scheme in ("mysql", "mariadb"):
        return False
    if "://" in url:
        raise SettingsError("database_engine_unknown", name=scheme)
    raise SettingsError("database_url_without_engine")


def failure_is_lasting(error: DatabaseError) -> bool:
    """Return whether the work that met the error must fail, as with a missing table.

    False for an error that nobody knows: who meets it decides how long to try again. False as well
    where the server lets nobody in: all work waits until a person has mended that.
    """
    return not isinstance(
        error,
        DatabaseUnavailableError
        | DatabaseContentionError
        | DatabaseRefusedError
        | DatabaseUnclassifiedError
        | CommitUnknownError,
    )
