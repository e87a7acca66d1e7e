"""The context of commands that lease: leases are renewed, and Ctrl-C ends the work in order."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.container import App
from commands.framework.context import Exit, on_signals
from core.service import ThreadedService

JOIN_SECS = 10.0


def drain_on_signals(drain: Callable[[], None]) -> None:
    """Call `drain` on the first Ctrl-C or SIGTERM; the second ends the process at once.

    Both are safe: the leases of the process run out by themselves.
    """
    draining = False

    def react() -> None:
        nonlocal draining
        if draining:
            os._exit(Exit.INTERRUPTED)
        draining = True
        drain()

    on_signals(react)


def stop_event_on_signals() -> threading.Event:
    """Return an event that Ctrl-C and SIGTERM set."""
    stop = threading.Event()
    drain_on_signals(stop.set)
    return stop


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
    """Renew the leases of this process, and provide an event that Ctrl-C and SIGTERM set."""
    stop = stop_event_on_signals()
    with leases_renewed(app, role, stop.set):
        yield stop
