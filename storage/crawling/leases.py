"""Queries that renew leases of every kind, and those on `workers`, the running processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.leases import LeaseKind
from storage import leasing
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx, in_list
from storage.leasing import Renewal
from storage.models.mapping import row_of, row_to


@dataclass(frozen=True)
class Worker:
    """A running process: its host and pid, the services it runs, and when it was last seen."""

    id: str
    host: str
    pid: int
    roles: str
    started_at: datetime
    seen_at: datetime


TABLES = {
    LeaseKind.TASK: leasing.TASKS,
    LeaseKind.ACCOUNT: leasing.ACCOUNTS,
    LeaseKind.JOB: leasing.JOB_RUNS,
    LeaseKind.BROADCAST: leasing.BROADCASTER,
    LeaseKind.WEBHOOK: leasing.DELIVERIES,
    LeaseKind.OPERATION: leasing.OPERATIONS,
    LeaseKind.HOUR: leasing.VIEW_HOURS,
}


def renew(
    tx: Tx, kind: LeaseKind, tokens: Mapping[int, int], owner: str, until: datetime
) -> Renewal:
    """Move the end of leases of one kind to `until`; `tokens` has theirs by row."""
    return TABLES[kind].renew(tx, tokens, owner=owner, until=until)


def announce(tx: Tx, worker: Worker) -> None:
    """Insert a running process, or update when it was last seen alive.

    Its row is left alone while another client has locked it.
    """
    seen = "SELECT 1 AS yes FROM workers WHERE id=:id"
    if tx.exists(seen, id=worker.id) and not tx.exists(seen + tx.dialect.lock_suffix, id=worker.id):
        return
    tx.add("workers", tx.dialect.on_conflict_update("id", ["seen_at"]), **row_of(worker))


def retire(tx: Tx, worker_id: str) -> None:
    """Remove the row of a process that ends."""
    tx.execute("DELETE FROM workers WHERE id=:id", id=worker_id)


def forget_unseen(tx: Tx, before: datetime) -> int:
    """Remove processes last seen before that moment, as they died; return their number.

    Rows that another client has locked stay until the next call.
    """
    found = tx.column(
        f"SELECT id FROM workers WHERE seen_at<:before{tx.dialect.lock_suffix}",
        before=to_sql(before),
    )
    marks, ids = in_list(found)
    return tx.execute(f"DELETE FROM workers WHERE id IN ({marks})", **ids) if found else 0


def workers(tx: Tx) -> list[Worker]:
    """Return the processes that have a row, in the order of their start."""
    rows = tx.all("SELECT * FROM workers ORDER BY started_at, id")
    return [row_to(Worker, row) for row in rows]
