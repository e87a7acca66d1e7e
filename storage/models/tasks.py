"""Crawl and export tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class TaskType(StrEnum):
    """INGESTION crawls a platform; EXPORT writes stored creators to files."""

    INGESTION = "ingestion"
    EXPORT = "export"


class TaskStatus(StrEnum):
    """The status of a task; the first three are open ones (OPEN_STATUSES)."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"


OPEN_STATUSES = (TaskStatus.PENDING, TaskStatus.IN_PROGRESS, TaskStatus.PAUSED)


class WaitingFor(StrEnum):
    """What an open task waits for."""

    ACCOUNT = "account"
    QUOTA = "quota"
    ROWS = "rows"
    PLATFORM = "platform"
    DISK = "disk"


@dataclass(frozen=True)
class Pin:
    """Whom a task is pinned to: one account, a group of accounts, or (both None) nobody."""

    account_id: int | None = None
    group: str | None = None

    def __bool__(self) -> bool:
        """Return whether only some accounts may work on the task."""
        return self != NO_PIN


NO_PIN = Pin()


@dataclass(frozen=True)
class Task:
    """A task or, with `parent_id`, a piece of one: a part of its work, for one worker at a time.

    Only leaves (pieces, and tasks that were not split) are claimed. `progress_marker` is `page=N`,
    `last_id=N` or `place=N` (of a selection). Before `not_before` nobody claims it; a paused task
    without one waits for the operator. `attempts` counts failures in a row. A crawl searches for
    its `keyword`; None: for the domain. `end_reason` (a stored message) says why it was completed
    before its last page. Only the account `only_account_id`, or only those of the group
    `only_group`, may work on it; both None: all of its platform.
    """

    id: int
    parent_id: int | None
    task_type: TaskType
    platform: str
    domain: str
    status: TaskStatus
    is_leaf: bool
    progress_marker: str | None
    page_from: int | None
    page_to: int | None
    item_count: int
    new_count: int
    options: Mapping[str, Any]
    assigned_account_id: int | None
    attempts: int
    not_before: datetime | None
    waiting_for: WaitingFor | None
    waiting_since: datetime | None
    last_error: str | None
    lease_owner: str | None
    lease_token: int
    lease_until: datetime | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    keyword: str | None
    end_reason: str | None
    only_account_id: int | None
    only_group: str | None

    @property
    def search_word(self) -> str:
        """What a crawl searches for: its keyword, or the name of its domain."""
        return self.keyword or self.domain

    @property
    def pin(self) -> Pin:
        """Whom the task is pinned to."""
        return Pin(self.only_account_id, self.only_group)

    @property
    def top_level_id(self) -> int:
        """The id of the task that operators know: the parent's for a piece, else its own."""
        return self.parent_id or self.id

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def last_page(self) -> int | None:
        """The last page that is stored; None before the first one."""
        return self._marker("page")

    @property
    def last_id(self) -> int:
        """The highest creator id that the export has come to; 0 before the first row."""
        return self._marker("last_id") or 0

    @property
    def last_place(self) -> int:
        """The last place of its selection that the export has come to; 0 before the first row."""
        return self._marker("place") or 0

    def _marker(self, name: str) -> int | None:
        if self.progress_marker is None or not self.progress_marker.startswith(f"{name}="):
            return None
        return int(self.progress_marker.removeprefix(f"{name}="))
