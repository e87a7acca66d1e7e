"""Connections to one MySQL server, or to whichever node of a cluster answers."""

from __future__ import annotations

import socket
import ssl
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.constants import CLIENT, FIELD_TYPE
from pymysql.converters import conversions
from pymysql.cursors import DictCursor

from core.errors import SettingsError
from storage.engines.mysql_errors import (
    NOT_IN_CLUSTER,
    READ_ONLY,
    TLS_FAILED,
    ServerFamily,
    ends_generation,
    number_of,
)
from storage.engines.server import QUESTION, Server, identify
from storage.engines.url import MySQLAddress, Node
from storage.engines.url_options import TlsMode, TlsOptions

# Errors after which another node may answer: too many connections (1040, 1203), a blocked host
# (1129), network errors (1152 to 1161), no connection (2002, 2003) and a lost one (2006, 2013).
REFUSED = {1040, 1129, 1152, 1159, 1161, 1203, 2002, 2003, 2006, 2013, NOT_IN_CLUSTER}
# Strict: a value that does not fit its column is an error, and is not cut in silence.
SQL_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO"
# A host that vanishes in the middle of a transaction must not hold its locks for hours, and a
# transaction that waits for a lock is to fail soon, as it is then run again.
IDLE_SECS = 20
PATIENCE = f"SET SESSION wait_timeout={IDLE_SECS}, innodb_lock_wait_timeout=5"
CONNECT_SECS = 5.0
NODE_CONNECT_SECS = 2.0  # where another node may answer instead
ANSWER_SECS = 60.0
WRITE_SECS = 20.0  # a frozen server acknowledges what it never answers: only this limit ends it
SCHEMA_SECS = 86_400.0  # a change of a large table takes long
READS_ONLY = "SET SESSION TRANSACTION READ ONLY"
# A host that vanishes answers nothing, and TCP would send again for a quarter of an hour: what was
# sent and not acknowledged for so long ends the connection, and so does a silent idle one.
UNACKNOWLEDGED_SECS = 6
KEEPALIVE = (("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 2))


@dataclass(frozen=True)
class ReadOnlyLimits:
    """How long a connection that only reads waits for a node, and for each answer of it."""

    secs: float


if TYPE_CHECKING:  # the driver's class is generic for the type checker only, whose stubs lack these

    class DriverConnection(pymysql.Connection[DictCursor]):
        _sock: socket.socket | None
        server_status: int

        def _force_close(self) -> None: ...

else:
    DriverConnection = pymysql.Connection


class NodeConnection(DriverConnection):
    """A connection to a node, of one generation of its connector.

    It tells the connector of errors after which the generation ends, and closes itself when its
    Galera node leaves the cluster: such a node still answers pings.
    """

    def __init__(
        self, *, connector: NodeConnector, node: Node, generation: int, **options: Any
    ) -> None:
        self.node = node
        self.generation = generation
        self._connector = connector
        self._tls = connector.tls
        super().__init__(**options, defer_connect=True)
        # Before it signs in, so that no password goes to a server without encryption.
        self._ssl_required = connector.tls_mode.is_required

    def _create_ssl_ctx(self, _options: object) -> ssl.SSLContext:
        """Return the shared context; PyMySQL's own reads all CA files of the host for each
        connection."""
        return self._tls

    def query(self, sql: Any, unbuffered: bool | None = False) -> int:
        """Send a query; tell the connector of an error after which the generation ends."""
        try:
            return int(super().query(sql, bool(unbuffered)))
        except (pymysql.Error, OSError) as error:
            self._connector.on_error(self, error)
            raise

    def limit_answers(self, secs: float) -> None:
        """Wait at most `secs` for each answer from now on."""
        self._read_timeout = self._write_timeout = secs

    def drop(self) -> None:
        """Close it without a farewell."""
        if self.open:
            self._force_close()

    def hang_up(self) -> None:
        """Make the thread that waits for an answer of this connection find it lost."""
        sock = self._sock
        if sock is not None:
            with suppress(OSError):  # it may have ended meanwhile
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def has_tls(self) -> bool:
        """Return whether it is encrypted."""
        return isinstance(self._sock, ssl.SSLSocket)

    def notice_silence(self) -> None:
        """Have the system end the connection soon after its host vanished."""
        if self._sock is None or self._sock.family is socket.AF_UNIX:
            return
        limits = (*KEEPALIVE, ("TCP_USER_TIMEOUT", UNACKNOWLEDGED_SECS * 1000))
        for name, value in limits:
            option = getattr(socket, name, None)
            if option is not None:  # some systems lack some of them
                self._sock.setsockopt(socket.IPPROTO_TCP, option, value)


class NodeConnector:
    """Opens connections to the first node that answers, and prefers that node from then on.

    All processes begin with the same node: writers on one node never lose at Galera's
    certification.

    Connections are of a generation, a number. It ends when the server is lost or takes no writes
    any more: connections of earlier generations are to be closed and not used again.

    Raises:
        SettingsError: a file of the TLS options cannot be used.
    """

    def __init__(self, address: MySQLAddress, read_only: ReadOnlyLimits | None = None) -> None:
        self._address = address
        self._read_only = read_only
        self._preferred = 0
        self._guard = threading.Lock()
        self.generation = 0
        self.reached = 0  # the generation of the newest connection
        self.server: Server | None = None
        self._connections: weakref.WeakSet[NodeConnection] = weakref.WeakSet()
        self._silent: Node | None = None
        self._identified = -1  # the generation in which the server was asked
        self.tls = tls_context(address.options.tls)
        self.answer_secs = read_only.secs if read_only else ANSWER_SECS
        self.write_secs = read_only.secs if read_only else WRITE_SECS

    @property
    def tls_mode(self) -> TlsMode:
        return self._address.options.tls.mode

    @property
    def family(self) -> ServerFamily:
        """Return the family of the server; before the first connection that of MariaDB."""
        return self.server.family if self.server else ServerFamily.MARIADB

    def __call__(self) -> NodeConnection:
        """Return a new connection.

        Raises:
            pymysql.Error: no node answers.
            DatabaseError: the server cannot keep what this program needs.
        """
        nodes, generation = self._address.nodes, self.generation
        order = [(self._preferred + step) % len(nodes) for step in range(len(nodes))]
        for index in order:
            try:
                connection = self._open(nodes[index], generation)
            except pymysql.OperationalError as error:
                if number_of(error) not in REFUSED or index == order[-1]:
                    raise
                continue
            self._preferred = index
            self._register(connection)
            return connection
        raise AssertionError("an address has at least one node")

    @contextmanager
    def slow_writes(self) -> Iterator[None]:
        """Let transactions that begin during the block wait long for their answers."""
        usual, self.write_secs = self.write_secs, SCHEMA_SECS
        try:
            yield
        finally:
            self.write_secs = usual

    def on_error(self, connection: NodeConnection, error: Exception) -> None:
        """End the generation of a connection when the error asks for it."""
        if ends_generation(error, self.family):
            self.end_generation(connection, error)

    def end_generation(self, connection: NodeConnection, error: Exception) -> None:
        """End the generation of a connection, unless it has ended, and close the connection.

        After a node kept silent, left its cluster or became read-only, the next one is preferred.
        """
        connection.drop()
        with self._guard:
            if connection.generation != self.generation:
                return
            self.generation += 1
            self._silent = connection.node if _is_silence(error) else None
            nodes = self._address.nodes
            if _is_bad_node(error) and nodes[self._preferred] == connection.node:
                self._preferred = (self._preferred + 1) % len(nodes)

    def _register(self, connection: NodeConnection) -> None:
        """Remember a new connection, and hang up those that wait for a node that keeps silent.

        Where no other node answers, they wait on: the node may only be slow.
        """
        with self._guard:
            self._connections.add(connection)
            self.reached = max(self.reached, connection.generation)
            silent, self._silent = self._silent, None
            if silent is None or silent == connection.node:
                return
            stuck = [one for one in self._connections if one.node == silent]
        for one in stuck:
            one.hang_up()

    def _open(self, node: Node, generation: int) -> NodeConnection:
        address = self._address
        connect_secs = self._connect_secs()
        connection = NodeConnection(
            connector=self,
            node=node,
            generation=generation,
            host=node.host,
            port=node.port,
            user=address.user,
            password=address.password,
            database=address.database,
            unix_socket=address.options.unix_socket,
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
            connect_timeout=connect_secs,
            # A node that accepts and then keeps silent is found by the greeting and the login.
            read_timeout=connect_secs,
            write_timeout=connect_secs,
            ssl_disabled=self.tls_mode is TlsMode.DISABLED or None,
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.drop()
            raise
        connection.limit_answers(self.answer_secs)
        return connection

    def _prepare(self, connection: NodeConnection) -> None:
        """Connect, check what answers, and set the session up."""
        try:
            connection.connect()
        except pymysql.OperationalError as error:
            cause = getattr(error, "original_exception", None)
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise pymysql.OperationalError(TLS_FAILED, cause.verify_message) from error
            raise
        if self.tls_mode.is_required and not connection.has_tls():
            raise pymysql.OperationalError(TLS_FAILED, "the server offers no encryption")
        connection.notice_silence()
        with connection.cursor() as cursor:
            cursor.execute(READS_ONLY if self._read_only else PATIENCE)
            self._identify(cursor, connection.generation)
            _join_cluster(cursor)

    def _identify(self, cursor: DictCursor, generation: int) -> None:
        """Ask which server this is, once in each generation."""
        if self._identified == generation:
            return
        cursor.execute(QUESTION)
        row = cursor.fetchone() or {}
        where = repr(self._address)
        self.server = identify(str(row.get("version")), str(row.get("comment")), where)
        self._identified = generation

    def _connect_secs(self) -> float:
        if self._read_only:
            return self._read_only.secs
        usual = NODE_CONNECT_SECS if len(self._address.nodes) > 1 else CONNECT_SECS
        return self._address.options.connect_secs or usual


def _is_bad_node(error: Exception) -> bool:
    """Return whether another node may do better, unlike after an idle connection's end."""
    return _is_silence(error) or number_of(error) in {*READ_ONLY, NOT_IN_CLUSTER}


def _is_silence(error: Exception) -> bool:
    # The driver keeps the error of the socket as context only.
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


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


def _plain_times() -> dict[Any, Any]:
    """Return PyMySQL's conversions without those of times, which stay text as in SQLite."""
    dropped = {FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP, FIELD_TYPE.DATE}
    return {key: value for key, value in conversions.items() if key not in dropped}


def tls_context(options: TlsOptions) -> ssl.SSLContext:
    """Return the context for all connections; by default it verifies nothing.

    Raises:
        SettingsError: one of the files cannot be read, or is not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = options.mode is TlsMode.VERIFY_IDENTITY
    context.verify_mode = ssl.CERT_REQUIRED if options.mode.verifies else ssl.CERT_NONE
    if options.ca is not None:
        try:
            context.load_verify_locations(cafile=options.ca)
        except OSError as error:
            raise _unusable("ssl_ca", options.ca, error) from error
    elif options.mode.verifies:
        context.load_default_certs()
    if options.cert is not None:
        try:
            context.load_cert_chain(options.cert, options.key)
        except OSError as error:
            raise _unusable("ssl_cert", options.cert, error) from error
    return context


def _unusable(name: str, path: str, error: OSError) -> SettingsError:
    detail = error.strerror or str(error)
    return SettingsError("database_tls_file", name=name, path=path, detail=detail)
