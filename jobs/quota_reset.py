"""The job at midnight: resets the counters of the day and wakes the tasks that wait for quota.

No limit depends on it: every write that spends quota rolls the day over by itself.
"""

from __future__ import annotations

from core.clock import Clock, QuotaCalendar
from core.messages import Message
from storage.crawling import accounts, task_control
from storage.engines.transactions import Database


def reset_quota(database: Database, clock: Clock, calendar: QuotaCalendar) -> Message:
    """Reset the counters of days before today, and return a summary."""
    now = clock.now()
    day = calendar.day(now)
    reset = database.write_idempotent(accounts.reset_quota, day, now)
    woken = database.write_idempotent(task_control.wake_for_quota, now)
    return Message.of("quota_day_started", day=day, accounts=reset, tasks=woken)
