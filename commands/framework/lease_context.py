"""The context of commands that lease: leases are renewed, and Ctrl-C ends the work in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.container import App
from commands.framework.signals import stop_event_on_signals
from core.threaded_service import ThreadedService

JOIN_SECS = 10.0


@contextmanager
def leases_renewed(app: App, role: str, on_failure: Callable[[], None]) -> Iterator[None]:
    """Renew the leases of this process until the end of the block.

    Args:
        role: name of the work, shown to other processes.
        on_failure: called when the leases cannot be renewed any more.
    """
    renewer = ThreadedService(
        name="keeper",
        bodies=[app.crawling.lease_renewer(role).run],
        on_failure=lambda _error: on_failure(),
    )
    renewer.start()
    try:
        yield
    finally:
        renewer.stop()
        renewer.join(JOIN_SECS)


@contextmanager
def leases_until_interrupted(app: App, role: str) -> Iterator[threading.Event]:
    """Renew the leases of this process until the end of the block.

    It gets an event that Ctrl-C or SIGTERM sets, and also a failure to renew the leases; a second
    signal ends the process. `role` names the work to other processes.
    """
    stop = stop_event_on_signals()
    with leases_renewed(app, role, stop.set):
        yield stop
