"""Time as a collaborator: product code asks a Clock, tests move one."""

from __future__ import annotations

import threading
import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Where the time comes from and how a thread waits."""

    def now(self) -> datetime:
        """The current moment, timezone-aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never run backwards; only differences mean something."""

    def wait(self, event: threading.Event, secs: float) -> bool:
        """Wait up to `secs` seconds for `event`; True when it is set."""


class SystemClock:
    """The host's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, event: threading.Event, secs: float) -> bool:
        return event.wait(max(0.0, secs))


class TimeLimit(threading.Event):
    """Set when `stop` is, or when `secs` are over: what heeds a stop ends in time as well."""

    def __init__(self, *, stop: threading.Event, clock: Clock, secs: float) -> None:
        super().__init__()
        self._stop = stop
        self._clock = clock
        self._ends = clock.monotonic() + secs

    def is_set(self) -> bool:
        return self._stop.is_set() or self._secs_left() <= 0

    def wait(self, timeout: float | None = None) -> bool:
        secs = self._secs_left() if timeout is None else min(timeout, self._secs_left())
        return self._stop.wait(max(0.0, secs)) or self.is_set()

    def _secs_left(self) -> float:
        return self._ends - self._clock.monotonic()


def iso_utc(moment: datetime) -> str:
    """`2026-11-22T05:00:00.123Z`: a moment as our JSON has it."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


class QuotaCalendar:
    """Which quota day a moment belongs to: the calendar day in the configured zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def day(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    def next_day_starts(self, now: datetime) -> datetime:
        """The moment (UTC) at which the next quota day begins."""
        tomorrow = self.day(now) + timedelta(days=1)
        midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=self.zone)
        return midnight.astimezone(UTC)

    def bounds(self, day: date) -> tuple[datetime, datetime]:
        """The moments (UTC) at which a quota day begins and at which the next one does."""
        begins, ends = (
            datetime(one.year, one.month, one.day, tzinfo=self.zone).astimezone(UTC)
            for one in (day, day + timedelta(days=1))
        )
        return begins, ends
