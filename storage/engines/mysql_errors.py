"""What the error numbers of MySQL and MariaDB mean, by the reaction that each asks for.

Sources: MySQL 8 Server Error Reference; MariaDB's list of errors (`perror`); the numbers of a
server that turned read-only are those that the drivers of Go and Node.js take for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import pymysql
from pymysql.constants import ER

from core.errors import (
    AlreadyExistsError,
    DatabaseContentionError,
    DatabaseError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    DatabaseUnclassifiedError,
    DuplicateKeyError,
    SchemaMismatchError,
)


class ServerFamily(StrEnum):
    """The two families of servers, which use some numbers for different errors."""

    MYSQL = "mysql"
    MARIADB = "mariadb"


Kind = tuple[type[DatabaseError], str]
NOT_IN_CLUSTER = 1047  # a Galera node that lost its quorum, or has not caught up yet
UNKNOWN_AT_COMMIT = 1180  # "Got error … during COMMIT": it may have been written
TLS_FAILED = 2026
READ_ONLY = frozenset({1290, 1792, 1836})
# Lock wait timeout and deadlock; a row locked under NOWAIT, a rollback by the cluster; a row that
# changed since the snapshot was taken.
AGAIN = {1205, 1213}
AGAIN_OF = {ServerFamily.MYSQL: {3101, 3572}, ServerFamily.MARIADB: {1020}}
# No or a broken connection, a server that shuts down, and a session that it ended.
LOST = {0, 1053, 1077, 1079, 1152, *range(1158, 1162), 1184, 2002, 2003, 2006, 2013, 2055}
LOST_OF = {ServerFamily.MYSQL: {3168, 4031}, ServerFamily.MARIADB: {1927}}
# The server is there and refuses for now: memory, connections, a statement that was ended (KILL
# QUERY, a time limit), tables of locks and transactions that are full.
NOT_NOW = {1037, 1038, 1040, 1041, 1129, 1203, 1206, 1226, 1317, 1637, UNKNOWN_AT_COMMIT}
NOT_NOW_OF = {ServerFamily.MYSQL: {3024, 3100}, ServerFamily.MARIADB: {1969}}
DISK_FULL = {1021, 1030, 1114}
MADE_BEFORE = {1050, 1060, 1061, 1091}  # a table, column or key that exists, or is gone
# Nobody is let in: whatever is asked fails.
NOT_LET_IN: dict[int, str] = {
    1044: "database_not_granted",
    1045: "database_login_refused",
    1049: "database_missing",
    1698: "database_password_login_refused",
    TLS_FAILED: "database_tls_failed",
}
# One statement is refused, others may be granted.
NOT_GRANTED = {1142, 1143, 1227}
# Statements and values that no later try makes right, besides those that the driver knows as such.
WRONG = {1051, 1064, 1136, 1153, 1176, 1292, 1364, 1366, 1406, 1411, 1690, 2059, 2061, 3819, 4025}
WRONG_OF = {ServerFamily.MYSQL: {1820, 1862, 3098, 3118, 3140}, ServerFamily.MARIADB: {4031}}
WRONG_BY_CLASS = (
    pymysql.err.ProgrammingError,
    pymysql.err.DataError,
    pymysql.err.IntegrityError,
    pymysql.err.NotSupportedError,
)
UNKNOWN: Kind = (DatabaseUnclassifiedError, "database_error_unclassified")
FAILED: Kind = (DatabaseError, "database_statement_failed")


def _table(family: ServerFamily) -> Mapping[int, Kind]:
    contended: Kind = (DatabaseContentionError, "database_contended")
    unavailable: Kind = (DatabaseUnavailableError, "database_unavailable")
    return {
        **dict.fromkeys(AGAIN | AGAIN_OF[family], contended),
        **dict.fromkeys(LOST | LOST_OF[family] | NOT_NOW | NOT_NOW_OF[family], unavailable),
        **dict.fromkeys(READ_ONLY, (DatabaseUnavailableError, "server_read_only")),
        **dict.fromkeys(DISK_FULL, (DatabaseUnavailableError, "database_disk_full")),
        **dict.fromkeys((1146, 1054), (SchemaMismatchError, "table_or_column_missing")),
        **dict.fromkeys(MADE_BEFORE, (AlreadyExistsError, "schema_object_exists")),
        **dict.fromkeys(WRONG | WRONG_OF[family], FAILED),
        **dict.fromkeys(NOT_GRANTED, (DatabaseError, "database_not_granted")),
        **{number: (DatabaseRefusedError, code) for number, code in NOT_LET_IN.items()},
        NOT_IN_CLUSTER: (DatabaseUnavailableError, "node_not_in_cluster"),
        ER.DUP_ENTRY: (DuplicateKeyError, "row_exists"),
    }


KINDS = {family: _table(family) for family in ServerFamily}
ENDS_GENERATION = {
    family: LOST | LOST_OF[family] | READ_ONLY | {NOT_IN_CLUSTER} for family in ServerFamily
}


def number_of(error: Exception) -> int:
    """Return the server's or the driver's number of an error; 0 for one without a number."""
    return int(error.args[0]) if error.args and isinstance(error.args[0], int) else 0


def kind_of(error: pymysql.Error, family: ServerFamily) -> Kind:
    """Return the class that an error leaves the engine as, and the code of its message."""
    number = number_of(error)
    is_wrong = isinstance(error, WRONG_BY_CLASS)
    if is_wrong and not number:  # the driver refuses a value by itself
        return FAILED
    known = KINDS[family].get(number)
    if known is not None:
        return known
    if is_wrong:
        return FAILED
    return UNKNOWN


def ends_generation(error: Exception, family: ServerFamily) -> bool:
    """Return whether the connections that are open may be of no use after this error.

    So it is when the server is lost, has left its cluster, or takes no writes any more, as the old
    primary does after a switchover.
    """
    if isinstance(error, OSError | pymysql.err.InterfaceError):
        return True
    return number_of(error) in ENDS_GENERATION[family]
