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
LINGER_SECS = 10.0


class Watchman:
    """One thread that ends exchanges whose time is over, for all of a process.

    A thread for each exchange costs more than the exchange's own work. It ends when there was
    nothing to watch for LINGER_SECS, and a later exchange starts it again.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: dict[Deadline, float] = {}
        self._wakes_at = 0.0
        self._thread: threading.Thread | None = None

    def add(self, deadline: Deadline, ends: float) -> None:
        """Watch an exchange until `ends`, by the monotonic clock.

        Raises:
            NoThreadError: the thread is needed, and the system has none left.
        """
        with self._changed:
            # After a fork the child has the object, and not the thread.
            if self._thread is None or not self._thread.is_alive():
                thread = threading.Thread(target=self._watch, name="http-deadlines", daemon=True)
                start_thread(thread)
                self._thread, self._wakes_at = thread, ends
            self._watched[deadline] = ends
            if ends < self._wakes_at:
                self._changed.notify()

    def remove(self, deadline: Deadline) -> None:
        """Watch an exchange no more; it may have ended already."""
        with self._changed:
            self._watched.pop(deadline, None)

    def _watch(self) -> None:
        idle_since = time.monotonic()
        while True:
            now = time.monotonic()
            for deadline in self._take_passed(now):
                deadline.end()
            with self._changed:
                if self._watched:
                    idle_since = now
                elif now - idle_since >= LINGER_SECS:
                    self._thread = None
                    return
                self._wakes_at = min(self._watched.values(), default=now + LINGER_SECS)
                self._changed.wait(max(0.0, self._wakes_at - now))

    def _take_passed(self, now: float) -> list[Deadline]:
        with self._changed:
            passed = [one for one, ends in self._watched.items() if ends <= now]
            for one in passed:
                del self._watched[one]
            return passed


_WATCHMAN = Watchman()


class Deadline:
    """Context manager that shuts the sockets of an HTTP exchange down after `secs` seconds.

    Time limits of sockets begin anew with every byte: a server that sends one byte now and then
    could hold its client for ever, also in the middle of a TLS handshake. `__enter__` and `run`
    may need a thread, and raise NoThreadError where the system has none left.
    """

    def __init__(self, secs: float) -> None:
        self.has_passed = False
        self._ends = time.monotonic() + secs
        self._lock = threading.Lock()
        self._watched: list[socket.socket] = []

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
                self.end()
            raise

    def end(self) -> None:
        """Mark the deadline as passed and shut the watched connections down."""
        with self._lock:
            self.has_passed = True
            for connection in self._watched:
                _hang_up(connection)

    def __enter__(self) -> Deadline:
        _WATCHMAN.add(self, self._ends)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _WATCHMAN.remove(self)
        with self._lock:
            for connection in self._watched:
                connection.close()
            self._watched.clear()


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # the server was faster
        connection.shutdown(socket.SHUT_RDWR)
