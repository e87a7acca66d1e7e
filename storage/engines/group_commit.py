"""One COMMIT for the writes of several threads, where each COMMIT waits for the disk (SQLite)."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from core.errors import CommitUnknownError, DatabaseContentionError, DatabaseError
from storage.engines.dialect import Connection, Engine

T = TypeVar("T")
# The result of a unit, or the error that undid it.
Outcome = tuple[Any, Exception | None]
# A group keeps the writers of other processes waiting: it begins no further unit after this time.
FILL_SECS = 0.01
MAX_UNITS = 32
SAVE, UNDO, KEEP = "SAVEPOINT unit", "ROLLBACK TO unit", "RELEASE unit"


@dataclass(eq=False)
class _Unit:
    """What one thread wants written, and how it ended; `turn` is set when it is over or leads."""

    work: Callable[[Connection], Any]
    turn: threading.Event = field(default_factory=threading.Event)
    is_over: bool = False
    result: Any = None
    error: Exception | None = None

    def end(self, result: Any = None, error: Exception | None = None) -> None:
        self.result, self.error, self.is_over = result, error, True
        self.turn.set()

    def outcome(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


class GroupCommit:
    """Runs units in transactions of an engine; those that wait for a COMMIT share the next one.

    The thread that finds nobody writing leads: it runs what is queued, each unit under a savepoint,
    commits, and hands every result or error to its thread. So nobody waits for company, a unit
    alone costs what a transaction costs, and one that raises undoes itself only.

    Units therefore run in any thread. They must not wait for a lock that may be held around a call
    of `run`, and not call `run`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._guard = threading.Lock()
        self._queue: deque[_Unit] = deque()
        self._leader: int | None = None

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work(connection)` in a transaction; when it returns, that is committed.

        Raises:
            DatabaseContentionError: a failure of another unit undid this one; it may run again.
            DatabaseError: the transaction failed as a whole.
            Exception: what `work` raised; its own writes were undone.
        """
        unit = _Unit(work)
        with self._guard:
            assert self._leader != threading.get_ident(), "a write inside another one"
            self._queue.append(unit)
            leads = self._leader is None
            if leads:
                self._leader = threading.get_ident()
        if not leads:
            self._wait(unit)
        if not unit.is_over:
            self._lead()
        return cast(T, unit.outcome())

    def _wait(self, unit: _Unit) -> None:
        """Wait until the unit is over, or its thread has become the leader."""
        try:
            unit.turn.wait()
        except BaseException:  # the thread is interrupted: others must not wait for it
            self._withdraw(unit)
            raise

    def _withdraw(self, unit: _Unit) -> None:
        with self._guard:
            if unit not in self._queue:
                return
            self._queue.remove(unit)
            was_to_lead = unit.turn.is_set()
        if was_to_lead:
            self._pass_on()

    def _lead(self) -> None:
        """Run a group whose first unit is this thread's own, and then let the next one lead."""
        with self._guard:
            self._leader = threading.get_ident()
            units = [self._queue.popleft() for _ in range(min(MAX_UNITS, len(self._queue)))]
        try:
            self._commit(units)
        except Exception as error:  # noqa: BLE001 (each thread raises it)
            _end_all(units, error)
        except BaseException as error:  # it is this thread's, and nobody else's failure
            undone = DatabaseContentionError("write_undone")
            undone.__cause__ = error
            _end_all(units[1:], undone)
            raise
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        with self._guard:
            self._leader = None
            if self._queue:
                # Nobody else begins to lead before that thread runs.
                self._leader = 0
                self._queue[0].turn.set()

    def _commit(self, units: list[_Unit]) -> None:
        """Run and commit units in one transaction; units that are put back leave the list."""
        connection = self._engine.connect()
        try:
            self._engine.begin(connection)
            try:
                ended = self._run_all(connection, units)
            except BaseException:
                self._engine.rollback(connection)
                raise
            self._end_committed(connection, units, ended)
        finally:
            self._engine.release(connection)

    def _end_committed(
        self, connection: Connection, units: list[_Unit], ended: Sequence[Outcome]
    ) -> None:
        try:
            self._engine.commit(connection)
            for unit, (result, error) in zip(units, ended, strict=True):
                unit.end(result, error)
        except Exception:
            raise
        except BaseException as error:  # this thread is interrupted: it may be committed, or not
            where = self._engine.describe()
            unknown = CommitUnknownError("commit_unanswered", where=where, detail=repr(error))
            _end_all(units[1:], unknown)
            raise

    def _run_all(self, connection: Connection, units: list[_Unit]) -> Sequence[Outcome]:
        if len(units) == 1:  # its rollback is the transaction's
            return [(units[0].work(connection), None)]
        until = time.monotonic() + FILL_SECS
        ended: list[Outcome] = []
        for unit in units:
            if ended and time.monotonic() >= until:
                break
            ended.append(self._attempt(connection, unit))
        self._put_back(units, len(ended))
        return ended

    def _attempt(self, connection: Connection, unit: _Unit) -> Outcome:
        """Run one unit of several; return its result, or the error that undid it."""
        self._execute(connection, SAVE)
        try:
            result = unit.work(connection)
        except Exception as error:  # noqa: BLE001 (its own thread raises it)
            self._undo(connection, unit, error)
            return None, error
        self._execute(connection, KEEP)
        return result, None

    def _undo(self, connection: Connection, unit: _Unit, error: Exception) -> None:
        """Undo what a unit wrote.

        Raises:
            DatabaseContentionError: the engine had ended the whole transaction for the error, as
                on a full disk. The error is the unit's; the others may run again.
        """
        try:
            self._execute(connection, UNDO)
            self._execute(connection, KEEP)
        except DatabaseError:
            unit.end(error=error)
            raise DatabaseContentionError("write_undone") from error

    def _put_back(self, units: list[_Unit], count: int) -> None:
        with self._guard:
            self._queue.extendleft(reversed(units[count:]))
        del units[count:]

    def _execute(self, connection: Connection, statement: str) -> None:
        try:
            connection.cursor().execute(statement)
        except self._engine.driver_errors as error:
            raise self._engine.translate(error) from error


def _end_all(units: Sequence[_Unit], error: Exception) -> None:
    for unit in units:
        if not unit.is_over:
            unit.end(error=error)
