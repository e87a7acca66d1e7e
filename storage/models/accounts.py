"""Accounts of the pool and their events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class AccountStatus(StrEnum):
    IDLE = "idle"
    INGESTING = "ingesting"
    EXPORTING = "exporting"
    DISABLED = "disabled"


class Health(StrEnum):
    """How far the platform trusts an account, as its answers show."""

    HEALTHY = "healthy"
    SUSPECT = "suspect"  # refused; rests, and is probed before it works again
    PROBATION = "probation"  # the probe passed; healthy after some good answers


@dataclass(frozen=True)
class Account:
    """An account of the pool. Password, session and proxy are encrypted; `pace` is JSON text."""

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
        """Return the number of rows exported on `day`, if that is the day being counted; 0
        otherwise."""
        return self.today_export_count if self.quota_day == day else 0

    def remaining_quota(self, day: date) -> int:
        """Return the number of rows that may still be exported on `day`; 0 when the account
        counts a later one already (the quota day never goes back)."""
        if self.quota_day > day:
            return 0
        return max(0, self.daily_export_limit - self.exported_on(day))


@dataclass(frozen=True)
class AccountEvent:
    """Something that happened to an account."""

    id: int
    account_id: int
    username: str
    kind: str
    detail: str
    evidence: str | None
    until_at: datetime | None
    created_at: datetime
