"""Ask without waiting long: a question to the database must not stop what a screen shows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from core.errors import BatonError
from core.logs import service_log

T = TypeVar("T")
log = service_log("screen")


class LateAnswers(Generic[T]):
    """Calls `question` in a thread of its own, one call at a time, and waits a while for it.

    A call that takes longer goes on; the next `ask` waits for its answer.
    """

    def __init__(self, question: Callable[[], T]) -> None:
        self._question = question
        self._call: _Call[T] | None = None

    def ask(self, secs: float) -> T | None:
        """Return the answer; None when there is none within `secs`. Raise what the call raised."""
        call = self._call = self._call or _Call(self._question)
        if not call.done.wait(secs):
            return None
        self._call = None
        return call.result()


class _Call(Generic[T]):
    def __init__(self, question: Callable[[], T]) -> None:
        self.done = threading.Event()
        self._answer: T | None = None
        self._error: Exception | None = None
        # A daemon thread: one that waits for a silent server must not keep the process.
        threading.Thread(target=self._run, args=(question,), name="screen", daemon=True).start()

    def _run(self, question: Callable[[], T]) -> None:
        try:
            self._answer = question()
        except BatonError as error:
            self._error = error
        except Exception as error:
            log.exception("a question of the screen failed")
            self._error = error
        finally:
            self.done.set()

    def result(self) -> T | None:
        if self._error is not None:
            raise self._error
        return self._answer
