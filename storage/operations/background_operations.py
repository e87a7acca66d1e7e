"""Queries on `operations`: work that a request began, and the lease of the process that does it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storage.engines.datetimes import to_sql
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx
from storage.leasing import OPERATIONS
from storage.models.mapping import row_to

OPEN_KEY_CHARS = 191


class OperationState(StrEnum):
    """The state of an operation."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class OperationRow:
    """A row of `operations`: `subject` is a text or a stored message, `error` a stored message,
    `result` JSON, None before the first."""

    id: int
    kind: str
    subject: str
    who: str
    host: str
    state: OperationState
    result: str | None
    error: str | None
    started_at: datetime
    finished_at: datetime | None


def begin(
    tx: Tx,
    *,
    kind: str,
    subject: str,
    identity: str,
    who: str,
    host: str,
    owner: str,
    now: datetime,
    until: datetime,
) -> int:
    """Insert an operation that runs under a lease of `owner` until `until`; return its id.

    Its token is 1. `identity` tells it from others of its kind.

    Raises:
        DuplicateKeyError: one of the same kind and identity runs already, on whatever host.
    """
    return tx.add(
        "operations",
        kind=kind,
        subject=subject[:MAX_TEXT_CHARS],
        open_key=f"{kind} {identity}"[:OPEN_KEY_CHARS],
        who=who,
        host=host,
        state=OperationState.RUNNING.value,
        started_at=to_sql(now),
        lease_owner=owner,
        lease_token=1,
        lease_until=to_sql(until),
    )


def report(tx: Tx, operation_id: int, token: int, result: str) -> bool:
    """Store the result so far (JSON); return False when the lease was lost."""
    return OPERATIONS.write(tx, operation_id, token, "result=:result", result=result)


def finish(
    tx: Tx,
    operation_id: int,
    token: int,
    *,
    result: str | None,
    error: str | None,
    now: datetime,
) -> bool:
    """End an operation with its result, or with why it ended early; False without its lease.

    A `result` of None leaves what was reported last.
    """
    state = OperationState.SUCCEEDED if error is None else OperationState.FAILED
    return OPERATIONS.give_back(
        tx,
        operation_id,
        token,
        "state=:state, open_key=NULL, result=COALESCE(:result, result), error=:error,"
        " finished_at=:now",
        state=state.value,
        result=result,
        error=None if error is None else error[:MAX_TEXT_CHARS],
        now=to_sql(now),
    )


def reap(tx: Tx, now: datetime, error: str) -> int:
    """Fail operations whose lease ran out, as their process ended; return their number."""
    return OPERATIONS.reap(
        tx, now, "state='failed', open_key=NULL, finished_at=:now, error=:error", error=error
    )


def get(tx: Tx, operation_id: int) -> OperationRow | None:
    """Return the operation with that id; None when there is none."""
    row = tx.one("SELECT * FROM operations WHERE id=:id", id=operation_id)
    return row_to(OperationRow, row) if row else None


def newest(tx: Tx, limit: int) -> list[OperationRow]:
    """Return up to `limit` operations of all hosts, newest first."""
    rows = tx.all("SELECT * FROM operations ORDER BY id DESC LIMIT :limit", limit=limit)
    return [row_to(OperationRow, row) for row in rows]
