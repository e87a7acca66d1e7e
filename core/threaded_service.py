"""The life cycle of everything that runs in threads: start, stop, join."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from core.errors import NoThreadError
from core.supervision.threads import start_thread


class Service(Protocol):
    """A part of a process that works in threads of its own; what starts a process also stops it."""

    name: str

    def start(self) -> None:
        """Begin to work in threads of its own, and return at once."""

    def stop(self) -> None:
        """Ask the service to end soon and to release its work; safe to call twice."""

    def join(self, timeout_secs: float | None = None) -> bool:
        """Wait for the service to end; return False when it still runs after `timeout_secs`."""


class ThreadedService:
    """A service of one or more threads that share a stop event.

    Args:
        bodies: each is called once, in a thread of its own, and returns when the event is set. An
            error that leaves one is a bug: it is logged with its traceback, kept in `failure`, and
            stops the service.
        on_failure: called with that error, to end the process in order.
    """

    def __init__(
        self,
        *,
        name: str,
        bodies: Sequence[Callable[[threading.Event], None]],
        on_failure: Callable[[BaseException], None] | None = None,
    ) -> None:
        self.name = name
        self.failure: BaseException | None = None
        self._stop = threading.Event()
        self._on_failure = on_failure
        self._threads = [
            # Daemon threads: one that hangs must not keep the process from ending.
            threading.Thread(target=self._run, args=(body,), name=f"{name}-{n}", daemon=True)
            for n, body in enumerate(bodies, start=1)
        ]

    def start(self) -> None:
        """Start the threads; a service can be started once.

        Raises:
            NoThreadError: the system allows no more threads; the started ones are stopped.
        """
        try:
            for thread in self._threads:
                start_thread(thread)
        except NoThreadError:
            self._stop.set()
            raise

    def stop(self) -> None:
        """Set the stop event that every body waits on."""
        self._stop.set()

    def join(self, timeout_secs: float | None = None) -> bool:
        """Wait up to `timeout_secs` for each thread; return False when any still runs."""
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout_secs)
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, body: Callable[[threading.Event], None]) -> None:
        try:
            body(self._stop)
        except BaseException as error:  # a thread has no caller who would see it
            logging.getLogger(f"baton.{self.name}").exception("thread ended by an error")
            self.failure = error
            self._stop.set()
            if self._on_failure is not None:
                self._on_failure(error)
