"""When each thread of a process last showed that it is alive."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from core.clock import Clock

Body = Callable[[threading.Event], None]


@dataclass(frozen=True)
class Sign:
    """The last sign of life of a thread: monotonic seconds, or the end of its wait if later."""

    at: float
    waits_until: float | None = None

    @property
    def latest(self) -> float:
        return self.at if self.waits_until is None else max(self.at, self.waits_until)


class ThreadProgress:
    """The last signs of life of all threads that use the clock, by thread id; safe for threads."""

    def __init__(self) -> None:
        self._signs: dict[int, Sign] = {}
        self._followed: dict[int, str] = {}

    def note(self, at: float, waits_until: float | None = None) -> None:
        """Note a sign of life of the calling thread at `at`, in monotonic seconds."""
        self._signs[threading.get_ident()] = Sign(at, waits_until)

    def sign_of(self, thread_id: int) -> Sign | None:
        """Return a thread's last sign of life; None when it gave none."""
        return self._signs.get(thread_id)

    def followed(self, body: Body) -> Body:
        """Return a thread's body under which the thread is expected to give signs."""

        def run(stop: threading.Event) -> None:
            with self._following():
                body(stop)

        return run

    def threads(self) -> dict[int, str]:
        """Return the names of the threads that are expected to give signs, by id."""
        return dict(self._followed)

    def forget_ended(self, keep: Collection[int]) -> None:
        """Forget the signs of threads that have ended, but for those with the ids `keep`."""
        alive = {thread.ident for thread in threading.enumerate()} | set(keep)
        for thread_id in [one for one in list(self._signs) if one not in alive]:
            self._signs.pop(thread_id, None)

    @contextmanager
    def _following(self) -> Iterator[None]:
        thread_id = threading.get_ident()
        self._followed[thread_id] = threading.current_thread().name
        try:
            yield
        finally:
            self._followed.pop(thread_id, None)


@dataclass(frozen=True, kw_only=True)
class ProgressClock:
    """A Clock that takes each use of it as a sign of life of the thread that uses it.

    Whatever works asks for the time: at each claim, page, batch, transaction and request. What
    hangs, in a lock, a system call or an endless loop, does not.
    """

    clock: Clock
    progress: ThreadProgress

    def now(self) -> datetime:
        self.progress.note(self.clock.monotonic())
        return self.clock.now()

    def monotonic(self) -> float:
        at = self.clock.monotonic()
        self.progress.note(at)
        return at

    def wait(self, event: threading.Event, secs: float) -> bool:
        at = self.clock.monotonic()
        self.progress.note(at, waits_until=at + max(0.0, secs))
        try:
            return self.clock.wait(event, secs)
        finally:
            self.progress.note(self.clock.monotonic())
