"""The pool of connections to a server: places by DBUtils, in each a connection that is alive.

DBUtils holds a lock while it makes or checks a connection, so that one silent server would hold up
every thread. What it pools here are places: a connection is opened, checked and rolled back in its
place, by the thread that has it and outside that lock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
from dbutils.pooled_db import PooledDB
from pymysql.constants import SERVER_STATUS
from pymysql.cursors import DictCursor

from core.errors import NoFailoverError
from storage.engines.cluster import IDLE_SECS, NodeConnection, NodeConnector

FRESH_SECS = 1.0  # a connection that was used so lately is taken to be alive
PING_SECS = 2.0


def make_pool(connector: NodeConnector, size: int) -> PooledDB:
    """Return a pool of `size` places; a thread that wants one waits while all are taken."""
    return PooledDB(
        creator=lambda: Place(connector),
        mincached=0,
        maxcached=size,
        maxconnections=size,
        blocking=True,
        reset=False,
        # DBUtils replaces and checks nothing: it would run the rest of a transaction alone on a
        # new connection, or hold its lock while a server keeps silent.
        failures=(NoFailoverError,),
        ping=0,
    )


class Place:
    """A place of the pool: a connection to the server, or none after it was lost.

    Only the thread that took the place from the pool uses it. `ping` comes first: it makes the
    connection usable.
    """

    threadsafety = 1  # as DB-API 2 counts: no two threads share a connection

    def __init__(self, connector: NodeConnector) -> None:
        self._connector = connector
        self._connection: NodeConnection | None = None
        self._used_at = 0.0

    def ping(self) -> None:
        """Have an open connection of the current generation that answers; open one if need be.

        Raises:
            pymysql.Error: no server answers, or it refuses the login.
        """
        if self._connection is not None and not self._is_usable(self._connection):
            self.close()
        if self._connection is None:
            self._connection = self._connector()

    def cursor(self) -> DictCursor:
        """Return a cursor of the connection."""
        return self._open_connection().cursor()

    def begin(self) -> None:
        """Begin a transaction."""
        with self._watched() as connection:
            connection.limit_answers(self._connector.write_secs)
            connection.begin()

    def commit(self) -> None:
        """Commit the transaction."""
        with self._watched() as connection:
            connection.commit()
            connection.limit_answers(self._connector.answer_secs)

    def rollback(self) -> None:
        """Roll back what is open by the server's own word; a connection that fails at it is
        closed."""
        connection, self._used_at = self._connection, time.monotonic()
        if connection is None or not connection.open:
            return
        if connection.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS:
            try:
                with self._watched():
                    connection.rollback()
                    connection.limit_answers(self._connector.answer_secs)
            except (pymysql.Error, OSError):
                self.close()
                raise

    def close(self) -> None:
        """Close the connection without a farewell, which a lost server could not take."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.drop()

    def _is_usable(self, connection: NodeConnection) -> bool:
        idle_secs = time.monotonic() - self._used_at
        if not connection.open or connection.generation != self._connector.generation:
            return False
        if idle_secs < FRESH_SECS:
            return True
        # The server ends a session that was idle for longer.
        return idle_secs < IDLE_SECS and self._answers(connection)

    def _answers(self, connection: NodeConnection) -> bool:
        connection.limit_answers(PING_SECS)
        try:
            connection.ping()
        except (pymysql.Error, OSError) as error:
            self._connector.end_generation(connection, error)
            return False
        connection.limit_answers(self._connector.answer_secs)
        return True

    def _open_connection(self) -> NodeConnection:
        if self._connection is None:
            raise pymysql.err.InterfaceError(0, "the connection was lost")
        return self._connection

    @contextmanager
    def _watched(self) -> Iterator[Any]:
        connection = self._open_connection()
        try:
            yield connection
        except (pymysql.Error, OSError) as error:
            self._connector.on_error(connection, error)
            raise
