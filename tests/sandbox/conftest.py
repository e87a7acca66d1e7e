"""A sandbox on a free port, with clocks that tests move, and clients of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox import SandboxConfig, SandboxServer
from tests.support.sandbox.sandbox_client import WALL_SECS, Client, Clock


@pytest.fixture
def now() -> Clock:
    return Clock(1_000.0)


@pytest.fixture
def wall() -> Clock:
    return Clock(WALL_SECS)


@pytest.fixture
def start(now: Clock, wall: Clock) -> Iterator[Callable[..., SandboxServer]]:
    """Start a sandbox with the given settings; all are stopped after the test."""
    servers: list[SandboxServer] = []

    def begin(**settings: Any) -> SandboxServer:
        server = SandboxServer(
            config=SandboxConfig(**{"creators": 100, **settings}), now=now, wall=wall
        )
        server.start()
        servers.append(server)
        return server

    yield begin
    for server in servers:
        server.stop()


@pytest.fixture
def visit(wall: Clock) -> Iterator[Callable[..., Client]]:
    """A client of a server, signed in as `account` unless that is None."""
    clients: list[Client] = []

    def open_client(server: SandboxServer, account: str | None = "acc1") -> Client:
        client = Client(server=server, account=account, wall=wall)
        clients.append(client)
        return client

    yield open_client
    for client in clients:
        client.http.close()


@pytest.fixture
def client(start: Callable[..., SandboxServer], visit: Callable[..., Client]) -> Client:
    """A client of a sandbox with 100 creators in each of the default domains."""
    return visit(start())
