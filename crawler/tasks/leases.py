"""The lease of a task, as the worker that holds it sees it."""

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
    """A leased task, as it was when it was claimed; its current token is the one of `lease`."""

    task: Task
    lease: Lease

    @property
    def id(self) -> int:
        """Return the id of the task."""
        return self.task.id


def refused_write_error(tx: Tx, leased: TaskLease) -> LeaseLostError | TaskHaltedSignal:
    """Return the error that explains why a write under the lease changed no row.

    TaskHaltedSignal: the lease holds, but the operator paused or cancelled the task.
    LeaseLostError: another worker has taken the task over.
    """
    task = tasks.get(tx, leased.id)
    if task is not None and task.lease_token == leased.lease.token:
        return TaskHaltedSignal(f"task {leased.id} is {task.status}")
    return LeaseLostError("task_taken_over", task_id=leased.id)
