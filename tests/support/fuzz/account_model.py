"""What the account table must say, worked out without a line of the product's code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

LEASE = timedelta(seconds=30)
MAX_REST = timedelta(days=7)
ENOUGH_GOOD_ANSWERS = 10
BUSY = ("ingesting", "exporting")


@dataclass
class AccountModel:
    """One account."""

    id: int
    limit: int
    status: str = "idle"
    token: int = 0
    owner: str | None = None
    until: datetime | None = None
    rests_until: datetime | None = None
    failures: int = 0
    health: str = "healthy"
    good: int = 0
    ready_at: datetime | None = None
    checked_at: datetime | None = None
    used_at: datetime | None = None
    quota_day: date = date(1970, 1, 1)
    spent: int = 0

    def fit(self, purpose: str, now: datetime, day: date) -> bool:
        if self.status != "idle" or (self.rests_until is not None and self.rests_until > now):
            return False
        if purpose == "ingesting":
            return self.ready_at is None or self.ready_at <= now
        return self.left(day) > 0

    def unchecked(self, now: datetime) -> bool:
        return self.checked_at is None or self.checked_at < now - timedelta(days=1)

    def left(self, day: date) -> int:
        return self.limit - (self.spent if self.quota_day == day else 0)

    def spend(self, count: int, day: date) -> bool:
        if self.status != "exporting" or count > self.left(day):
            return False
        self.spent = self.limit - self.left(day) + count
        self.quota_day = day
        return True

    def turn(self) -> tuple[bool, float, int]:
        """Return a sort key: the least recently used account first."""
        return (self.used_at is not None, self.used_at.timestamp() if self.used_at else 0, self.id)

    def taken(self, purpose: str, owner: str, now: datetime) -> None:
        assert self.status == "idle"  # one holder at a time, and no disabled one
        self.status, self.owner, self.until, self.used_at = purpose, owner, now + LEASE, now
        self.token += 1

    def holds(self, token: int) -> bool:
        return self.token == token and self.status in BUSY

    def given_back(self, now: datetime, status: str = "idle") -> None:
        self.status, self.owner, self.until, self.used_at = status, None, None, now

    def released(self, now: datetime, *, worked: bool, successful_requests: int) -> None:
        self.given_back(now)
        self.good = self.good + successful_requests if self.health == "probation" else 0
        if self.good >= ENOUGH_GOOD_ANSWERS:
            self.health, self.failures, self.good = "healthy", 0, 0
        elif self.health == "healthy" and worked:
            self.failures = 0

    def rested(self, now: datetime, base_secs: float, suspect: bool) -> None:
        rest = timedelta(seconds=base_secs * 2 ** min(self.failures, 4))
        self.given_back(now)
        self.rests_until = now + min(rest, MAX_REST)
        self.failures += 1
        self.good = 0
        self.health = "suspect" if suspect else self.health

    def set_by_operator(self, status: str) -> None:
        self.status, self.owner, self.until, self.rests_until = status, None, None, None
        self.token += 1
        self.failures, self.good, self.health = 0, 0, "healthy"

    def reaped(self, now: datetime) -> bool:
        if self.status not in BUSY or self.until is None or self.until >= now:
            return False
        self.status, self.owner, self.until = "idle", None, None
        self.token += 1
        return True

    def row(self) -> tuple[object, ...]:
        return (
            self.status,
            self.token,
            self.owner,
            self.until,
            self.rests_until,
            self.failures,
            self.health,
            self.good,
            self.ready_at,
            self.checked_at,
            self.used_at,
            self.quota_day,
            self.spent,
        )
