"""Operations: work that takes longer than a request may, begun by one and polled by others.

They are rows: any host shows them, and the same is not begun twice, whoever begins it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from core.cancellation import StoppedSignal
from core.clock import Clock, iso_utc
from core.errors import BatonError, DatabaseError, DuplicateKeyError, NoThreadError
from core.leases import Lease, LeaseKind, LeaseRegistry
from core.logs import service_log
from core.message_json import message_keys, with_message_keys
from core.messages import Message, message_of
from core.supervision.threads import start_thread
from presentation.i18n.renderer import API_RENDERER
from storage.engines.transactions import Database
from storage.operations import background_operations as rows
from storage.operations.background_operations import OperationRow, OperationState
from web.problems import RequestRefusedError

log = service_log("web")
PROMPT_SECS = 0.5  # an operation that ends within it is answered with its result
MAX_AT_ONCE = 4  # each may hold a connection of the workers' pool
MAX_SHOWN = 50
REPORT_EVERY_SECS = 1.0
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
        host: where it runs.
        finished_at: None while it runs.
        result: JSON values so far, None before the first; its values may be messages.
        error: why it ended early; None when it did not.
    """

    id: int
    kind: str
    subject: str | Message
    who: str
    host: str
    started_at: datetime
    finished_at: datetime | None = None
    result: Result | None = None
    error: Message | None = None

    @classmethod
    def of_row(cls, row: OperationRow) -> Operation:
        """Return the operation of a row."""
        is_message = row.subject.startswith("{")
        return cls(
            id=row.id,
            kind=row.kind,
            subject=Message.load(row.subject) if is_message else row.subject,
            who=row.who,
            host=row.host,
            started_at=row.started_at,
            finished_at=row.finished_at,
            result=None if row.result is None else loaded_result(row.result),
            error=None if row.error is None else Message.load(row.error),
        )

    @property
    def is_running(self) -> bool:
        return self.finished_at is None

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object of the API; `state` is `running`, `failed` or `succeeded`.

        A message is an English sentence, with its code and parameters beside it.
        """
        render = API_RENDERER.sentence
        ended = OperationState.FAILED if self.error else OperationState.SUCCEEDED
        state = OperationState.RUNNING if self.is_running else ended
        return {
            "id": self.id,
            "kind": self.kind,
            **with_message_keys({"subject": self.subject}, render),
            "who": self.who,
            "host": self.host,
            "state": state.value,
            "started_at": iso_utc(self.started_at),
            "finished_at": self.finished_at and iso_utc(self.finished_at),
            "result": None if self.result is None else with_message_keys(self.result, render),
            **message_keys("error", self.error, render),
        }


@dataclass(frozen=True)
class _Run:
    """An operation of this process: its row's id, what it does, and its lease."""

    id: int
    work: Callable[[threading.Event, Report], Result]
    lease: Lease


