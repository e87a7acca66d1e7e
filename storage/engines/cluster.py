"""Connections to one MySQL server, or to whichever node of a cluster answers."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.constants import CLIENT, FIELD_TYPE
from pymysql.converters import conversions
from pymysql.cursors import DictCursor

from storage.engines.url import MySQLAddress, Node

NOT_IN_CLUSTER = 1047  # a Galera node that lost its quorum, or has not caught up yet
# Errors after which another node may answer: too many connections (1040, 1203), a blocked host
# (1129), network errors (1152 to 1161), no connection (2002, 2003) and a lost one (2006, 2013).
REFUSED = {1040, 1129, 1152, 1159, 1161, 1203, 2002, 2003, 2006, 2013, NOT_IN_CLUSTER}
# Strict: a value that does not fit its column is an error, and is not cut in silence.
SQL_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO"
# A host that vanishes in the middle of a transaction must not hold its locks for hours, and a
# transaction that waits for a lock is to fail soon, as it is then run again.
PATIENCE = "SET SESSION wait_timeout=20, innodb_lock_wait_timeout=5"
CONNECT_SECS = 5
NODE_CONNECT_SECS = 2  # where another node may answer instead
ANSWER_SECS = 60
READ_ONLY = "SET SESSION TRANSACTION READ ONLY"


@dataclass(frozen=True)
class ReadOnlyLimits:
    """How long a connection that only reads waits for a node, and for each answer of it."""

    secs: float


if TYPE_CHECKING:  # the driver's class is generic for the type checker only
    DriverConnection = pymysql.Connection[DictCursor]
else:
    DriverConnection = pymysql.Connection


class NodeConnection(DriverConnection):
    """A connection that closes itself when its Galera node leaves the cluster.

    Such a node still answers pings, so that the pool would hand the connection out again.
    """

    def __init__(self, tls: ssl.SSLContext, **options: Any) -> None:
        self._tls = tls
        super().__init__(**options)

    def _create_ssl_ctx(self, _options: object) -> ssl.SSLContext:
        """Return the shared context; PyMySQL's own reads all CA files of the host for each
        connection."""
        return self._tls

    def query(self, sql: Any, unbuffered: bool | None = False) -> int:
        """Send a query; close the connection when its node answers that it left the cluster."""
        try:
            return int(super().query(sql, bool(unbuffered)))
        except pymysql.Error as error:
            if _code(error) == NOT_IN_CLUSTER and self.open:
                self.close()
            raise


class NodeConnector:
    """Opens connections to the first node that answers, and prefers that node from then on.

    All processes begin with the same node: writers on one node never lose at Galera's
    certification.
    """

    def __init__(self, address: MySQLAddress, read_only: ReadOnlyLimits | None = None) -> None:
        self._address = address
        self._read_only = read_only
        self._preferred = 0
        self._tls = _tls_where_offered()

    def __call__(self) -> NodeConnection:
        """Return a new connection. Raise pymysql.Error when no node answers."""
        nodes = self._address.nodes
        order = [(self._preferred + step) % len(nodes) for step in range(len(nodes))]
        for index in order:
            try:
                connection = self._open(nodes[index])
            except pymysql.OperationalError as error:
                if _code(error) not in REFUSED or index == order[-1]:
                    raise
                continue
            self._preferred = index
            return connection
        raise AssertionError("an address has at least one node")

    def _open(self, node: Node) -> NodeConnection:
        address, limits = self._address, self._read_only
        connect_secs = NODE_CONNECT_SECS if len(address.nodes) > 1 else CONNECT_SECS
        answer_secs = limits.secs if limits else ANSWER_SECS
        connection = NodeConnection(
            self._tls,
            host=node.host,
            port=node.port,
            user=address.user,
            password=address.password,
            database=address.database,
            unix_socket=address.unix_socket,
            charset="utf8mb4",
            cursorclass=DictCursor,
            conv=_plain_times(),
            # Matched rows are counted, as SQLite does: else an UPDATE that changes nothing would
            # look like a lost lease.
            client_flag=CLIENT.FOUND_ROWS,
            sql_mode=SQL_MODE,
            # Under REPEATABLE READ, InnoDB's gap locks would make claimers of neighbouring rows
            # wait for each other.
            init_command="SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
            autocommit=True,
            connect_timeout=limits.secs if limits else connect_secs,
            read_timeout=answer_secs,
            write_timeout=answer_secs,
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(READ_ONLY if limits else PATIENCE)
                _join_cluster(cursor)
        except pymysql.Error:
            if connection.open:
                connection.close()
            raise
        return connection


def _tls_where_offered() -> ssl.SSLContext:
    """Return a context that encrypts where the server offers it and verifies nothing.

    That is what PyMySQL does by default.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _join_cluster(cursor: DictCursor) -> None:
    """Make reads on a Galera node see what others committed; refuse a node that is not up to date.

    A node applies the others' transactions a moment later; with `wsrep_sync_wait=1` a read or a
    BEGIN waits for all that was committed before it, on whichever node. On another server nothing
    is done.
    """
    if _shown(cursor, "SHOW GLOBAL VARIABLES LIKE 'wsrep_on'") != "ON":
        return
    if _shown(cursor, "SHOW GLOBAL STATUS LIKE 'wsrep_ready'") != "ON":
        raise pymysql.OperationalError(NOT_IN_CLUSTER, "wsrep_ready is not ON")
    cursor.execute("SET SESSION wsrep_sync_wait=1")


def _shown(cursor: DictCursor, question: str) -> str | None:
    cursor.execute(question)
    row = cursor.fetchone()
    return None if row is None else str(row["Value"])


def _code(error: pymysql.Error) -> int:
    return int(error.args[0]) if error.args and isinstance(error.args[0], int) else 0


def _plain_times() -> dict[Any, Any]:
    """Return PyMySQL's conversions without those of times, which stay text as in SQLite."""
    dropped = {FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP, FIELD_TYPE.DATE}
    return {key: value for key, value in conversions.items() if key not in dropped}
