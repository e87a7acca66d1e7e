"""SQLite in memory as a simulated database: one connection, never switched inside a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto

from core.errors import CommitUnknownError
from storage.engines.dialect import ClockReading, Connection, Tls
from storage.engines.sqlite import DIALECT, SQLiteEngine


class Answer(Enum):
    """What becomes of a COMMIT, and of its answer."""

    GIVEN = auto()
    LOST_COMMITTED = auto()
    LOST_ROLLED_BACK = auto()


class MemoryEngine:
    """An engine whose transactions are atomic steps of a schedule.

    Args:
        image: a serialized database; None for an empty one.
        before_unit: called before each transaction and each read.
        before_write: called once more before each transaction.
        answer: decides what becomes of each COMMIT.
    """

    dialect = DIALECT
    pool_size = 1
    # Its processes are coroutines of one thread, of which none may wait for another.
    shares_commits = False
    generation = 0
    driver_errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(
        self,
        image: bytes | None,
        *,
        before_unit: Callable[[], None] = lambda: None,
        before_write: Callable[[], None] = lambda: None,
        answer: Callable[[], Answer] = lambda: Answer.GIVEN,
    ) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=200)
        self.connection.row_factory = sqlite3.Row
        if image is not None:
            self.connection.deserialize(image)
        self._before_unit = before_unit
        self._before_write = before_write
        self._answer = answer

    def connect(self) -> sqlite3.Connection:
        self._before_unit()
        return self.connection

    def release(self, connection: Connection) -> None:
        """Do nothing: there is one connection, without a transaction by now."""

    def begin(self, connection: Connection) -> None:
        self._before_write()
        self.connection.execute("BEGIN")

    def commit(self, connection: Connection) -> None:
        answer = self._answer()
        self.connection.execute(
            "ROLLBACK" if answer is Answer.LOST_ROLLED_BACK else "COMMIT",
        )
        if answer is not Answer.GIVEN:
            raise CommitUnknownError("commit_unknown", where=self.describe())

    def rollback(self, connection: Connection) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def translate(self, error: Exception) -> Exception:
        return SQLiteEngine.translate(self, error)  # type: ignore[arg-type]

    def tables(self, connection: Connection) -> set[str]:
        rows = self.connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        return {row["name"] for row in rows}

    def read_clock(self, connection: Connection) -> ClockReading | None:
        return None

    def connections(self, connection: Connection) -> tuple[int, int] | None:
        return None

    def tls(self, connection: Connection) -> Tls | None:
        return None

    def server_name(self) -> str | None:
        return None

    @contextmanager
    def schema_lock(self, wait_secs: int) -> Iterator[bool]:
        yield True

    def describe(self) -> str:
        return "memory"

    def close(self) -> None:
        self.connection.close()
