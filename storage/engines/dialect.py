"""The interface of the database engines, and the few places where their SQL differs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

NAMED = re.compile(r"(?<![:\w]):([a-z_]\w*)")
SCHEMA_FOLDER = Path(__file__).resolve().parents[2]
# A TEXT of MySQL ends at 65,535 bytes, and JSON may take 12 of them for one character: a reason of
# this length fits into its own column, and also into the JSON columns that repeat it.
MAX_TEXT_CHARS = 4000


@dataclass(frozen=True)
class Dialect:
    """The hooks through which one set of queries serves both engines.

    Queries are written with `:name` parameters. `lock_suffix` ends a SELECT that locks the rows it
    returns and passes over locked ones. `force_index` names the index that must serve it: a claim
    that sorts would lock every row.
    """

    name: str
    lock_suffix: str
    schema_file: Path

    def sql(self, text: str) -> str:
        """Return the query with this engine's parameter marks in place of `:name`."""
        return text if self.name == "sqlite" else _with_driver_marks(text)

    @property
    def now_millis(self) -> str:
        """An SQL expression for the current moment, in UTC with milliseconds."""
        return (
            "strftime('%Y-%m-%d %H:%M:%f', 'now')" if self.name == "sqlite" else "UTC_TIMESTAMP(3)"
        )

    def force_index(self, index: str) -> str:
        """Return the hint that makes a SELECT or UPDATE use an index; it fails without that
        index."""
        return f"INDEXED BY {index}" if self.name == "sqlite" else f"FORCE INDEX ({index})"

    @property
    def in_id_order(self) -> str:
        """A hint for reading rows by id, so that the engine takes no other index and sorts."""
        return "NOT INDEXED" if self.name == "sqlite" else "FORCE INDEX (PRIMARY)"

    @property
    def ordered_join(self) -> str:
        """A JOIN whose tables are read in the order in which they are written."""
        return "CROSS JOIN" if self.name == "sqlite" else "STRAIGHT_JOIN"

    def on_conflict_update(self, key: str, columns: Sequence[str]) -> str:
        """Return the tail of an INSERT that updates `columns` of a row with the same unique `key`.

        `key` is the key's columns, comma-separated.
        """
        return self.on_conflict_set(key, {column: self.proposed(column) for column in columns})

    def on_conflict_set(self, key: str, values: Mapping[str, str]) -> str:
        """Return the tail of an INSERT that changes a row with the same unique `key`.

        `values` are SQL expressions by column, in which `proposed` names what was to be inserted
        and a column with its table's name what is stored. MySQL assigns them in their order, and
        later ones see what earlier ones assigned.
        """
        sets = ", ".join(f"{column}={value}" for column, value in values.items())
        if self.name == "sqlite":
            return f"ON CONFLICT ({key}) DO UPDATE SET {sets}"
        return f"ON DUPLICATE KEY UPDATE {sets}"

    def proposed(self, column: str) -> str:
        """Return the SQL for the value that an INSERT with a conflict was to store."""
        return f"excluded.{column}" if self.name == "sqlite" else f"VALUES({column})"

    def on_conflict_ignore(self, key: str) -> str:
        """Return the tail of an INSERT that leaves a row with the same unique `key` as it is."""
        if self.name == "sqlite":
            return f"ON CONFLICT ({key}) DO NOTHING"
        # INSERT IGNORE would turn every other error, such as a text too long, into a warning.
        first = key.split(",")[0].strip()
        return f"ON DUPLICATE KEY UPDATE {first}={first}"


@lru_cache(maxsize=1024)
def _with_driver_marks(text: str) -> str:
    """Return the query with the marks of PyMySQL; most queries are run again and again."""
    return NAMED.sub(r"%(\1)s", text.replace("%", "%%"))


@dataclass(frozen=True)
class ClockReading:
    """One reading of the database's clock.

    It holds the database's clock minus the host's, in seconds, and the seconds that reading it
    took. The difference is true for some moment within them.
    """

    offset_secs: float
    round_trip_secs: float


@dataclass(frozen=True)
class Tls:
    """The encryption of a connection to a server.

    `days_left` is how long the server's certificate is valid yet; None when the server does not
    tell.
    """

    cipher: str
    is_verified: bool
    days_left: int | None


class Connection(Protocol):
    """A pooled connection as the engines hand it out."""

    def cursor(self) -> Any: ...


class Engine(Protocol):
    """One kind of database.

    Every driver error leaves it as a DatabaseError whose class names the reaction, with the
    driver's error as its cause. `tests/storage/test_storage_engine_contract.py` holds every engine
    to what is promised here.
    """

    dialect: Dialect
    pool_size: int
    driver_errors: tuple[type[Exception], ...]
    # COMMITs are made one after the other here: what waits for one had better share the next.
    shares_commits: bool

    @property
    def generation(self) -> int:
        """A number that changes when connections reach what may be another server.

        Such a server may have another clock. Without a server it never changes.
        """

    def connect(self) -> Connection:
        """Return a pooled connection, outside any transaction; it must be released.

        Raises:
            DatabaseUnavailableError: the database cannot be reached.
        """

    def release(self, connection: Connection) -> None:
        """Return a connection to the pool; an open transaction is rolled back."""

    def begin(self, connection: Connection) -> None:
        """Begin a transaction, which sees what is committed.

        Raises:
            DatabaseContentionError: another writer holds the database for too long (SQLite).
            DatabaseUnavailableError: the connection was lost.
        """

    def commit(self, connection: Connection) -> None:
        """Commit the transaction.

        Raises:
            CommitUnknownError: the answer was lost, so that it may be committed or not.
            DatabaseContentionError: rolled back; the transaction may be run again.
        """

    def rollback(self, connection: Connection) -> None:
        """Roll the transaction back, without ever raising.

        A connection that cannot roll back is gone, and its transaction with it.
        """

    def translate(self, error: Exception) -> Exception:
        """Return the DatabaseError for a driver's error; any other error is returned as it is."""

    def tables(self, connection: Connection) -> set[str]:
        """Return the names of the tables that exist."""

    def read_clock(self, connection: Connection) -> ClockReading | None:
        """Return a reading of the server's clock; None where the database has only the host's."""

    def connections(self, connection: Connection) -> tuple[int, int] | None:
        """Return how many connections the server has and allows; None where there is no server."""

    def tls(self, connection: Connection) -> Tls | None:
        """Return the encryption of a connection; None when it is not encrypted."""

    def schema_lock(self, wait_secs: int) -> AbstractContextManager[bool]:
        """Hold, during the block, the lock under which processes make and upgrade the tables.

        The block gets False when another process held the lock for `wait_secs`. Whoever dies
        loses the lock. An engine that makes and upgrades in one transaction needs no lock.

        Raises DatabaseUnavailableError when the database cannot be reached.
        """

    def server_name(self) -> str | None:
        """Return what the server calls itself; None before it was asked, or without a server."""

    def describe(self) -> str:
        """Return where the data is, without the password, for messages."""

    def close(self) -> None:
        """Close the idle connections. A later `connect` opens new ones."""
