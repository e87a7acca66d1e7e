"""Queries that renew leases of every kind, and those on `workers`, the running processes."""

from __future__ import annotations

from datetime import datetime

from core.leases import LeaseKind
from storage import leasing
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.models.mapping import row_to
from storage.models.workers import Worker

TABLES = {
    LeaseKind.TASK: leasing.TASKS,
    LeaseKind.ACCOUNT: leasing.ACCOUNTS,
    LeaseKind.JOB: leasing.JOB_RUNS,
    LeaseKind.BROADCAST: leasing.BROADCASTER,
    LeaseKind.WEBHOOK: leasing.DELIVERIES,
}


def renew(tx: Tx, kind: LeaseKind, row_id: int, owner: str, token: int, until: datetime) -> bool:
    """Move the end of a lease to `until`; return False when the lease was lost."""
    return TABLES[kind].renew(tx, row_id, token, owner=owner, until=until)


def announce(tx: Tx, worker: Worker) -> None:
    """Insert a running process, or update when it was last seen alive."""
    tx.execute(
        "INSERT INTO workers (id, host, pid, roles, started_at, seen_at)"
        " VALUES (:id, :host, :pid, :roles, :started_at, :seen_at)"
        f" {tx.dialect.on_conflict_update('id', ['seen_at'])}",
        id=worker.id,
        host=worker.host,
        pid=worker.pid,
        roles=worker.roles,
        started_at=to_sql(worker.started_at),
        seen_at=to_sql(worker.seen_at),
    )


def retire(tx: Tx, worker_id: str) -> None:
    """Remove the row of a process that ends."""
    tx.execute("DELETE FROM workers WHERE id=:id", id=worker_id)


def forget_unseen(tx: Tx, before: datetime) -> int:
    """Remove processes last seen before that moment, as they died; return their number."""
    return tx.execute("DELETE FROM workers WHERE seen_at<:before", before=to_sql(before))


def workers(tx: Tx) -> list[Worker]:
    """Return the processes that have a row, in the order of their start."""
    rows = tx.all("SELECT * FROM workers ORDER BY started_at, id")
    return [row_to(Worker, row) for row in rows]
