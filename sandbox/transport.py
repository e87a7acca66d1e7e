"""Sockets and HTTP/1.1: reads requests, writes every answer in one piece."""

from __future__ import annotations

import selectors
import socket
import socketserver
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.messages import Reply, Request

MAX_BODY_BYTES = 1_000_000
HOST = "127.0.0.1"


class HttpServer(ThreadingHTTPServer):
    """One thread per connection; connections are kept alive, and closed by `close_all`."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, *, port: int, answer: Callable[[Request], Reply]) -> None:
        self.answer = answer
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._live: set[socket.socket] = set()
        super().__init__((HOST, port), Connection)

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

    def handle(self) -> None:
        """Serve until either side hangs up; a client that vanishes is no event."""
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

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
        self._send(self.server.answer(Request.parse(self.command, self.path, headers, body)))

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
        if reply.dropped:
            return
        try:
            if reply.delay_secs and _is_gone(self.connection):
                raise ConnectionResetError("the client did not wait")
            whole = _head(reply, self.close_connection) + reply.body
            self.wfile.write(whole if reply.raw is None else reply.raw)
        except ConnectionError:
            if reply.retract:
                reply.retract()
            raise


def _head(reply: Reply, closes: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
        f"Content-Type: {reply.content_type}",
        f"Content-Length: {len(reply.body) + reply.missing_bytes}",
        *(f"Set-Cookie: {cookie}" for cookie in reply.set_cookies),
        *(f"{name}: {value}" for name, value in reply.headers),
    ]
    if closes and not reply.hangs_up:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _is_gone(connection: socket.socket) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        return bool(selector.select(0)) and not connection.recv(1, socket.MSG_PEEK)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client, or its own thread, closed it first
