"""Accounts of the pool and their events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class AccountStatus(StrEnum):
    """What an account is used for just now; DISABLED until a person enables it."""

    IDLE = "idle"
    INGESTING = "ingesting"
    EXPORTING = "exporting"
    DISABLED = "disabled"


class Health(StrEnum):
    """How far the platform trusts an account, judged by its answers."""

    HEALTHY = "healthy"
    SUSPECT = "suspect"  # refused; rests, and is probed before it works again
    PROBATION = "probation"  # the probe passed; healthy after some good answers


@dataclass(frozen=True)
class Account:
    """A row of `accounts`.

    `password`, `session`, `proxy` and `device` are encrypted. `today_export_count` counts for
    `quota_day`. `pace` is JSON text, and `ready_at` when it allows the next request (None: now);
    without `pace_known` the account has to be treated as if its pace was used up. `failure_count`
    counts refusals in a row. `working_task_id` is the top-level task that it works for, or worked
    for last: it stays while the account rests between two requests (`accounts/activity.py` decides
    how long it counts). `today_page_count` counts for `pages_day`. `platform_uid` is the
    platform's own id of the login, and `uid_seen_at` when the platform showed it for the stored
    session: until then (None) it is what the cookies claim. `session_version` grows whenever
    `session` is replaced by an import or by the platform (then at `session_renewed_at`).
    `user_agent` is that of the browser which the session comes from; None: the platform's usual
    one is sent. `egress` is the route by which it left last (`sources/transport/egress.py`); None
    before its first lease since that is recorded. `group_name` is the group that it belongs to;
    None for none. A row with `deleted_at` is a tombstone: disabled for good, without secrets, and
    kept for what it exported.
    """

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
    platform_uid: str | None
    user_agent: str | None
    egress: str | None
    group_name: str | None
    deleted_at: datetime | None
    uid_seen_at: datetime | None
    device: str | None = field(repr=False)
    session_renewed_at: datetime | None
    session_version: int
    working_task_id: int | None
    today_page_count: int
    pages_day: date
    lease_owner: str | None
    lease_token: int
    lease_until: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def is_proven(self) -> bool:
        """Return whether the platform itself has shown who the stored session signs in."""
        return self.platform_uid is not None and self.uid_seen_at is not None

    def exported_on(self, day: date) -> int:
        """Return the number of rows exported on `day`; 0 when the account counts another day."""
        return self.today_export_count if self.quota_day == day else 0

    def pages_on(self, day: date) -> int:
        """Return the number of pages crawled on `day`; 0 when the account counts another day."""
        return self.today_page_count if self.pages_day == day else 0

    def remaining_quota(self, day: date) -> int:
        """Return the rows that may still be exported on `day`.

        0 when the account counts a later day already, as the quota day never goes back.
        """
        if self.quota_day > day:
            return 0
        return max(0, self.daily_export_limit - self.exported_on(day))


@dataclass(frozen=True)
class AccountEvent:
    """An entry of an account's timeline; `detail` is a stored message, `evidence` JSON text."""

    id: int
    account_id: int
    username: str
    kind: str
    detail: str
    evidence: str | None
    until_at: datetime | None
    created_at: datetime
