"""Clocks: product code takes the time from an injected one, tests move theirs by hand."""

from __future__ import annotations

import threading
import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

DEFAULT_ZONE = "Asia/Shanghai"  # of quota days and of shown times
BOOT_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)  # Linux has it


class Clock(Protocol):
    """The source of the time, and the way in which a thread waits."""

    def now(self) -> datetime:
        """Return the current time, timezone-aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards; only differences are meaningful."""

    def wait(self, event: threading.Event, secs: float) -> bool:
        """Wait up to `secs` seconds for `event`; return True when it is set."""


class SystemClock:
    """The clock of this host."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        # This clock counts a suspended host, too: leases run out meanwhile.
        return time.monotonic() if BOOT_CLOCK is None else time.clock_gettime(BOOT_CLOCK)

    def wait(self, event: threading.Event, secs: float) -> bool:
        return event.wait(max(0.0, secs))


class TimeLimit(threading.Event):
    """An event that is set when `stop` is set or `secs` have passed.

    Code that ends on a stop event ends at a time limit as well when it is given this one.
    """

    def __init__(self, *, stop: threading.Event, clock: Clock, secs: float) -> None:
        super().__init__()
        self._stop = stop
        self._clock = clock
        self._ends_at = clock.monotonic() + secs

    def is_set(self) -> bool:
        """Return True when `stop` is set or the time is over."""
        return self._stop.is_set() or self._secs_left() <= 0

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for `stop`, the limit's end or `timeout` seconds; return `is_set()`."""
        secs = self._secs_left() if timeout is None else min(timeout, self._secs_left())
        return self._stop.wait(max(0.0, secs)) or self.is_set()

    def _secs_left(self) -> float:
        return self._ends_at - self._clock.monotonic()


def iso_utc(moment: datetime) -> str:
    """Format a timezone-aware moment for JSON, as in `2026-11-22T05:00:00.123Z`."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


class QuotaCalendar:
    """Converts between moments and quota days, the calendar days by which exports are limited.

    Args:
        zone: the time zone in whose midnight a quota day begins (setting BATON_QUOTA_TIMEZONE).
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def day(self, now: datetime) -> date:
        """Return the quota day that a timezone-aware moment belongs to."""
        return now.astimezone(self.zone).date()

    def next_day_starts(self, now: datetime) -> datetime:
        """Return the moment (UTC) at which the next quota day begins."""
        return self._midnight(self.day(now) + timedelta(days=1))

    def bounds(self, day: date) -> tuple[datetime, datetime]:
        """Return the moments (UTC) at which a quota day and the next one begin."""
        return self._midnight(day), self._midnight(day + timedelta(days=1))

    def _midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)
