"""What the result codes of SQLite mean, by the reaction that each asks for (sqlite.org/rescode)."""

from __future__ import annotations

import sqlite3

from core.errors import (
    DatabaseContentionError,
    DatabaseError,
    DatabaseUnavailableError,
    DatabaseUnclassifiedError,
    DuplicateKeyError,
    SchemaMismatchError,
)

Kind = tuple[type[DatabaseError], str]
DUPLICATES = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
}
IN_USE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
FAILED: Kind = (DatabaseError, "database_statement_failed")
UNAVAILABLE: Kind = (DatabaseUnavailableError, "database_unavailable")
DAMAGED: Kind = (DatabaseError, "database_damaged")
# By the primary code, the low byte of a code.
KINDS: dict[int, Kind] = {
    **dict.fromkeys(IN_USE, (DatabaseContentionError, "sqlite_file_in_use")),
    sqlite3.SQLITE_FULL: (DatabaseUnavailableError, "database_disk_full"),
    # A file system is mounted read-only after an error of its disk; rights are taken and given.
    sqlite3.SQLITE_READONLY: (DatabaseUnavailableError, "database_read_only"),
    sqlite3.SQLITE_IOERR: UNAVAILABLE,
    sqlite3.SQLITE_CANTOPEN: UNAVAILABLE,
    sqlite3.SQLITE_NOMEM: UNAVAILABLE,
    sqlite3.SQLITE_INTERRUPT: UNAVAILABLE,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_ERROR: FAILED,
    sqlite3.SQLITE_CONSTRAINT: FAILED,
    sqlite3.SQLITE_TOOBIG: FAILED,
    sqlite3.SQLITE_MISMATCH: FAILED,
    sqlite3.SQLITE_MISUSE: FAILED,
    sqlite3.SQLITE_RANGE: FAILED,
    sqlite3.SQLITE_PERM: FAILED,
    sqlite3.SQLITE_AUTH: FAILED,
}
UNKNOWN: Kind = (DatabaseUnclassifiedError, "database_error_unclassified")


def kind_of(error: sqlite3.Error) -> Kind:
    """Return the class that an error leaves the engine as, and the code of its message."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # of Python's module itself, such as for a closed connection
        return FAILED
    if code in DUPLICATES:
        return DuplicateKeyError, "row_exists"
    # SQLite has no code of its own for these.
    if str(error).startswith(("no such table", "no such column")):
        return SchemaMismatchError, "table_or_column_missing"
    return KINDS.get(code & 0xFF, UNKNOWN)


def is_in_use(error: sqlite3.Error) -> bool:
    """Return whether another connection holds a lock that this one needs."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in IN_USE
