"""MySQL and MariaDB by PyMySQL, pooled by DBUtils."""

from __future__ import annotations

import threading
import time
from typing import Any

import pymysql
from dbutils.pooled_db import PooledDB

from core.errors import (
    AlreadyExistsError,
    CommitUnknownError,
    DatabaseContentionError,
    DatabaseError,
    DatabaseUnavailableError,
    DuplicateKeyError,
    NoFailoverError,
    SchemaMismatchError,
)
from storage.engines.cluster import NOT_IN_CLUSTER, NodeConnector, ReadOnlyLimits
from storage.engines.datetimes import from_sql
from storage.engines.dialect import SCHEMA_FOLDER, ClockReading, Connection, Dialect
from storage.engines.url import MySQLAddress

DIALECT = Dialect(
    "mysql", lock_suffix=" FOR UPDATE SKIP LOCKED", schema_file=SCHEMA_FOLDER / "schema.sql"
)
DUPLICATE = 1062
MADE_BEFORE = {1050, 1060, 1061, 1091}  # a table, column or key that exists, or is gone
CONTENTION = {1205, 1213, 3101, 3572}
GONE = {
    0,
    1040,
    1053,
    1077,
    1129,
    1152,
    1159,
    1161,
    1180,
    1203,
    1927,
    2002,
    2003,
    2006,
    2013,
    2055,
    4031,
    NOT_IN_CLUSTER,
}
ADVICE = {
    1044: "the user may not use this database: GRANT it",
    1045: "wrong user or password; check DATABASE_URL",
    1049: "the database does not exist: CREATE DATABASE it first",
    1698: "this user may not sign in by password; check DATABASE_URL",
}


class MySQLEngine:
    """Pooled connections to a server, or to the nodes of a cluster.

    Args:
        read_only: the server refuses to write, and is not waited for beyond these limits.
    """

    def __init__(
        self, *, address: MySQLAddress, pool_size: int, read_only: ReadOnlyLimits | None = None
    ) -> None:
        self.dialect = DIALECT
        self.pool_size = pool_size
        self.driver_errors: tuple[type[Exception], ...] = (pymysql.Error, OSError)
        self._address = address
        self._read_only = read_only
        self._pool: PooledDB | None = None
        self._making_pool = threading.Lock()

    def connect(self) -> Connection:
        try:
            with self._making_pool:
                self._pool = self._pool or self._make_pool()
            connection: Connection = self._pool.connection()
        except (pymysql.Error, OSError) as error:
            raise self.translate(error) from error
        return connection

    def release(self, connection: Any) -> None:
        try:
            connection.close()
        except (pymysql.Error, OSError):
            return  # a dead connection; the pool makes another when asked

    def begin(self, connection: Any) -> None:
        try:
            connection.begin()
        except (pymysql.Error, OSError) as error:
            raise self.translate(error) from error

    def commit(self, connection: Any) -> None:
        try:
            connection.commit()
        except (pymysql.Error, OSError) as error:
            translated = self.translate(error)
            if isinstance(translated, DatabaseUnavailableError):
                raise CommitUnknownError(
                    f"{self.describe()}: no answer to COMMIT ({error})"
                ) from error
            raise translated from error

    def rollback(self, connection: Any) -> None:
        try:
            connection.rollback()
        except (pymysql.Error, OSError):
            return  # the server rolls back what a lost connection left

    def translate(self, error: Exception) -> Exception:
        if isinstance(error, pymysql.err.InterfaceError | OSError):
            return DatabaseUnavailableError(f"{self.describe()}: connection lost ({error})")
        if not isinstance(error, pymysql.Error):
            return error
        code = error.args[0] if error.args else 0
        text = f"{self.describe()}: {error.args[1] if len(error.args) > 1 else error}"
        if code in CONTENTION:
            return DatabaseContentionError(text)
        if code in GONE:
            return DatabaseUnavailableError(text)
        if code in (1146, 1054):
            return SchemaMismatchError(f"{text}; run: python cli.py init")
        if code in MADE_BEFORE:
            return AlreadyExistsError(text)
        if code == DUPLICATE:
            return DuplicateKeyError(text)
        if code in ADVICE:
            return DatabaseError(f"{self.describe()}: {ADVICE[code]}")
        return DatabaseError(text)

    def tables(self, connection: Any) -> set[str]:
        cursor = connection.cursor()
        try:
            cursor.execute(
                "SELECT table_name AS name FROM information_schema.tables"
                " WHERE table_schema=DATABASE()"
            )
            return {row["name"] for row in cursor.fetchall()}
        except (pymysql.Error, OSError) as error:
            raise self.translate(error) from error
        finally:
            cursor.close()

    def read_clock(self, connection: Any) -> ClockReading | None:
        cursor = connection.cursor()
        try:
            before, begun = time.time(), time.monotonic()
            cursor.execute("SELECT UTC_TIMESTAMP(6) AS moment")
            moment = from_sql(str(cursor.fetchone()["moment"]))
            took = time.monotonic() - begun
            return ClockReading(moment.timestamp() - (before + took / 2), took)
        except (pymysql.Error, OSError) as error:
            raise self.translate(error) from error
        finally:
            cursor.close()

    def connections(self, connection: Any) -> tuple[int, int] | None:
        cursor = connection.cursor()
        try:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'Threads_connected'")
            used = int(cursor.fetchone()["Value"])
            cursor.execute("SELECT @@max_connections AS most")
            return used, int(cursor.fetchone()["most"])
        except (pymysql.Error, OSError) as error:
            raise self.translate(error) from error
        finally:
            cursor.close()

    def describe(self) -> str:
        return repr(self._address)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _make_pool(self) -> PooledDB:
        return PooledDB(
            creator=NodeConnector(self._address, self._read_only),
            mincached=0,
            maxcached=self.pool_size,
            maxconnections=self.pool_size,
            blocking=True,
            reset=False,  # what begin() opened is rolled back all the same
            failures=(NoFailoverError,),
            ping=1,
        )
