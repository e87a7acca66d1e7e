"""The job at midnight: reset the counters of past days, and wake tasks that wait for quota.

No limit depends on it: every write that uses quota begins the new day by itself.
"""

from __future__ import annotations

from core.clock import Clock, QuotaCalendar
from core.messages import Message
from jobs.due import JobContext
from storage.crawling import accounts, tasks
from storage.engines.transactions import Database


class QuotaReset:
    """The job that resets `accounts.today_export_count` of past quota days."""

    def __init__(self, *, database: Database, clock: Clock, calendar: QuotaCalendar) -> None:
        self._database = database
        self._clock = clock
        self._calendar = calendar

    def run(self, _context: JobContext) -> Message:
        """Reset the counters of days before today, and return a summary; safe to repeat."""
        now = self._clock.now()
        day = self._calendar.day(now)
        reset = self._database.write_idempotent(accounts.reset_quota, day, now)
        woken = self._database.write_idempotent(tasks.wake_for_quota, now)
        return Message.of("quota_day_started", day=day, accounts=reset, tasks=woken)
