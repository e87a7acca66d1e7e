"""Commands that use accounts: leases kept alive, Ctrl-C heard."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.container import App
from commands.framework.context import Exit, on_signals
from core.service import ThreadedService

KEEPER_SECS = 10.0


def drained_by_signals(drain: Callable[[], None]) -> None:
    """The first Ctrl-C asks the work to end soon, the second ends the process; both are safe."""
    asked = False

    def react() -> None:
        nonlocal asked
        if asked:
            os._exit(Exit.INTERRUPTED)
        asked = True
        drain()

    on_signals(react)


def stopped_by_signals() -> threading.Event:
    """An event that Ctrl-C sets."""
    stop = threading.Event()
    drained_by_signals(stop.set)
    return stop


@contextmanager
def leases_renewed(app: App, role: str, on_failure: Callable[[], None]) -> Iterator[None]:
    """While the keeper renews what this process leases; `on_failure` when it cannot go on."""
    keeper = ThreadedService(
        name="keeper",
        bodies=[app.crawling.lease_renewer(role).run],
        on_failure=lambda _error: on_failure(),
    )
    keeper.start()
    try:
        yield
    finally:
        keeper.stop()
        keeper.join(KEEPER_SECS)


@contextmanager
def kept_leases(app: App, role: str) -> Iterator[threading.Event]:
    """A stop event that Ctrl-C sets, while the keeper renews what is leased."""
    stop = stopped_by_signals()
    with leases_renewed(app, role, stop.set):
        yield stop
