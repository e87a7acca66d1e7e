"""The operator's changes to a filed task: pause, resume and cancel."""

from __future__ import annotations

from dataclasses import dataclass

from core.clock import Clock
from core.errors import InvalidInputError
from core.messages import Message
from crawler.tasks.parents import CANCELLED, update_parent
from storage.crawling import export_segments, task_control, task_pins, tasks
from storage.engines.transactions import Database, Tx
from storage.models.segments import SegmentState
from storage.models.tasks import Pin, Task, TaskStatus, TaskType


@dataclass(frozen=True, kw_only=True)
class TaskControl:
    """Pauses, resumes, pins and cancels tasks; a worker that has one stops at its next write."""

    database: Database
    clock: Clock

    def pause(self, task_id: int) -> None:
        """Keep a task and its pieces from being claimed until they are resumed.

        Raises:
            InvalidInputError: there is no such task, or it has ended.
        """

        def work(tx: Tx) -> None:
            now = self.clock.now()
            task = _require_open(tx, task_id)
            task_control.pause(tx, task.id, now)
            update_parent(tx, task.parent_id, now)

        self.database.write_idempotent(work)

    def resume(self, task_id: int) -> None:
        """Make a paused, waiting or failed task claimable at once.

        Raises:
            InvalidInputError: there is no such task, it is completed, or another open task of the
                same platform and domain has taken its place.
        """

        def work(tx: Tx) -> None:
            now = self.clock.now()
            task = _require_task(tx, task_id)
            if task.status is TaskStatus.COMPLETED:
                raise InvalidInputError("task_completed", task_id=task_id)
            top_level = task if task.parent_id is None else _require_task(tx, task.parent_id)
            if not task_control.reopen(tx, top_level):
                kind = Message.of(f"{task.task_type}_task")
                raise InvalidInputError("another_task_open", kind=kind, domain=task.domain)
            task_control.resume(tx, task.id, now)
            update_parent(tx, task.parent_id if task.is_leaf else task.id, now)

        self.database.write_idempotent(work)

    def move_output(self, task_id: int, out: str) -> None:
        """Have an open export write its files to another folder, those it left open included.

        Its workers lose it and claim it again; finished files stay where they are.

        Args:
            out: an absolute folder.

        Raises:
            InvalidInputError: there is no such task, it has ended, it is a piece of another, or it
                is a crawl.
        """

        def work(tx: Tx) -> None:
            now = self.clock.now()
            task = _require_open(tx, task_id)
            if task.task_type is not TaskType.EXPORT or task.parent_id is not None:
                raise InvalidInputError("task_without_output", task_id=task_id)
            task_control.restart(tx, task.id, {**task.options, "out": out}, now)
            for segment in export_segments.of_task(tx, task.id):
                if segment.state is SegmentState.OPEN:
                    export_segments.move(tx, segment, out)
            if not task.is_leaf:
                update_parent(tx, task.id, now)

        self.database.write_idempotent(work)

    def pin(self, task_id: int, pin: Pin) -> None:
        """Let only the accounts that a pin admits (NO_PIN: every one) work on an open task.

        Its workers lose it and claim it again.

        Raises:
            InvalidInputError: there is no such task, it has ended, or it is a piece of another.
        """

        def work(tx: Tx) -> None:
            now = self.clock.now()
            task = _require_open(tx, task_id)
            if task.parent_id is not None:
                raise InvalidInputError(
                    "piece_not_pinned", task_id=task_id, parent_id=task.parent_id
                )
            if task.pin == pin:
                return
            task_pins.set_pin(tx, task.id, pin, now)
            if not task.is_leaf:
                update_parent(tx, task.id, now)

        self.database.write_idempotent(work)

    def cancel(self, task_id: int) -> None:
        """End a task for good, as failed. What it stored and exported stays.

        Raises:
            InvalidInputError: there is no such task, or it has ended.
        """

        def work(tx: Tx) -> None:
            now = self.clock.now()
            # The lease stays: its holder's next write is refused, and then the holder ends it.
            task = _require_open(tx, task_id)
            task_control.cancel(tx, task.id, now, CANCELLED)
            update_parent(tx, task.parent_id, now)

        self.database.write_idempotent(work)


def _require_task(tx: Tx, task_id: int) -> Task:
    task = tasks.get(tx, task_id)
    if task is None:
        raise InvalidInputError("task_not_found", task_id=task_id)
    return task


def _require_open(tx: Tx, task_id: int) -> Task:
    task = _require_task(tx, task_id)
    if not task.is_open:
        raise InvalidInputError(
            "task_ended", task_id=task_id, status=Message.of(f"status_{task.status}")
        )
    return task
