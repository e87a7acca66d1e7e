"""Sockets, TLS and HTTP/1.1: reads requests, writes answers, in one piece unless told otherwise."""

from __future__ import annotations

import selectors
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.messages import DIRECT, Reply, Request
from sandbox.tls import Certificate

MAX_BODY_BYTES = 1_000_000
HOST = "127.0.0.1"
_TLS_HANDSHAKE = b"\x16"
_CHECK_SECS = 0.1


class HttpServer(ThreadingHTTPServer):
    """One thread per connection; connections are kept alive, and closed by `close_all`.

    A client may speak TLS on the same port.
    """

    daemon_threads = True
    request_queue_size = 1024

    def __init__(
        self,
        *,
        port: int,
        answer: Callable[[Request], Reply],
        certificate: Certificate,
        connection: type[Connection] | None = None,
    ) -> None:
        self.answer = answer
        self.certificate = certificate
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._live: set[socket.socket] = set()
        super().__init__((HOST, port), connection or Connection)

    def server_bind(self) -> None:
        """Bind without the reverse look-up that the base class makes for the server's name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, int(self.socket.getsockname()[1])

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and remember it."""
        connection, address = super().get_request()
        with self._lock:
            self._live.add(connection)
        return connection, address

    def replace(self, old: socket.socket, new: socket.socket) -> None:
        """Remember a connection's TLS layer instead of its socket, which that has taken over."""
        with self._lock:
            self._live.discard(old)
            self._live.add(new)

    def forget(self, connection: socket.socket) -> None:
        """Forget a connection that has been closed."""
        with self._lock:
            self._live.discard(connection)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection and forget it."""
        with self._lock:
            self._live.discard(request)
        super().shutdown_request(request)

    def close_all(self) -> None:
        """Stop listening, wake answers that are being delayed, and hang up on every client."""
        self.stopping.set()
        self.server_close()
        with self._lock:
            live = list(self._live)
        for connection in live:
            _hang_up(connection)


class Connection(BaseHTTPRequestHandler):
    """The requests of one client, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: HttpServer
    egress = DIRECT

    def handle(self) -> None:
        """Serve until either side hangs up; a client that vanishes is no event."""
        try:
            self.begin()
        except (ConnectionError, ssl.SSLError):
            self.close_connection = True

    def begin(self) -> None:
        """Serve a client from its first byte on."""
        self.accept_tls()
        super().handle()

    def finish(self) -> None:
        """Close what is this connection's own; its socket is closed by the server."""
        try:
            super().finish()
        finally:
            if isinstance(self.connection, ssl.SSLSocket):
                self.server.forget(self.connection)
                self.connection.close()

    def peek(self) -> bytes:
        """Return the client's next byte without taking it; empty when it has hung up."""
        next_byte: bytes = self.connection.recv(1, socket.MSG_PEEK)
        return next_byte

    def accept_tls(self) -> None:
        """Go on under TLS if the client's next byte says so; there is no TLS within TLS."""
        if isinstance(self.connection, ssl.SSLSocket) or self.peek() != _TLS_HANDSHAKE:
            return
        plain = self.connection
        # The server knows the new socket before it waits for the client, so that it can hang up.
        secure = self.server.certificate.context().wrap_socket(
            plain, server_side=True, do_handshake_on_connect=False
        )
        self.server.replace(plain, secure)
        self.connection = secure
        secure.do_handshake()
        self.rfile.close()
        self.request = secure
        self.setup()

    def swallow(self) -> None:
        """Take what the client sends and say nothing, until either side hangs up."""
        self.close_connection = True
        while not self.server.stopping.is_set():
            if _is_readable(self.connection, _CHECK_SECS) and not self.connection.recv(65_536):
                return

    def do_GET(self) -> None:
        """Answer a request without a body."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a request with a body."""
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a request is not news, and a benchmark must not wait for a terminal."""

    def _answer(self) -> None:
        body = self._read_body()
        if body is None:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request.parse(self.command, self.path, headers, body, self.egress)
        self._send(self.server.answer(request))

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit() and int(length) <= MAX_BODY_BYTES):
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionResetError("the client hung up before its request was whole")
        return body

    def _send(self, reply: Reply) -> None:
        if reply.delay_secs:
            self.server.stopping.wait(reply.delay_secs)
        self.close_connection = self.close_connection or reply.hangs_up
        if reply.before_send:
            reply.before_send()
        if reply.dropped:
            return
        try:
            if reply.delay_secs and _is_gone(self.connection):
                raise ConnectionResetError("the client did not wait")
            self._write(reply)
        except (ConnectionError, ssl.SSLError):
            if reply.retract:
                reply.retract()
            raise

    def _write(self, reply: Reply) -> None:
        if reply.raw is not None:
            self.wfile.write(reply.raw)
            return
        head = _head(reply, self.close_connection)
        if not (reply.trickle_secs or reply.padding_times):
            self.wfile.write(head + reply.body)
            return
        self.wfile.write(head)
        for _ in range(reply.padding_times):
            self.wfile.write(reply.padding)
        if not reply.trickle_secs:
            self.wfile.write(reply.body)
            return
        for place in range(len(reply.body)):
            if self.server.stopping.wait(reply.trickle_secs) or _is_gone(self.connection):
                raise ConnectionResetError("the answer was not sent to its end")
            self.wfile.write(reply.body[place : place + 1])


def phrase_of(status: int) -> str:
    """Return the reason phrase of an HTTP status; of one that HTTP does not know, `Unknown`."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _head(reply: Reply, closes: bool) -> bytes:
    length = len(reply.padding) * reply.padding_times + len(reply.body) + reply.missing_bytes
    lines = [
        f"HTTP/1.1 {reply.status} {phrase_of(reply.status)}",
        f"Content-Type: {reply.content_type}",
        f"Content-Length: {length}",
        *(f"Set-Cookie: {cookie}" for cookie in reply.set_cookies),
        *(f"{name}: {value}" for name, value in reply.headers),
    ]
    if closes and not reply.hangs_up:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _is_gone(connection: socket.socket) -> bool:
    # TLS cannot look ahead, so its socket is asked: a closing alert is a byte, and looks alive.
    return _is_readable(connection, 0) and not socket.socket.recv(connection, 1, socket.MSG_PEEK)


def _is_readable(connection: socket.socket, wait_secs: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        return bool(selector.select(wait_secs))


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client, or its own thread, closed it first
