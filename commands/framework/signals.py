"""What Ctrl-C and SIGTERM do: the first ends the work in order, the second the process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from commands.framework.context import Exit


def on_signals(react: Callable[[], None]) -> None:
    """Call `react` on SIGINT and SIGTERM; it runs in a signal handler and must only set a flag."""

    def handle(_number: int, _frame: Any) -> None:
        react()

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)


def drain_on_signals(drain: Callable[[], None]) -> None:
    """Call `drain` on the first Ctrl-C or SIGTERM; the second ends the process at once.

    `drain` runs in a signal handler and must only set a flag. Both are safe: the leases of the
    process run out by themselves.
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
    """Return an event that Ctrl-C and SIGTERM set; a second signal ends the process at once."""
    stop = threading.Event()
    drain_on_signals(stop.set)
    return stop
