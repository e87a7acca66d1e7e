"""Commands that use accounts: leases kept alive, Ctrl-C heard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from commands.context import on_signals
from commands.root import App
from core.service import ThreadedService

KEEPER_SECS = 10.0


@contextmanager
def kept_leases(app: App, role: str) -> Iterator[threading.Event]:
    """A stop event that Ctrl-C sets, while the keeper renews what is leased."""
    stop = threading.Event()
    on_signals(stop.set)
    keeper = ThreadedService("keeper", [app.keeper(role).run], lambda _error: stop.set())
    keeper.start()
    try:
        yield stop
    finally:
        keeper.stop()
        keeper.join(KEEPER_SECS)
