"""A TCP proxy before the database server that breaks connections at the worst moments."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from enum import Enum
from typing import Self

COMMIT = b"\x03COMMIT"  # COM_QUERY with that statement, as PyMySQL sends it
CHUNK = 65536


class CommitFault(Enum):
    """What happens to a client's COMMIT."""

    CUT_BEFORE = "the connection ends before the server has seen it"
    DROP_ANSWER = "the server commits, the client never hears of it"


class TcpProxy:
    """A proxy that forwards bytes to `port` on this host, except where a fault is due.

    `commit_faults` is a queue: each COMMIT that passes takes the first one. `cut` ends all
    connections at once; new ones may be made unless `refuse` is set.
    """

    def __init__(self, port: int) -> None:
        self.commit_faults: list[CommitFault] = []
        self.refuse = False
        self._target = self._leads_to = port
        self._guard = threading.Lock()
        self._pairs: list[_Pair] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def url(self, database_url: str) -> str:
        """Return the same DATABASE_URL, through this proxy."""
        return database_url.replace(f":{self._target}/", f":{self.port}/")

    def lead_to(self, port: int) -> None:
        """Forward new connections to another port; those that are open stay where they are."""
        self._leads_to = port

    def cut(self) -> None:
        with self._guard:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.end()

    def close(self) -> None:
        self.refuse = True
        _end(self._listener)
        self.cut()

    def next_fault(self) -> CommitFault | None:
        with self._guard:
            return self.commit_faults.pop(0) if self.commit_faults else None

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refuse:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._leads_to))
            except OSError:
                client.close()
                continue
            pair = _Pair(proxy=self, client=client, server=server)
            with self._guard:
                self._pairs.append(pair)
            pair.start()


class _Pair:
    """One client's connection and ours to the server."""

    def __init__(self, proxy: TcpProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._drop_answer = False

    def start(self) -> None:
        threading.Thread(target=self._pump, args=(self._to_server,), daemon=True).start()
        threading.Thread(target=self._pump, args=(self._to_client,), daemon=True).start()

    def end(self) -> None:
        _end(self._client)
        _end(self._server)

    def _pump(self, forward_one: Callable[[], bool]) -> None:
        with contextlib.suppress(OSError):  # the other direction ended it
            while forward_one():
                pass
        self.end()

    def _to_server(self) -> bool:
        data = self._client.recv(CHUNK)
        fault = self._proxy.next_fault() if COMMIT in data else None
        if not data or fault is CommitFault.CUT_BEFORE:
            return False
        self._drop_answer = fault is CommitFault.DROP_ANSWER
        self._server.sendall(data)
        return True

    def _to_client(self) -> bool:
        data = self._server.recv(CHUNK)
        if not data or self._drop_answer:
            return False
        self._client.sendall(data)
        return True


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may have ended already
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
