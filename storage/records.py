"""Rows as frozen values. Their field names are the column names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from storage.times import day_from_sql, from_sql, from_sql_or_none


class AccountStatus(StrEnum):
    IDLE = "idle"
    INGESTING = "ingesting"
    EXPORTING = "exporting"
    DISABLED = "disabled"


class Health(StrEnum):
    """How far the platform trusts an account, as we have seen it."""

    HEALTHY = "healthy"
    SUSPECT = "suspect"  # refused; rests, and is probed before it works again
    PROBATION = "probation"  # the probe passed; healthy after some good answers


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


class SegmentState(StrEnum):
    OPEN = "open"
    SEALED = "sealed"


@dataclass(frozen=True)
class Account:
    id: int
    platform: str
    username: str
    password: str | None = field(repr=False)
    session: str | None = field(repr=False)
    proxy: str | None = field(repr=False)
    status: AccountStatus
    daily_export_limit: int
    today_export_count: int
    quota_day: date
    last_used_at: datetime | None
    cooldown_until: datetime | None
    failure_count: int
    disabled_reason: str | None
    health: Health
    good_answers: int
    pace: str | None = field(repr=False)
    pace_known: bool
    ready_at: datetime | None
    session_checked_at: datetime | None
    session_expires_at: datetime | None
    lease_owner: str | None
    lease_token: int
    lease_until: datetime | None
    created_at: datetime
    updated_at: datetime

    def exported_on(self, day: date) -> int:
        return self.today_export_count if self.quota_day == day else 0

    def remaining_quota(self, day: date) -> int:
        """Rows that this account may still export on `day`; none when it has counted a later one
        (the quota day never goes back)."""
        if self.quota_day > day:
            return 0
        return max(0, self.daily_export_limit - self.exported_on(day))

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Account:
        return cls(
            id=row["id"],
            platform=row["platform"],
            username=row["username"],
            password=row["password"],
            session=row["session"],
            proxy=row["proxy"],
            status=AccountStatus(row["status"]),
            daily_export_limit=row["daily_export_limit"],
            today_export_count=row["today_export_count"],
            quota_day=day_from_sql(row["quota_day"]),
            last_used_at=from_sql_or_none(row["last_used_at"]),
            cooldown_until=from_sql_or_none(row["cooldown_until"]),
            failure_count=row["failure_count"],
            disabled_reason=row["disabled_reason"],
            health=Health(row["health"]),
            good_answers=row["good_answers"],
            pace=row["pace"],
            pace_known=bool(row["pace_known"]),
            ready_at=from_sql_or_none(row["ready_at"]),
            session_checked_at=from_sql_or_none(row["session_checked_at"]),
            session_expires_at=from_sql_or_none(row["session_expires_at"]),
            lease_owner=row["lease_owner"],
            lease_token=row["lease_token"],
            lease_until=from_sql_or_none(row["lease_until"]),
            created_at=from_sql(row["created_at"]),
            updated_at=from_sql(row["updated_at"]),
        )


@dataclass(frozen=True)
class AccountEvent:
    id: int
    account_id: int
    username: str
    kind: str
    detail: str
    evidence: str | None
    until_at: datetime | None
    created_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> AccountEvent:
        return cls(
            id=row["id"],
            account_id=row["account_id"],
            username=row["username"],
            kind=row["kind"],
            detail=row["detail"],
            evidence=row["evidence"],
            until_at=from_sql_or_none(row["until_at"]),
            created_at=from_sql(row["created_at"]),
        )


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


@dataclass(frozen=True)
class Segment:
    """One export file: a row of `export_logs`."""

    id: int
    task_id: int
    account_id: int
    platform: str
    domain: str
    quota_day: date
    quota_limit: int
    exported_count: int
    first_id: int
    last_id: int
    format: str
    options: Mapping[str, Any]
    state: SegmentState
    file_path: str | None
    bytes: int | None
    sha256: str | None
    host: str
    start_time: datetime
    end_time: datetime | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Segment:
        return cls(
            id=row["id"],
            task_id=row["task_id"],
            account_id=row["account_id"],
            platform=row["platform"],
            domain=row["domain"],
            quota_day=day_from_sql(row["quota_day"]),
            quota_limit=row["quota_limit"],
            exported_count=row["exported_count"],
            first_id=row["first_id"],
            last_id=row["last_id"],
            format=row["format"],
            options=json.loads(row["options"]),
            state=SegmentState(row["state"]),
            file_path=row["file_path"],
            bytes=row["bytes"],
            sha256=row["sha256"],
            host=row["host"],
            start_time=from_sql(row["start_time"]),
            end_time=from_sql_or_none(row["end_time"]),
        )


@dataclass(frozen=True)
class Worker:
    """One running process."""

    id: str
    host: str
    pid: int
    roles: str
    started_at: datetime
    seen_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Worker:
        return cls(
            id=row["id"],
            host=row["host"],
            pid=row["pid"],
            roles=row["roles"],
            started_at=from_sql(row["started_at"]),
            seen_at=from_sql(row["seen_at"]),
        )
