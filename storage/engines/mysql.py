"""MySQL and MariaDB by the driver PyMySQL, pooled by DBUtils."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
from dbutils.pooled_db import PooledDB

from core.errors import CommitUnknownError, DatabaseUnavailableError
from storage.engines.cluster import NodeConnection, NodeConnector, ReadOnlyLimits
from storage.engines.datetimes import from_sql
from storage.engines.dialect import SCHEMA_FOLDER, ClockReading, Connection, Dialect, Tls
from storage.engines.mysql_errors import READ_ONLY, kind_of, number_of
from storage.engines.pool import make_pool
from storage.engines.url import MySQLAddress

DIALECT = Dialect(
    "mysql", lock_suffix=" FOR UPDATE SKIP LOCKED", schema_file=SCHEMA_FOLDER / "schema.sql"
)
# Names of locks are those of the whole server, and shorter than a database's name may be.
SCHEMA_LOCK = "SELECT GET_LOCK(CONCAT('baton schema ', MD5(DATABASE())), %s) AS got"
NO_SUCH_LOCK = {1235, 1105}  # clusters that refuse such locks: of Galera, of Percona
SCHEMA_LOCK_SECS = 86_400  # the lock is kept through a change of a large table


class MySQLEngine:
    """Pooled connections to a server, or to the nodes of a cluster.

    The pool is made by the first `connect`; a thread waits when all its connections are in use.

    Args:
        read_only: the server refuses to write, and is not waited for beyond these limits.
    """

    # InnoDB commits several connections together; one leader would make their round trips serial.
    shares_commits = False

    def __init__(
        self, *, address: MySQLAddress, pool_size: int, read_only: ReadOnlyLimits | None = None
    ) -> None:
        self.dialect = DIALECT
        self.pool_size = pool_size
        self.driver_errors: tuple[type[Exception], ...] = (pymysql.Error, OSError)
        self._address = address
        self._connector = NodeConnector(address, read_only)
        self._pool: PooledDB | None = None
        self._making_pool = threading.Lock()

    @property
    def generation(self) -> int:
        return self._connector.reached

    def connect(self) -> Connection:
        """Return a connection of the pool that answers; wait while all of them are in use."""
        with self._making_pool:
            pool = self._pool = self._pool or make_pool(self._connector, self.pool_size)
        place = pool.connection()
        try:
            place.ping()
        except BaseException as error:
            place.close()
            if isinstance(error, pymysql.Error | OSError):
                raise self.translate(error) from error
            raise
        connection: Connection = place
        return connection

    def release(self, connection: Any) -> None:
        """Roll back what is open, and return the connection to the pool; never raise."""
        self.rollback(connection)  # here, and not under the lock of the pool
        connection.close()

    def begin(self, connection: Any) -> None:
        try:
            connection.begin()
        except (pymysql.Error, OSError) as error:
            raise self.translate(error) from error

    def commit(self, connection: Any) -> None:
        """Commit; a connection that is lost before the answer raises CommitUnknownError."""
        try:
            connection.commit()
        except (pymysql.Error, OSError) as error:
            translated = self.translate(error)
            refused = number_of(error) in READ_ONLY  # before anything was written
            if isinstance(translated, DatabaseUnavailableError) and not refused:
                raise CommitUnknownError(
                    "commit_unanswered", where=self.describe(), detail=str(error)
                ) from error
            raise translated from error

    def rollback(self, connection: Any) -> None:
        """Roll back without raising: a server rolls back what a lost connection left."""
        try:
            connection.rollback()
        except (pymysql.Error, OSError):
            return  # the server rolls back what a lost connection left

    def translate(self, error: Exception) -> Exception:
        """Return the DatabaseError for a driver's error, by its number. Others are unchanged."""
        if isinstance(error, pymysql.err.InterfaceError | OSError):
            return DatabaseUnavailableError(
                "database_connection_lost", where=self.describe(), detail=str(error)
            )
        if not isinstance(error, pymysql.Error):
            return error
        detail = str(error.args[1] if len(error.args) > 1 else error)
        kind, code = kind_of(error, self._connector.family)
        return kind(code, where=self.describe(), detail=detail, number=number_of(error))

    def tables(self, connection: Any) -> set[str]:
        """Return the names of the tables in the database of the URL."""
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
        """Return the server's clock against the host's, at the middle of the round trip."""
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
        """Return the server's open connections, of all clients, and its `max_connections`."""
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

    def tls(self, connection: Any) -> Tls | None:
        """Return cipher and expiry as the server tells them; None without encryption."""
        cursor = connection.cursor()
        try:
            cursor.execute(
                "SHOW SESSION STATUS WHERE Variable_name IN ('Ssl_cipher', 'Ssl_server_not_after')"
            )
            told = {row["Variable_name"]: row["Value"] for row in cursor.fetchall()}
        except (pymysql.Error, OSError) as error:
            raise self.translate(error) from error
        finally:
            cursor.close()
        if not told.get("Ssl_cipher"):
            return None
        return Tls(
            cipher=told["Ssl_cipher"],
            is_verified=self._connector.tls_mode.verifies,
            days_left=_days_until(told.get("Ssl_server_not_after", "")),
        )

    @contextmanager
    def schema_lock(self, wait_secs: int) -> Iterator[bool]:
        try:
            # Not of the pool: the server releases the lock when this connection closes.
            connection = self._connector()
        except (pymysql.Error, OSError) as error:
            raise self.translate(error) from error
        try:
            with self._connector.slow_writes():
                yield self._got_schema_lock(connection, wait_secs)
        finally:
            if connection.open:
                connection.close()

    def _got_schema_lock(self, connection: NodeConnection, wait_secs: int) -> bool:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION wait_timeout=%s", (SCHEMA_LOCK_SECS,))
                cursor.execute(SCHEMA_LOCK, (wait_secs,))
                row = cursor.fetchone()
        except (pymysql.Error, OSError) as error:
            if error.args and error.args[0] in NO_SUCH_LOCK:
                # There the note of an upgrade (`schema/upgrade.py`) alone keeps a process from
                # going on where another one took over.
                return True
            raise self.translate(error) from error
        return row is not None and row["got"] == 1

    def server_name(self) -> str | None:
        """Return the server's version and comment; None before the first connection."""
        server = self._connector.server
        return server.text if server else None

    def describe(self) -> str:
        """Return the URL of the database without the password."""
        return repr(self._address)

    def close(self) -> None:
        """Close the pool; the next `connect` makes a new one."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None


def _days_until(moment: str) -> int | None:
    """Return the days until a moment like `Nov 30 12:00:00 2027 GMT`; None when it is no such."""
    try:
        return int((ssl.cert_time_to_seconds(moment) - time.time()) // 86400)
    except ValueError:
        return None
