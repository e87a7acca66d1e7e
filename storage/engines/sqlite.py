"""SQLite, the embedded default: WAL, every commit synced to disk, one writer at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from enum import StrEnum
from pathlib import Path

from core.errors import DatabaseUnavailableError
from core.installation.file_access import PRIVATE, FileAccess, make_folder
from storage.engines.dialect import SCHEMA_FOLDER, ClockReading, Connection, Dialect, Tls
from storage.engines.sqlite_errors import is_in_use, kind_of

DIALECT = Dialect("sqlite", lock_suffix="", schema_file=SCHEMA_FOLDER / "schema.sqlite.sql")
BUSY_TIMEOUT_SECS = 5.0
LOOK_AGAIN_SECS = 0.001
CACHED_STATEMENTS = 32
PAGE_CACHE_KIB = 2000


class JournalMode(StrEnum):
    """How a SQLite file is kept whole while it is written."""

    # Readers and the writer do not wait for each other. Who reads must be able to write beside it.
    WAL = "wal"
    # A reader needs no right but to read; readers and the writer wait for each other.
    DELETE = "delete"


class SQLiteEngine:
    """Connections to one file.

    A new file has the mode and the group of `access`, whatever the umask says, and SQLite gives the
    files beside it the same mode.

    Writers of this process queue on a lock that wakes the next one at once. For writers of other
    processes it tries again every millisecond: SQLite's own busy handler sleeps longer each time,
    so that the longest waiting writer tries least often.
    """

    shares_commits = True

    def __init__(
        self,
        *,
        path: Path,
        pool_size: int,
        page_cache_kib: int = PAGE_CACHE_KIB,
        journal: JournalMode = JournalMode.WAL,
        access: FileAccess = PRIVATE,
    ) -> None:
        self.dialect = DIALECT
        self.pool_size = pool_size
        self.driver_errors: tuple[type[Exception], ...] = (sqlite3.Error,)
        self._path = path
        self._page_cache_kib = page_cache_kib
        self._journal = journal
        self._access = access
        self._idle: list[sqlite3.Connection] = []
        self._file: tuple[int, int] | None = None  # which one was opened last
        self._guard = threading.Lock()
        self._writer = threading.Lock()
        # Connections with a transaction open: `rollback` is also called for those without one, and
        # must not release the lock of another.
        self._writing: set[int] = set()

    def connect(self) -> sqlite3.Connection:
        """Return an idle connection or a new one; `pool_size` limits the idle ones only."""
        with self._guard:
            self._forget_lost_file()
            if self._idle:
                return self._idle.pop()
        return self._open()

    def _forget_lost_file(self) -> None:
        """Close idle connections to a file that is not at its path any more.

        Only where the file is written anew by those who miss it: a connection would go on with what
        nobody else sees. The main database is no such file.
        """
        if self._journal is JournalMode.DELETE and self._idle and self._file != self._found():
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    def _found(self) -> tuple[int, int] | None:
        """Return which file lies at the path; None for none."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def release(self, connection: Connection) -> None:
        """Roll back what is open, and keep the connection for the next `connect` or close it.

        One that could not roll back is closed, and not kept.
        """
        assert isinstance(connection, sqlite3.Connection)
        usable = self._roll_back(connection)
        with self._guard:
            if usable and len(self._idle) < self.pool_size:
                self._idle.append(connection)
                return
        connection.close()

    def begin(self, connection: Connection) -> None:
        """Begin a write transaction: wait for writers here, then up to 5 s for other processes."""
        assert isinstance(connection, sqlite3.Connection)
        self._writer.acquire()
        self._writing.add(id(connection))
        try:
            self._begin_among_processes(connection)
        except sqlite3.Error as error:
            self._done_writing(connection)
            raise self.translate(error) from error

    def _begin_among_processes(self, connection: sqlite3.Connection) -> None:
        give_up_at = time.monotonic() + BUSY_TIMEOUT_SECS
        while True:
            try:
                # A deferred transaction that turns from reading to writing fails at once when
                # another one wrote meanwhile, whatever the time-out says.
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if not is_in_use(error) or time.monotonic() >= give_up_at:
                    raise
            time.sleep(LOOK_AGAIN_SECS)

    def commit(self, connection: Connection) -> None:
        """Commit, and let the next writer of this process begin; roll back when that fails."""
        assert isinstance(connection, sqlite3.Connection)
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self.rollback(connection)
            raise self.translate(error) from error
        self._done_writing(connection)

    def rollback(self, connection: Connection) -> None:
        """Roll back, and let the next writer of this process begin; never raise."""
        assert isinstance(connection, sqlite3.Connection)
        self._roll_back(connection)

    def _roll_back(self, connection: sqlite3.Connection) -> bool:
        """Roll back or else close the connection; return whether it can be used again."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            connection.close()  # closing rolls back as well
            return False
        finally:
            self._done_writing(connection)
        return True

    def translate(self, error: Exception) -> Exception:
        """Return the DatabaseError for a driver's error, by its code; any other error unchanged."""
        if not isinstance(error, sqlite3.Error):
            return error
        kind, code = kind_of(error)
        number = getattr(error, "sqlite_errorcode", 0)
        return kind(code, where=self.describe(), detail=str(error), number=number)

    def tables(self, connection: Connection) -> set[str]:
        """Return the names of the tables in the file."""
        cursor = connection.cursor()
        try:
            cursor.execute("SELECT name FROM sqlite_master WHERE type='table'")
            return {row["name"] for row in cursor.fetchall()}
        except sqlite3.Error as error:
            raise self.translate(error) from error

    def read_clock(self, connection: Connection) -> ClockReading | None:
        """Return None: the database has no clock but the host's."""
        return None

    def connections(self, connection: Connection) -> tuple[int, int] | None:
        """Return None: there is no server."""
        return None

    def tls(self, connection: Connection) -> Tls | None:
        """Return None: the file is read directly."""
        return None

    def copy_to(self, target: Path) -> None:
        """Write a copy of what is committed now to a new file, while others go on writing.

        Raises:
            DatabaseError: the copy failed; the new file may be incomplete.
        """
        connection = self.connect()
        try:
            with closing(sqlite3.connect(target)) as copy:
                connection.backup(copy)
        except sqlite3.Error as error:
            raise self.translate(error) from error
        finally:
            self.release(connection)

    @contextmanager
    def schema_lock(self, wait_secs: int) -> Iterator[bool]:
        yield True

    def server_name(self) -> str | None:
        """Return None: there is no server."""
        return None

    def describe(self) -> str:
        """Return where the file is, written as in DATABASE_URL."""
        return f"sqlite:///{self._path}"

    def close(self) -> None:
        """Close the idle connections. A connection in use stays open until it is released."""
        with self._guard:
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    def _open(self) -> sqlite3.Connection:
        try:
            make_folder(self._path.parent)
            self._create_file()
            connection = sqlite3.connect(
                self._path,
                # None: begin() and commit() say where a transaction begins and ends, not the
                # driver.
                isolation_level=None,
                # The pool gives a connection to one thread at a time, but not always to the same
                # one.
                check_same_thread=False,
                timeout=BUSY_TIMEOUT_SECS,
                cached_statements=CACHED_STATEMENTS,
            )
            self._file = self._found()
            connection.row_factory = sqlite3.Row
            self._set_journal(connection)
            # FULL syncs each commit: with NORMAL a power cut could take back the newest ones.
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA cache_size=-{self._page_cache_kib}")
            if self._journal is JournalMode.WAL:
                connection.execute("PRAGMA busy_timeout=0")  # from here on the waiting is ours
        except sqlite3.Error as error:
            raise self.translate(error) from error
        except OSError as error:
            detail = error.strerror or str(error)
            raise DatabaseUnavailableError(
                "database_unavailable", where=self.describe(), detail=detail
            ) from error
        return connection

    def _create_file(self) -> None:
        """Create an empty file with its mode where there is none; SQLite goes by the umask."""
        # One that exists is not opened: closing it would drop the locks of other connections.
        with suppress(FileExistsError):
            os.close(self._access.open(str(self._path), os.O_RDWR | os.O_CREAT | os.O_EXCL))

    def _set_journal(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute(f"PRAGMA journal_mode={self._journal}")
        except sqlite3.OperationalError as error:
            # A file that others have open in WAL mode stays so until a process finds it alone.
            if self._journal is JournalMode.WAL or not is_in_use(error):
                raise

    def _done_writing(self, connection: sqlite3.Connection) -> None:
        if id(connection) in self._writing:
            self._writing.discard(id(connection))
            self._writer.release()


class ReadOnlySQLiteEngine(SQLiteEngine):
    """Connections that read one file that exists, and leave no trace beside it."""

    def _open(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(self._uri(), uri=True, isolation_level=None, timeout=0)
        except sqlite3.Error as error:
            raise self.translate(error) from error
        connection.row_factory = sqlite3.Row
        return connection

    def _uri(self) -> str:
        address = f"{self._path.absolute().as_uri()}?mode=ro"
        # SQLite makes the two files of the journal where they are missing, also to read only, and
        # such a reader cannot remove them. Without them nobody has the database open.
        beside = (f"{self._path}-wal", f"{self._path}-shm")
        return address if all(map(os.path.exists, beside)) else f"{address}&immutable=1"
