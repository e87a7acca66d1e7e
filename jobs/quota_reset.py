"""The job at midnight: resets the counters of the day and wakes the tasks that wait for quota.

No limit depends on it: every write that spends quota rolls the day over by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.clock import Clock, QuotaCalendar
from core.messages import Message
from jobs.due import JobContext
from storage.crawling import accounts, task_control
from storage.engines.transactions import Database


@dataclass(frozen=True, kw_only=True)
class QuotaReset:
    """Resets the counters of past quota days."""

    database: Database
    clock: Clock
    calendar: QuotaCalendar

    def run(self, _context: JobContext) -> Message:
        """Reset the counters of days before today, and return a summary."""
        now = self.clock.now()
        day = self.calendar.day(now)
        reset = self.database.write_idempotent(accounts.reset_quota, day, now)
        woken = self.database.write_idempotent(task_control.wake_for_quota, now)
        return Message.of("quota_day_started", day=day, accounts=reset, tasks=woken)
