"""Accounts of the pool and their events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from storage.engines.datetimes import day_from_sql, from_sql, from_sql_or_none


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