@dataclass(frozen=True, kw_only=True)
class Operations:
    """Begins the background operations of this process, and shows those of all.

    Args:
        database: for requests; it does not wait long when the database is away.
        kept: for the operations themselves, which wait.
        leases: those that this process renews; an operation whose process ends is failed by others.
        lease_secs: seconds that a lease lasts from its renewal.
        host, owner: names of this host and of this process.
        ending: set when the process ends; it asks every operation to stop.
    """

    database: Database
    kept: Database
    clock: Clock
    leases: LeaseRegistry
    lease_secs: float
    host: str
    owner: str
    ending: threading.Event
    _guard: threading.Lock = field(default_factory=threading.Lock, init=False)
    _running: dict[int, threading.Thread] = field(default_factory=dict, init=False)

    def begin(
        self,
        kind: str,
        subject: str | Message,
        who: str,
        work: Callable[[threading.Event, Report], Result],
        *,
        identity: str | None = None,
    ) -> Operation:
        """Begin `work(stop, report)` in a thread of its own.

        Return its state as soon as it has ended, or after half a second.

        Args:
            work: returns the result; `report` publishes one before its end. StoppedSignal and
                errors end the operation as failed. `stop` is set when the process ends.
            identity: what tells it from others of its kind; by default its subject.

        Raises:
            NoThreadError: the system has no thread left; nothing was begun.
            RequestRefusedError: 409 while one of the same kind and identity runs on any host, or
                four others here.
            DatabaseError: the database is away; nothing was begun.
        """
        with self._guard:
            self._require_room()
            run = self._filed(kind, subject, who, work, identity)
            thread = threading.Thread(target=self._run, args=(run,), name=f"web-{kind}")
            thread.daemon = True
            self._running[run.id] = thread
        try:
            start_thread(thread)
        except NoThreadError as error:
            self._ended(run)
            self.kept.write_idempotent(
                rows.finish,
                run.id,
                run.lease.token,
                result=None,
                error=error.message.dump(),
                now=self.clock.now(),
            )
            raise
        thread.join(PROMPT_SECS)
        found = self.get(run.id)
        assert found is not None
        return found

    def get(self, operation_id: int) -> Operation | None:
        """Return the operation, of whatever host; None when there is none, or none any more."""
        row = self.database.read(rows.get, operation_id)
        return None if row is None else Operation.of_row(row)

    def every(self) -> list[Operation]:
        """Return the newest fifty operations of all hosts, newest first."""
        return [Operation.of_row(row) for row in self.database.read(rows.newest, MAX_SHOWN)]

    def join(self, timeout_secs: float | None) -> bool:
        """Wait for running operations of this process, up to `timeout_secs` each;
        return False when some still run."""
        with self._guard:
            threads = list(self._running.values())
        for thread in threads:
            thread.join(timeout_secs)
        return not any(thread.is_alive() for thread in threads)

    def _require_room(self) -> None:
        if len(self._running) >= MAX_AT_ONCE:
            reason = Message.of("too_many_operations", running=len(self._running))
            raise RequestRefusedError(HTTPStatus.CONFLICT, reason)

    def _filed(
        self,
        kind: str,
        subject: str | Message,
        who: str,
        work: Callable[[threading.Event, Report], Result],
        identity: str | None,
    ) -> _Run:
        text = subject.dump() if isinstance(subject, Message) else subject
        asked_at, now = self.clock.monotonic(), self.clock.now()
        try:
            operation_id = self.database.write(
                lambda tx: rows.begin(
                    tx,
                    kind=kind,
                    subject=text,
                    identity=identity or text,
                    who=who,
                    host=self.host,
                    owner=self.owner,
                    now=now,
                    until=now + timedelta(seconds=self.lease_secs),
                )
            )
        except DuplicateKeyError:
            raise RequestRefusedError(HTTPStatus.CONFLICT, _under_way(kind, subject)) from None
        deadline = asked_at + self.lease_secs
        lease = Lease(kind=LeaseKind.OPERATION, row_id=operation_id, token=1, deadline=deadline)
        return _Run(operation_id, work, lease)

    def _run(self, run: _Run) -> None:
        self.leases.add(run.lease)
        reporter = _Reporter(self, run)
        error: Message | None = None
        try:
            reporter.last = run.work(self.ending, reporter.report)
        except StoppedSignal:
            error = STOPPED
        except BatonError as refusal:
            error = refusal.message
        except Exception as bug:
            log.exception("an operation failed")
            error = Message.of("operation_broken", error=type(bug).__name__)
        finally:
            self._finish(run, reporter.last, error)

    def _finish(self, run: _Run, result: Result | None, error: Message | None) -> None:
        # Whatever happens here, the operation gives its place to the next one.
        try:
            is_stored = self.kept.write_idempotent(
                rows.finish,
                run.id,
                run.lease.token,
                result=None if result is None else stored_result(result),
                error=None if error is None else error.dump(),
                now=self.clock.now(),
            )
            if not is_stored:
                log.warning("operation %d ended without its lease", run.id)
        except BatonError as trouble:
            # Its lease runs out, and another process fails it.
            log.warning("the end of operation %d is not stored: %s", run.id, trouble)
        finally:
            self._ended(run)

    def _ended(self, run: _Run) -> None:
        self.leases.remove(run.lease)
        with self._guard:
            self._running.pop(run.id, None)


class _Reporter:
    """Stores the results of a running operation, one a second at most."""

    def __init__(self, operations: Operations, run: _Run) -> None:
        self._operations = operations
        self._run = run
        self._stored_at = operations.clock.monotonic()
        self.last: Result | None = None

    def report(self, result: Result) -> None:
        """Keep a result, and store it when the last one was stored a second ago."""
        self.last = dict(result)
        clock = self._operations.clock
        if clock.monotonic() - self._stored_at < REPORT_EVERY_SECS:
            return
        self._stored_at = clock.monotonic()
        stored = stored_result(self.last)
        run = self._run
        try:
            self._operations.kept.write_idempotent(rows.report, run.id, run.lease.token, stored)
        except DatabaseError as trouble:
            # Only its progress is not seen for a while: the work goes on.
            log.warning("the progress of operation %d is not stored: %s", run.id, trouble)


def stored_result(result: Result) -> str:
    """Return a result as JSON; messages in it keep their codes."""
    # Escaped, as no database takes half a surrogate pair, which a file may hold.
    return json.dumps(result, separators=(",", ":"), default=_plain)


def loaded_result(stored: str) -> Result:
    """Return the result that `stored_result` wrote."""
    loaded: Result = json.loads(stored, object_hook=_message_or_same)
    return loaded


def _plain(value: object) -> Any:
    message = message_of(value)
    if message is not None:
        return message.as_json()
    return value.isoformat() if isinstance(value, date) else str(value)


def _message_or_same(value: dict[str, Any]) -> Any:
    return Message.of_json(value) or value


def _under_way(kind: str, subject: str | Message) -> Message:
    if subject:
        return Message.of("operation_under_way", kind=kind, subject=subject)
    return Message.of("operation_kind_under_way", kind=kind)
