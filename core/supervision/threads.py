"""Start threads; where none is to be had, say so by an error of ours."""

from __future__ import annotations

import threading

from core.errors import NoThreadError


def start_thread(thread: threading.Thread) -> None:
    """Start a thread.

    Raises:
        NoThreadError: the system allows no more of them, or has no memory for one.
    """
    try:
        thread.start()
    except (RuntimeError, MemoryError) as error:
        raise NoThreadError("no_thread_left", name=thread.name) from error
