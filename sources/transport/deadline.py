"""A time limit for one HTTP exchange, from the DNS lookup to the last byte of the response."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import TypeVar

from core.supervision.threads import start_thread

T = TypeVar("T")


class Deadline:
    """Context manager that shuts the sockets of an HTTP exchange down after `secs` seconds.

    Time limits of sockets begin anew with every byte: a server that sends one byte now and then
    could hold its client for ever, also in the middle of a TLS handshake. `__enter__` and `run`
    start a thread, and raise NoThreadError where the system has none left.
    """

    def __init__(self, secs: float) -> None:
        self.has_passed = False
        self._ends = time.monotonic() + secs
        self._lock = threading.Lock()
        self._watched: list[socket.socket] = []
        self._timer = threading.Timer(secs, self._pass)
        self._timer.daemon = True

    def watch(self, connection: socket.socket) -> None:
        """Shut `connection` down at the deadline, or now when the deadline has passed."""
        with self._lock:
            if self.has_passed:
                _hang_up(connection)
            else:
                # A duplicate is kept because the TLS layer detaches the original from its
                # descriptor. It is made from the descriptor, as TLS sockets refuse to be copied.
                self._watched.append(socket.socket(fileno=os.dup(connection.fileno())))

    def run(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread of its own and return its result; raise its exception.

        For calls without a timeout, such as a DNS lookup: the thread may outlive the deadline.

        Raises:
            TimeoutError: the deadline passed first. All watched connections are shut down.
        """
        outcome: Future[T] = Future()

        def keep_outcome() -> None:
            try:
                outcome.set_result(work())
            except BaseException as error:  # noqa: BLE001 (it is raised where it is waited for)
                outcome.set_exception(error)

        start_thread(threading.Thread(target=keep_outcome, name="http-connect", daemon=True))
        try:
            return outcome.result(max(0.0, self._ends - time.monotonic()))
        except TimeoutError:
            if not outcome.done():
                self._pass()
            raise

    def _pass(self) -> None:
        """Mark the deadline as passed and shut the watched connections down."""
        with self._lock:
            self.has_passed = True
            for connection in self._watched:
                _hang_up(connection)

    def __enter__(self) -> Deadline:
        start_thread(self._timer)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for connection in self._watched:
                connection.close()
            self._watched.clear()


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # the server was faster
        connection.shutdown(socket.SHUT_RDWR)
