"""Signals of commands that tests start, however the tests were started themselves."""

from __future__ import annotations

import signal
import threading

OF_TERMINALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)
OF_OPERATORS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)


def let_commands_take_signals() -> None:
    """Let commands begin with the default actions where this process ignores a signal.

    `nohup`, and a shell without job control for what runs in its background, have it ignored, and a
    started program would inherit that; of a handler in Python it inherits nothing. This process
    takes no more notice of the signal than before.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (*OF_TERMINALS, *OF_OPERATORS):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
