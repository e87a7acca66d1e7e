"""What signals do: the first Ctrl-C or SIGTERM ends the work in order, the second the process."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from commands.framework.context import Exit

SHOW_CURSOR = b"\x1b[?25h"
HIDE_CURSOR = b"\x1b[?25l"


def on_signals(react: Callable[[], None]) -> None:
    """Call `react` on SIGINT, SIGTERM and SIGHUP; it runs in a signal handler and must only set a
    flag.

    A SIGHUP that was ignored when the process began, as by nohup, stays ignored.
    """

    def handle(_number: int, _frame: Any) -> None:
        react()

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, handle)


def drain_on_signals(drain: Callable[[], None]) -> None:
    """Call `drain` on the first Ctrl-C, SIGTERM or SIGHUP; the second ends the process at once.

    `drain` runs in a signal handler and must only set a flag. Both are safe: the leases of the
    process run out by themselves.
    """
    draining = False

    def react() -> None:
        nonlocal draining
        if draining:
            _write_to_terminal(SHOW_CURSOR)
            os._exit(Exit.INTERRUPTED)
        draining = True
        drain()

    on_signals(react)


def stop_event_on_signals() -> threading.Event:
    """Return an event that Ctrl-C, SIGTERM and SIGHUP set; a second signal ends the process at
    once."""
    stop = threading.Event()
    drain_on_signals(stop.set)
    return stop


@contextmanager
def suspendable(on_resume: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-Z suspend a process whose live screen hides the cursor, until the end of the block.

    The cursor is shown while the process is suspended. `on_resume` is called when it goes on,
    however it was suspended; it runs in a signal handler and must only set a flag.
    """

    def suspend(_number: int, _frame: Any) -> None:
        _write_to_terminal(SHOW_CURSOR)
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # returns when the process goes on
        signal.signal(signal.SIGTSTP, suspend)

    def resume(_number: int, _frame: Any) -> None:
        _write_to_terminal(HIDE_CURSOR)
        on_resume()

    before = {number: signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGCONT)}
    if before[signal.SIGTSTP] is not signal.SIG_IGN:
        signal.signal(signal.SIGTSTP, suspend)
    signal.signal(signal.SIGCONT, resume)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write_to_terminal(sequence: bytes) -> None:
    """Write an escape sequence to stderr where that is a terminal; safe in a signal handler."""
    # Not through the stream: the handler may have interrupted a write to it.
    with suppress(OSError, ValueError):
        if os.isatty(sys.stderr.fileno()):
            os.write(sys.stderr.fileno(), sequence)
