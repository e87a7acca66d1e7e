"""Crawl and export tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from storage.engines.datetimes import from_sql, from_sql_or_none


class TaskType(StrEnum):
    INGESTION = "ingestion"
    EXPORT = "export"


class TaskStatus(StrEnum):
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"


OPEN_STATUSES = (TaskStatus.PENDING, TaskStatus.IN_PROGRESS, TaskStatus.PAUSED)


class WaitingFor(StrEnum):
    """Why an open task is not being worked on."""

    ACCOUNT = "account"
    QUOTA = "quota"
    ROWS = "rows"
    PLATFORM = "platform"
    DISK = "disk"


@dataclass(frozen=True)
class Task:
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

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def last_page(self) -> int | None:
        """The last page that is stored, None before the first."""
        return self._marker("page")

    @property
    def last_id(self) -> int:
        """The id up to which the export has gone, 0 before the first row."""
        return self._marker("last_id") or 0

    def _marker(self, name: str) -> int | None:
        if self.progress_marker is None or not self.progress_marker.startswith(f"{name}="):
            return None
        return int(self.progress_marker.removeprefix(f"{name}="))

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Task:
        return cls(
            id=row["id"],
            parent_id=row["parent_id"],
            task_type=TaskType(row["task_type"]),
            platform=row["platform"],
            domain=row["domain"],
            status=TaskStatus(row["status"]),
            is_leaf=bool(row["is_leaf"]),
            progress_marker=row["progress_marker"],
            page_from=row["page_from"],
            page_to=row["page_to"],
            item_count=row["item_count"],
            new_count=row["new_count"],
            options=json.loads(row["options"]),
            assigned_account_id=row["assigned_account_id"],
            attempts=row["attempts"],
            not_before=from_sql_or_none(row["not_before"]),
            waiting_for=WaitingFor(row["waiting_for"]) if row["waiting_for"] else None,
            waiting_since=from_sql_or_none(row["waiting_since"]),
            last_error=row["last_error"],
            lease_owner=row["lease_owner"],
            lease_token=row["lease_token"],
            lease_until=from_sql_or_none(row["lease_until"]),
            created_at=from_sql(row["created_at"]),
            updated_at=from_sql(row["updated_at"]),
            finished_at=from_sql_or_none(row["finished_at"]),
        )
