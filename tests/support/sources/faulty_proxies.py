"""Proxies that fail as real ones do, as talks for `raw_server`: HTTP with CONNECT, and SOCKS5."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

from tests.support.webhooks.raw_servers import Talk

HOST = "127.0.0.1"
MAX_SILENCE_SECS = 20.0
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
EXPIRED_PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>package expired</html>"


def closed_port() -> int:
    """Return a port of this host on which nobody listens."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def hang_up(connection: socket.socket) -> None:
    """Close the connection without reading anything, which resets it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def silent(connection: socket.socket) -> None:
    """Say nothing until the client goes away."""
    connection.settimeout(MAX_SILENCE_SECS)
    while connection.recv(65536):
        pass


def says(answer: bytes, *, then: Talk | None = None) -> Talk:
    """Return a talk that reads a request and answers it with these bytes; `then` follows."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)
        if then is not None:
            then(connection)
        else:
            # Read until the client is done: closing with unread bytes would reset the answer.
            connection.shutdown(socket.SHUT_WR)
            silent(connection)

    return talk


def closes_when_asked(connection: socket.socket) -> None:
    """Read the request and close the connection."""
    connection.recv(65536)


def refuses_connect(status: int, headers: bytes = b"") -> Talk:
    """Return a talk that answers every request with this status."""
    head = f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n".encode()
    return says(head + headers + b"\r\n")


def socks_method(method: int) -> Talk:
    """Return a talk that picks this method of authentication and reads what follows."""
    return says(bytes([5, method]), then=silent)


def socks_refuses_user(connection: socket.socket) -> None:
    """Ask for user and password, and refuse them."""
    connection.recv(262)
    connection.sendall(b"\x05\x02")
    connection.recv(513)
    connection.sendall(b"\x01\x01")


def socks_replies(reply: int, *, then: Talk = silent) -> Talk:
    """Return a talk that takes every client and answers its CONNECT with this reply."""

    def talk(connection: socket.socket) -> None:
        connection.recv(262)
        connection.sendall(b"\x05\x00")
        connection.recv(262)
        connection.sendall(bytes([5, reply, 0, 1]) + socket.inet_aton(HOST) + b"\x00\x50")
        then(connection)

    return talk


@contextlib.contextmanager
def full_listener() -> Iterator[int]:
    """Yield the port of a listener that accepts nobody, so that connecting takes for ever."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        threading.Event().wait(0.05)
        try:
            yield int(listener.getsockname()[1])
        finally:
            for client in waiting:
                client.close()
