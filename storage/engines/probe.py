"""Try whether a server does what leases rest on: names lie, as proxies stand in between."""

from __future__ import annotations

from core.errors import DatabaseError, DatabaseUnavailableError, DuplicateKeyError
from core.messages import Message
from storage.engines.dialect import Connection, Engine
from storage.engines.transactions import Tx

ROW = "SELECT name FROM meta WHERE name=:name"
# MySQL has the one name, MariaDB the other.
ISOLATION = (
    "SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')"
)


def require_promises(engine: Engine, name: str) -> None:
    """Try what leases rest on, at the row `name` of the table `meta`; nothing is changed.

    On an embedded engine nothing is tried: what it does is known.

    Raises:
        DatabaseError: the server does not keep a promise, which is named; or it does not answer.
    """
    if not engine.dialect.lock_suffix:
        return
    first, second = engine.connect(), engine.connect()
    try:
        broken = _broken_promise(engine, first, second, name)
    finally:
        for connection in (first, second):
            engine.release(connection)
    if broken is not None:
        raise DatabaseError(
            "server_breaks_promise",
            where=engine.describe(),
            server=engine.server_name() or "?",
            promise=Message(broken),
        )


def _broken_promise(engine: Engine, first: Connection, second: Connection, name: str) -> str | None:
    """Return the code of the first promise that is broken; None when all are kept."""
    one = Tx(connection=first, engine=engine)
    if one.exists(ROW, name=name.swapcase()):
        return "promise_case"
    level = one.one(ISOLATION)
    if level is None or level["Value"] != "READ-COMMITTED":
        return "promise_read_committed"
    try:
        return _broken_lock(engine, first, second, name)
    except DatabaseUnavailableError:
        return None  # read-only, or full: commands that only look are to work


def _broken_lock(engine: Engine, first: Connection, second: Connection, name: str) -> str | None:
    """Return the code of the first promise of locks and writes that is broken; None for none."""
    one, other = (Tx(connection=each, engine=engine) for each in (first, second))
    engine.begin(first)
    if one.one(ROW + engine.dialect.lock_suffix, name=name) is None:
        return None  # locked by another process that tries the same: so locks are kept
    engine.begin(second)
    if other.one(ROW + engine.dialect.lock_suffix, name=name) is not None:
        return "promise_lock_kept"
    if one.execute("UPDATE meta SET value=value WHERE name=:name", name=name) != 1:
        return "promise_matched_rows"
    return None if _refuses_duplicate(one, name) else "promise_duplicate"


def _refuses_duplicate(tx: Tx, name: str) -> bool:
    try:
        tx.add("meta", name=name, value="")
    except DuplicateKeyError:
        return True
    return False
