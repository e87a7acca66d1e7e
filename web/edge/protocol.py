"""uvicorn's HTTP protocol within limits: of time for heads and for reading answers, of connections.

uvicorn itself waits for ever for a head that was begun, and for a client that does not read.
"""

from __future__ import annotations

import asyncio
import weakref
from dataclasses import dataclass
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from web.edge.connections import Connections

CONNECTION = "baton_connection"  # its place in the state of a request


@dataclass(frozen=True)
class ConnectionLimits:
    """How long a connection may stand still, and how much it may send that nobody reads.

    Args:
        head_secs: from the first moment, or from the answer before, to the end of a head.
        stall_secs: without a byte that the other end accepts, while an answer is sent.
        unread_bytes: of a body that go on coming after the answer, before it is cut off.
    """

    head_secs: float = 10.0
    stall_secs: float = 30.0
    unread_bytes: int = 64 * 1024 * 1024


class LimitedProtocol(H11Protocol):
    """One connection. It is aborted when it breaks a limit, or makes room for another one.

    After an answer that did not need the whole body, the rest of the body is read and dropped, so
    that the client sees the answer instead of a broken connection.
    """

    def __init__(
        self, *args: Any, connections: Connections, limits: ConnectionLimits, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._all = connections
        self._limits = limits
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._unread = 0
        self.is_spared = False
        # Each request has a copy of this state, by which its handlers find the connection. A
        # circle of references would keep what it has read until the garbage is collected.
        self.app_state = {**self.app_state, CONNECTION: weakref.ref(self)}

    @property
    def address(self) -> str:
        """Return the IP address of the other end; empty when it is not known."""
        return self.client[0] if self.client else ""

    @property
    def is_busy(self) -> bool:
        """Return True from the end of a request's head until it is answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def abort(self) -> None:
        """Close the connection at once, without sending what is buffered."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin the time for the first head; close a connection that is one too many."""
        super().connection_made(transport)
        self._begin_waiting()
        self._all.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._all.discard(self)
        self._end_waiting()
        self._end_stall()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and see whether a request is under way now."""
        was_busy = self.is_busy
        super().data_received(data)
        if self.is_busy:
            if not was_busy:
                self._all.moved(self)
            self._end_waiting()
            return
        self._unread += len(data)
        if self._unread > self._limits.unread_bytes:
            self.abort()

    def on_response_complete(self) -> None:
        """Begin the time for the next head, unless its request came along with the one before."""
        self.is_spared = False
        self._unread = 0
        self._all.moved(self)
        super().on_response_complete()
        if not self.is_busy:
            self._begin_waiting()

    def pause_writing(self) -> None:
        """Begin the time within which the other end has to read something."""
        super().pause_writing()
        self._end_stall()
        self._stall_timer = self.loop.call_later(self._limits.stall_secs, self.abort)

    def resume_writing(self) -> None:
        """End that time: something was read."""
        super().resume_writing()
        self._end_stall()

    def _begin_waiting(self) -> None:
        self._end_waiting()
        self._head_timer = self.loop.call_later(self._limits.head_secs, self.abort)

    def _end_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_stall(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None


def spare(scope: Scope) -> None:
    """Keep the connection of a request open until it is answered: its token is valid."""
    found = scope.get("state", {}).get(CONNECTION)
    connection = found() if isinstance(found, weakref.ref) else None
    if isinstance(connection, LimitedProtocol):
        connection.is_spared = True
