"""Which server answers: its family and version by its own word, and those that are refused.

Names lie where a proxy stands in between: what the server really does is tried by
`storage/engines/probe.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.errors import DatabaseError
from storage.engines.mysql_errors import ServerFamily

QUESTION = "SELECT VERSION() AS version, @@version_comment AS comment"
# Before 11.0.1 MariaDB put this before its version, for old clients.
OLD_PREFIX = "5.5.5-"
NUMBERS = re.compile(r"(\d+)\.(\d+)")
NAMES = {ServerFamily.MARIADB: "MariaDB", ServerFamily.MYSQL: "MySQL"}
# Since these versions a locking read can pass over locked rows.
OLDEST = {ServerFamily.MARIADB: (10, 6), ServerFamily.MYSQL: (8, 0)}


@dataclass(frozen=True)
class Server:
    """The server as it names itself: `text` is its version and comment."""

    family: ServerFamily
    version: tuple[int, int]
    text: str


def identify(version: str, comment: str, where: str) -> Server:
    """Return the server that gives these answers to QUESTION.

    Raises:
        DatabaseError: it cannot keep what leases rest on: TiDB, or a version without SKIP LOCKED.
            `where` names it in the message.
    """
    text = f"{version} {comment}".strip()
    if "tidb" in text.lower():
        raise DatabaseError("server_drops_locks", where=where, server=text)
    family = ServerFamily.MARIADB if "mariadb" in text.lower() else ServerFamily.MYSQL
    found = NUMBERS.search(version.removeprefix(OLD_PREFIX))
    numbers = (int(found[1]), int(found[2])) if found else (0, 0)
    oldest = OLDEST[family]
    if numbers < oldest:
        needed = (
            f"{'MariaDB' if family is ServerFamily.MARIADB else 'MySQL'} {oldest[0]}.{oldest[1]}"
        )
        raise DatabaseError("server_too_old", where=where, server=text, needed=needed)
    return Server(family=family, version=numbers, text=text)
