"""Connection pools whose connections are shut down when the time of an exchange is over."""

from __future__ import annotations

from typing import Any, Protocol

from urllib3 import PoolManager

from sources.transport.deadline import Deadline
from sources.transport.final_response import FinalResponse


class Watching(Protocol):
    """An adapter, which knows the exchange that is under way.

    `deadline` is that exchange's; None while there is none.
    """

    deadline: Deadline | None

    def connects_in_thread(self, host: str) -> bool:
        """Return whether a connection to `host` may take longer than its time limits say."""


def watch_pools(manager: PoolManager, adapter: Watching, kind: type[WatchedConnection]) -> None:
    """Make a manager build connections of `kind` that `adapter` watches; a second call changes
    nothing."""
    manager.pool_classes_by_scheme = {
        scheme: _watched_pool(pool, adapter, kind)
        for scheme, pool in manager.pool_classes_by_scheme.items()
    }


def _watched_pool(pool: Any, adapter: Watching, kind: type[WatchedConnection]) -> Any:
    if issubclass(pool.ConnectionCls, WatchedConnection):
        return pool
    connection = type(pool.ConnectionCls.__name__, (kind, pool.ConnectionCls), {"adapter": adapter})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class WatchedConnection:
    """The part of a connection that hands its socket to the deadline of each exchange."""

    adapter: Watching
    host: str
    sock: Any = None
    response_class = FinalResponse

    def _new_conn(self) -> Any:
        connect = super()._new_conn  # type: ignore[misc]
        deadline = self.adapter.deadline
        if deadline is None:
            return connect()

        def watched() -> Any:
            connection = connect()
            deadline.watch(connection)
            return connection

        return deadline.run(watched) if self.adapter.connects_in_thread(self.host) else watched()

    def request(self, *args: Any, **kwargs: Any) -> Any:
        """Send a request; the deadline watches a connection that was kept, too."""
        if self.sock is not None and self.adapter.deadline is not None:
            self.adapter.deadline.watch(self.sock)
        return super().request(*args, **kwargs)  # type: ignore[misc]
