"""Receivers of webhooks with odd answers: headers that no standard knows, bytes one by one."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections import Counter, defaultdict, deque

from tests.support.webhooks.raw_servers import raw_server

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
RETRY_AFTER = (
    "Fri, 31 Dec 9999 23:59:59 -0100",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Mon, 30 Feb 2026 25:61:61 GMT",
    "Sun, 06 Nov 1994 08:49:37 +9999",
    "Fri, 31 Dec 0000 00:00:00 GMT",
    "99999999999999999999999999",
    "1e400",
    "-5",
    "0",
    "NaN",
    "inf",
    "0x10",
    "1;2",
    "1, 2",
    "\u0663",
    "",
    " ",
    "\xff\xfe",
    "9" * 20_000,
)
OTHER_HEADERS = (
    "Content-Length: -1",
    "Content-Length: 99999999999999999999",
    "Content-Length: 5\r\nContent-Length: 2",
    "Transfer-Encoding: chunked",
    "Content-Encoding: gzip",
    "Content-Encoding: sdch, deflate, \xe9",
    "Content-Type: text/html; charset=none-such",
    "Location: http://[::1",
    "Set-Cookie: a=" + "b" * 5_000,
    "no colon at all",
    ": no name",
    "X-Folded: one\r\n two",
)
STATUSES = ("429 Too Many Requests", "503 Service Unavailable", "500 Oops", "302 Found")
ODD_STATUS_LINES = ("HTTP/1.1 999 Who Knows", "HTTP/1.1 200", "HTTP/9.9 200 OK", "ICY 200 OK")
EVERY_SECS = 0.05


class Receiver:
    """Accepts every report, except where an odd answer was ordered; keeps a book of all."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._orders: deque[bytes | None] = deque()
        self._stack = contextlib.ExitStack()
        self.port = self._stack.enter_context(raw_server(self._talk))
        self.accepted: Counter[str] = Counter()
        self.bodies: defaultdict[str, set[bytes]] = defaultdict(set)
        self.odd_answers = 0

    def order(self, *answers: bytes | None) -> None:
        """Give these answers to the next requests; None: the good one, byte by byte."""
        with self._guard:
            self._orders.extend(answers)

    def forget_orders(self) -> None:
        with self._guard:
            self._orders.clear()

    def close(self) -> None:
        self._stack.close()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        head, body = _read(connection)
        event_id = _header(head, "webhook-id")
        if not event_id:
            return
        with self._guard:
            is_odd = bool(self._orders)
            answer = self._orders.popleft() if is_odd else GOOD
            self.odd_answers += is_odd
            self.bodies[event_id].add(body)
            if answer is None or b" 200" in answer[:16]:
                self.accepted[event_id] += 1
        if answer is not None:
            connection.sendall(answer)
            return
        for byte in GOOD:
            connection.sendall(bytes([byte]))
            time.sleep(EVERY_SECS)


def odd_answer(chance: random.Random) -> bytes | None:
    """Draw an answer of a receiver that lost its mind; None: the good one, byte by byte."""
    kind = chance.random()
    if kind < 0.1:
        return None
    if kind < 0.2:
        line = chance.choice(ODD_STATUS_LINES)
        return f"{line}\r\nConnection: close\r\n\r\n".encode("latin-1")
    status = chance.choice(STATUSES)
    header = f"Retry-After: {chance.choice(RETRY_AFTER)}"
    if kind > 0.75:
        header = chance.choice(OTHER_HEADERS)
    head = f"HTTP/1.1 {status}\r\n{header}\r\nConnection: close\r\n\r\n"
    return head.encode("utf-8" if "\u0663" in head else "latin-1") + b"no"


def _read(connection: socket.socket) -> tuple[str, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return "", b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    text = head.decode("latin-1")
    length = int(_header(text, "content-length") or 0)
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return "", b""
        body += more
    return text, body


def _header(head: str, name: str) -> str:
    for line in head.split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.strip().lower() == name:
            return value.strip()
    return ""
