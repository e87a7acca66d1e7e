"""The status of a parent task, which follows from its pieces."""

from __future__ import annotations

from datetime import datetime

from core.messages import Message
from storage.crawling import task_pieces, tasks
from storage.engines.transactions import Tx
from storage.models.tasks import TaskStatus

CANCELLED = Message.of("cancelled_by_operator").dump()
# The second is how versions before schema 6 recorded it.
CANCELLATIONS = (CANCELLED, "cancelled by the operator")


def update_parent(tx: Tx, parent_id: int | None, now: datetime) -> None:
    """Set a parent's status to the one that follows from its pieces; do nothing without a parent.

    Call it in every transaction that changes the status of a piece.
    """
    if parent_id is None:
        return
    # Without the lock two workers that end the last two pieces would each miss the other's end.
    task_pieces.lock_parent(tx, parent_id, now)
    status = status_from_pieces(task_pieces.child_statuses(tx, parent_id))
    error = _failure(tx, parent_id) if status is TaskStatus.FAILED else None
    task_pieces.set_parent_status(tx, parent_id, status, now, error)


def status_from_pieces(pieces: set[TaskStatus]) -> TaskStatus:
    """Return the status of a parent whose pieces are in these statuses; completed for no piece."""
    if TaskStatus.IN_PROGRESS in pieces:
        return TaskStatus.IN_PROGRESS
    if TaskStatus.PENDING in pieces:
        return TaskStatus.PENDING if len(pieces) == 1 else TaskStatus.IN_PROGRESS
    if TaskStatus.PAUSED in pieces:
        return TaskStatus.PAUSED
    return TaskStatus.FAILED if TaskStatus.FAILED in pieces else TaskStatus.COMPLETED


def _failure(tx: Tx, parent_id: int) -> str | None:
    # The operator cancels a parent after some of its pieces failed: that reason must stay.
    parent = tasks.get(tx, parent_id)
    if parent is not None and parent.last_error in CANCELLATIONS:
        return parent.last_error
    return task_pieces.first_child_error(tx, parent_id)
