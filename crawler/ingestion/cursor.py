"""The position of a worker in an ingestion task, and how its work with an account ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from storage.models.tasks import Task


class Outcome(Enum):
    """How work on a task with one account ended."""

    TASK_ENDED = auto()  # completed, failed, split or requeued
    NEXT_ACCOUNT = auto()  # the account was given back; another one fetches the same page


@dataclass
class Cursor:
    """A worker's position in an ingestion task.

    `next_page` is to be fetched next; `page_to` is the last page of the task's range, None until
    page 1 has told how many there are.
    """

    next_page: int
    page_to: int | None

    @classmethod
    def of(cls, task: Task) -> Cursor:
        """Return the cursor after the last stored page; without one, at the range's first page."""
        last_page = task.last_page or (task.page_from or 1) - 1
        return cls(last_page + 1, task.page_to)

    @property
    def at_end(self) -> bool:
        """Return whether no page of the range is left."""
        return self.page_to is not None and self.next_page > self.page_to
