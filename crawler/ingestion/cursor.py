"""The position of a worker in an ingestion task, and how its work with an account ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from crawler.ingestion.confirmation import Confirmation
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

    `confirmation` holds what accounts were told of the next page without settling it. `held_up`
    are the accounts whose egress is left alone, and until when (UTC).
    """

    next_page: int
    page_to: int | None
    confirmation: Confirmation = field(init=False)
    held_up: dict[int, datetime] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.confirmation = Confirmation(self.next_page)

    @classmethod
    def of(cls, task: Task) -> Cursor:
        """Return the cursor after the last stored page; without one, at the range's first page."""
        last_page = task.last_page or (task.page_from or 1) - 1
        cursor = cls(last_page + 1, task.page_to)
        cursor.confirmation = Confirmation.load(task.last_error, cursor.next_page)
        return cursor

    @property
    def at_end(self) -> bool:
        """Return whether no page of the range is left."""
        return self.page_to is not None and self.next_page > self.page_to

    @property
    def page_to_ask(self) -> int:
        """Return the page to request: behind a page believed to be empty, the one after it."""
        return self.next_page + 1 if self.confirmation.is_empty else self.next_page

    def move_to(self, page: int, page_to: int | None) -> None:
        """Go on with `page`, of which nothing is known yet."""
        self.next_page, self.page_to = page, page_to
        self.confirmation = Confirmation(page)
