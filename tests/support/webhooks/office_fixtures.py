"""Deliveries to a sandbox, with everything in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.container import App
from sandbox import SandboxConfig, SandboxServer
from tests.support.apps import AppFactory
from tests.support.moving_clock import MovingClock
from tests.support.sandbox.sandbox_client import Clock
from tests.support.webhooks.post_office import PostOffice

Office = Callable[..., PostOffice]


@pytest.fixture
def receivers(clock: MovingClock) -> Iterator[SandboxServer]:
    """A sandbox whose clock is the tests' own."""
    server = SandboxServer(
        config=SandboxConfig(creators=0), now=Clock(1_000.0), wall=lambda: clock.now().timestamp()
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def make_office(make_app: AppFactory, receivers: SandboxServer, clock: MovingClock) -> Office:
    """`make_office(**settings)`: a process that may send to the sandbox."""

    def make(**settings: Any) -> PostOffice:
        ours = {"webhook_allowed_hosts": ("127.0.0.1",), "webhook_jitter": 0.0, "poll_secs": 0.1}
        app: App = make_app(**(ours | settings))
        return PostOffice(app=app, sandbox_url=receivers.url, clock=clock)

    return make


@pytest.fixture
def office(make_office: Office) -> PostOffice:
    return make_office()
