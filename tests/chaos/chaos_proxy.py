"""TcpProxy with more ways to fail: any request, any answer, or a pause in the middle.

| fault | the server | Baton |
|---|---|---|
| LOSE_COMMIT | never sees it; rolls back | no answer to COMMIT |
| LOSE_COMMIT_ANSWER | has committed | no answer to COMMIT |
| VANISH | waits for the rest of the transaction, its locks held | no answer to COMMIT |
| LOSE_REQUEST | never sees the statement; rolls back | a lost connection |
| LOSE_ANSWER | has run the statement; rolls back | a lost connection |
| STALL | sees the statement late | waits, then goes on as if nothing had been |
| STALL_CLOCK | the same, for the question what time it is | learns a time that is seconds old |
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass
from enum import Enum, auto

from tests.support.storage.tcp_proxy import CHUNK, COMMIT, TcpProxy, _Pair

COM_QUERY = 3


class Wire(Enum):
    """What the proxy can do to a statement."""

    LOSE_COMMIT = auto()
    LOSE_COMMIT_ANSWER = auto()
    VANISH = auto()
    LOSE_REQUEST = auto()
    LOSE_ANSWER = auto()
    STALL = auto()
    STALL_CLOCK = auto()


ON_COMMIT = {Wire.LOSE_COMMIT, Wire.LOSE_COMMIT_ANSWER, Wire.VANISH}
BEGIN = b"\x03BEGIN"
MOVES = b"influencers"
CLOCK = b"UTC_TIMESTAMP(6)"
QUESTIONS_OF_TIME = (CLOCK, b"UTC_TIMESTAMP(3)")
HEADER_BYTES = 4  # length (3, little-endian) and number of a packet


@dataclass(frozen=True)
class Order:
    """A fault for the next statement that it fits. `heavy`: for a COMMIT that moves creators, not
    for one of the many that renew a lease."""

    wire: Wire
    secs: float = 0.0
    heavy: bool = False

    def fits(self, statement: bytes, *, is_heavy: bool) -> bool:
        if self.wire is Wire.STALL:
            return True
        if self.wire is Wire.STALL_CLOCK:
            return CLOCK in statement
        if self.wire in ON_COMMIT:
            return COMMIT in statement and (is_heavy or not self.heavy)
        return COMMIT not in statement


class ChaosProxy(TcpProxy):
    """Each statement that passes takes the first order that fits it; `played` counts them."""

    def __init__(self, port: int) -> None:
        self._orders: deque[Order] = deque()
        self._ordering = threading.Lock()
        self.played: Counter[Wire] = Counter()
        self.ahead_secs = 0.0  # of the server's clock, as clients see it
        super().__init__(port)

    def order(self, wire: Wire, secs: float = 0.0, *, heavy: bool = False) -> None:
        with self._ordering:
            self._orders.append(Order(wire, secs, heavy))

    def forget_orders(self) -> None:
        with self._ordering:
            self._orders.clear()

    def hush(self) -> int:
        """Let all connections that are open say nothing any more; how many they were."""
        with self._guard:
            pairs = [pair for pair in self._pairs if isinstance(pair, ChaosPair)]
        for pair in pairs:
            pair.is_silent = True
        return sum(pair.is_open for pair in pairs)

    def take(self, statement: bytes, *, is_heavy: bool) -> Order | None:
        """The order for a statement, counted as played."""
        with self._ordering:
            for order in self._orders:
                if order.fits(statement, is_heavy=is_heavy):
                    self._orders.remove(order)
                    self.played[order.wire] += 1
                    return order
        return None

    def _accept(self) -> None:
        self._accept_on(self._listener)

    def _accept_on(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            if self.refuse:
                client.close()
                continue
            threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._leads_to), timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        pair = ChaosPair(proxy=self, client=client, server=server)
        with self._guard:
            self._pairs.append(pair)
        pair.start()


class ChaosPair(_Pair):
    """One client's connection and ours to the server."""

    _proxy: ChaosProxy
    _is_heavy = False  # the open transaction
    is_silent = False

    @property
    def is_open(self) -> bool:
        return self._client.fileno() >= 0

    def _to_client(self) -> bool:
        data = self._server.recv(CHUNK)
        if self.is_silent:
            return bool(data)
        if not data or self._drop_answer:
            return False
        self._client.sendall(data)
        return True

    def _to_server(self) -> bool:
        data = self._client.recv(CHUNK)
        if not data:
            return False
        if self.is_silent:
            return self._swallow()
        if self._proxy.ahead_secs:
            data = _at_another_time(data, self._proxy.ahead_secs)
        is_query = len(data) > 4 and data[4] == COM_QUERY
        self._is_heavy = BEGIN not in data and (self._is_heavy or MOVES in data)
        order = self._proxy.take(data, is_heavy=self._is_heavy) if is_query else None
        if order is not None and order.wire in (Wire.LOSE_COMMIT, Wire.LOSE_REQUEST):
            return False
        if order is not None and order.wire is Wire.VANISH:
            return self._swallow()
        if order is not None and order.wire in (Wire.STALL, Wire.STALL_CLOCK):
            time.sleep(order.secs)
        self._drop_answer = order is not None and order.wire in (
            Wire.LOSE_COMMIT_ANSWER,
            Wire.LOSE_ANSWER,
        )
        self._server.sendall(data)
        return True

    def _swallow(self) -> bool:
        """As when a link goes down: both ends stay open, and neither hears of the other again."""
        while self._client.recv(CHUNK):
            pass
        with contextlib.suppress(OSError):
            while self._server.recv(CHUNK):
                pass
        return False


def _at_another_time(packet: bytes, ahead_secs: float) -> bytes:
    """A query that asks for the server's time, changed to ask for a later one."""
    body = packet[HEADER_BYTES:]
    if len(body) != int.from_bytes(packet[:3], "little") or body[0] != COM_QUERY:
        return packet
    for question in QUESTIONS_OF_TIME:
        later = b"(%s+INTERVAL %d SECOND)" % (question, round(ahead_secs))
        body = body.replace(question, later)
    return len(body).to_bytes(3, "little") + packet[3:HEADER_BYTES] + body
