"""The lease of a task, as held by a worker."""

from __future__ import annotations

from dataclasses import dataclass

from core.cancellation import TaskHaltedSignal
from core.errors import LeaseLostError
from core.leases import Lease
from storage.crawling import tasks
from storage.engines.transactions import Tx
from storage.models.tasks import Task


@dataclass(frozen=True)
class TaskLease:
    """A leased task: its row as it was before the claim, and the lease with the current token."""

    task: Task
    lease: Lease

    @property
    def id(self) -> int:
        """Return the id of the task."""
        return self.task.id


def refused_write_error(tx: Tx, leased: TaskLease) -> LeaseLostError | TaskHaltedSignal:
    """Return the error that explains why a write under the lease changed no row.

    It is TaskHaltedSignal when the lease holds but the operator paused or cancelled the task, and
    LeaseLostError when another worker has taken the task over.
    """
    task = tasks.get(tx, leased.id)
    if task is not None and task.lease_token == leased.lease.token:
        return TaskHaltedSignal(f"task {leased.id} is {task.status}")
    return LeaseLostError("task_taken_over", task_id=leased.id)
