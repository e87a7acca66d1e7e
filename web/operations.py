"""Operations: work that takes longer than a request may, begun by one and polled by others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from core.cancellation import StoppedSignal
from core.clock import Clock, iso_utc
from core.errors import BatonError, NoThreadError
from core.logs import service_log
from core.message_json import message_keys, with_message_keys
from core.messages import Message
from core.supervision.threads import start_thread
from presentation.i18n.renderer import API_RENDERER
from web.problems import RequestRefusedError

log = service_log("web")
PROMPT_SECS = 0.5  # an operation that ends within it is answered with its result
MAX_AT_ONCE = 4  # each may hold a connection of the workers' pool
MAX_KEPT = 50
STOPPED = Message.of("operation_stopped")
Result = Mapping[str, Any]
Report = Callable[[Result], None]


@dataclass(frozen=True)
class Operation:
    """A piece of work in the background.

    Args:
        kind: `thing.verb`, such as `works.add`.
        subject: the thing that is worked on: a name, or a message.
        who: name of the visitor who began it.
        finished_at: None while it runs.
        result: JSON values so far, None before the first; its values may be messages.
        error: why it ended early; None when it did not.
    """

    id: int
    kind: str
    subject: str | Message
    who: str
    started_at: datetime
    finished_at: datetime | None = None
    result: Result | None = None
    error: Message | None = None

    @property
    def is_running(self) -> bool:
        return self.finished_at is None

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object of the API; `state` is `running`, `failed` or `succeeded`.

        A message is an English sentence, with its code and parameters beside it.
        """
        render = API_RENDERER.sentence
        state = "running" if self.is_running else "failed" if self.error else "succeeded"
        return {
            "id": self.id,
            "kind": self.kind,
            **with_message_keys({"subject": self.subject}, render),
            "who": self.who,
            "state": state,
            "started_at": iso_utc(self.started_at),
            "finished_at": self.finished_at and iso_utc(self.finished_at),
            "result": None if self.result is None else with_message_keys(self.result, render),
            **message_keys("error", self.error, render),
        }


class Operations:
    """The background operations of this process, kept in memory.

    What they change is in the database, and stays when the process ends; their results do not.

    Args:
        ending: set when the process ends; it asks every operation to stop.
    """

    def __init__(self, *, clock: Clock, ending: threading.Event) -> None:
        self._clock = clock
        self._ending = ending
        self._guard = threading.Lock()
        self._kept: dict[int, Operation] = {}
        self._threads: dict[int, threading.Thread] = {}
        self._last_id = 0

    def begin(
        self,
        kind: str,
        subject: str | Message,
        who: str,
        work: Callable[[threading.Event, Report], Result],
    ) -> Operation:
        """Begin `work(stop, report)` in a thread of its own.

        Return its state as soon as it has ended, or after half a second.

        Args:
            work: returns the result; `report` publishes one before its end. StoppedSignal and
                errors end the operation as failed.

        Raises:
            NoThreadError: the system has no thread left; nothing was begun.
            RequestRefusedError: 409 while one of the same kind and subject runs, or four others.
        """
        with self._guard:
            self._require_room(kind, subject)
            self._last_id += 1
            begun = Operation(
                id=self._last_id, kind=kind, subject=subject, who=who, started_at=self._clock.now()
            )
            self._kept[begun.id] = begun
            thread = threading.Thread(
                target=self._run, args=(begun.id, work), name=f"web-{kind}", daemon=True
            )
            self._threads[begun.id] = thread
            self._drop_old()
        try:
            start_thread(thread)
        except NoThreadError:
            with self._guard:
                del self._kept[begun.id], self._threads[begun.id]
            raise
        thread.join(PROMPT_SECS)
        return self.get(begun.id) or begun

    def get(self, operation_id: int) -> Operation | None:
        """Return the operation; None when this process never had it, or has dropped it."""
        with self._guard:
            return self._kept.get(operation_id)

    def every(self) -> list[Operation]:
        """Return the kept operations, newest first; beyond 50 the oldest ended ones are dropped."""
        with self._guard:
            return list(reversed(self._kept.values()))

    def join(self, timeout_secs: float | None) -> bool:
        """Wait for running operations, up to `timeout_secs` each;
        return False when some still run."""
        with self._guard:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(timeout_secs)
        return not any(thread.is_alive() for thread in threads)

    def _run(self, operation_id: int, work: Callable[[threading.Event, Report], Result]) -> None:
        def report(result: Result) -> None:
            self._change(operation_id, result=dict(result))

        error: Message | None = None
        try:
            report(work(self._ending, report))
        except StoppedSignal:
            error = STOPPED
        except BatonError as refusal:
            error = refusal.message
        except Exception as bug:
            log.exception("an operation failed")
            error = Message.of("operation_broken", error=type(bug).__name__)
        finally:
            self._change(operation_id, finished_at=self._clock.now(), error=error)

    def _change(self, operation_id: int, **changes: Any) -> None:
        with self._guard:
            self._kept[operation_id] = replace(self._kept[operation_id], **changes)

    def _require_room(self, kind: str, subject: str | Message) -> None:
        running = [operation for operation in self._kept.values() if operation.is_running]
        if any((other.kind, other.subject) == (kind, subject) for other in running):
            reason = Message.of("operation_kind_under_way", kind=kind)
            if subject:
                reason = Message.of("operation_under_way", kind=kind, subject=subject)
            raise RequestRefusedError(HTTPStatus.CONFLICT, reason)
        if len(running) >= MAX_AT_ONCE:
            reason = Message.of("too_many_operations", running=len(running))
            raise RequestRefusedError(HTTPStatus.CONFLICT, reason)

    def _drop_old(self) -> None:
        for old in self._ended_ids():
            if len(self._kept) <= MAX_KEPT:
                return
            del self._kept[old]
            self._threads.pop(old, None)

    def _ended_ids(self) -> Iterator[int]:
        return iter([operation.id for operation in self._kept.values() if not operation.is_running])
