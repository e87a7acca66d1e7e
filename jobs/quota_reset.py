"""The job at midnight: reset the counters of past days, and wake tasks that wait for quota.

No limit depends on it: every write that uses quota begins the new day by itself.
"""

from __future__ import annotations

from core.clock import Clock, QuotaCalendar
from core.messages import Message
from storage.crawling import accounts, task_control
from storage.engines.transactions import Database


def reset_quota(database: Database, clock: Clock, calendar: QuotaCalendar) -> Message:
    """Reset `accounts.today_export_count` of past quota days, and return a summary; safe to
    repeat."""
    now = clock.now()
    day = calendar.day(now)
    reset = database.write_idempotent(accounts.reset_quota, day, now)
    woken = database.write_idempotent(task_control.wake_for_quota, now)
    return Message.of("quota_day_started", day=day, accounts=reset, tasks=woken)
