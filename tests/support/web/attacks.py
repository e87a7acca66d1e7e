"""Traffic of somebody without a token, in a process of its own: `attacks.py NAME HOST PORT`.

Each attack lasts some seconds, and ends by itself; that connections are cut off is expected.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

Address = tuple[str, int]
MIB = 1024 * 1024
HOLD_SECS = 3.0
FORM = "application/x-www-form-urlencoded"
BUNDLE = b"GET /static/vendor/swagger-ui/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"


def _open(address: Address, text: bytes) -> socket.socket:
    connection = socket.create_connection(address, timeout=10)
    with suppress(OSError):
        connection.sendall(text)
    return connection


def _post(path: str, length: int, kind: str = "application/json", *lines: str) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Type: {kind}", *lines]
    return "\r\n".join([*head, f"Content-Length: {length}", "", ""]).encode()


def _send_body(address: Address, head: bytes, length: int) -> None:
    part = b"[1," * 30_000
    with _open(address, head) as connection, suppress(OSError):
        for _ in range(length // len(part)):
            connection.sendall(part)
        connection.recv(1000)


def _hold(address: Address, text: bytes, count: int, drip: bytes = b"") -> None:
    held = []
    for _ in range(count):
        with suppress(OSError):
            held.append(_open(address, text))
    until = time.monotonic() + HOLD_SECS
    while time.monotonic() < until:
        time.sleep(0.5)
        for connection in held:
            with suppress(OSError):
                connection.sendall(drip)
    for connection in held:
        connection.close()


def large_bodies(address: Address) -> None:
    _send_body(address, _post("/api/v1/dramas", 30 * MIB), 30 * MIB)


def large_bodies_with_a_wrong_token(address: Address) -> None:
    head = _post("/api/v1/dramas", 30 * MIB, "application/json", "Authorization: Bearer baton_x")
    _send_body(address, head, 30 * MIB)


def large_forms(address: Address) -> None:
    for path, kind in (("/admin/login", FORM), ("/admin/accounts/new", f"{FORM}; boundary=x")):
        _send_body(address, _post(path, 30 * MIB, kind), 30 * MIB)


def bodies_without_end(address: Address) -> None:
    head = b"POST /api/v1/dramas HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    until = time.monotonic() + HOLD_SECS
    with _open(address, head) as connection, suppress(OSError):
        while time.monotonic() < until:
            connection.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")


def half_heads(address: Address) -> None:
    _hold(address, b"GET / HTTP/1.1\r\nX-A: " + b"a" * 30_000, 60, b"a")


def trickled_bodies(address: Address) -> None:
    _hold(address, _post("/admin/login", 10_000, FORM) + b"token=", 60, b"a")


def answers_that_nobody_reads(address: Address) -> None:
    _hold(address, BUNDLE * 20, 40)


def pipelined_requests(address: Address) -> None:
    until = time.monotonic() + HOLD_SECS
    while time.monotonic() < until:
        with _open(address, BUNDLE * 400) as connection, suppress(OSError):
            connection.settimeout(1)
            while connection.recv(65536) and time.monotonic() < until:
                pass


def wrong_tokens(address: Address) -> None:
    until = time.monotonic() + HOLD_SECS
    while time.monotonic() < until:
        wrong = f"Authorization: Bearer baton_{time.monotonic()}"
        with suppress(OSError):
            request = _post("/api/v1/tasks/crawl", 2, "application/json", wrong) + b"{}"
            with _open(address, request * 20) as connection:
                connection.recv(10_000)


def garbage(address: Address) -> None:
    until = time.monotonic() + HOLD_SECS
    while time.monotonic() < until:
        with suppress(OSError), _open(address, b"\x00\xff" * 20_000):
            pass


ATTACKS: dict[str, tuple[Callable[[Address], None], int]] = {
    attack.__name__: (attack, threads)
    for attack, threads in (
        (large_bodies, 6),
        (large_bodies_with_a_wrong_token, 6),
        (large_forms, 3),
        (bodies_without_end, 4),
        (half_heads, 4),
        (trickled_bodies, 4),
        (answers_that_nobody_reads, 4),
        (pipelined_requests, 2),
        (wrong_tokens, 20),
        (garbage, 4),
    )
}


def main() -> None:
    attack, count = ATTACKS[sys.argv[1]]
    address = (sys.argv[2], int(sys.argv[3]))
    threads = [threading.Thread(target=attack, args=(address,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
