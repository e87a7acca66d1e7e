"""Daily budgets of paid or metered APIs: quota units, or millionths of a dollar."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from core.clock import Clock, QuotaCalendar
from core.errors import PlatformQuotaError
from storage.crawling import api_budgets
from storage.engines.transactions import Database


class DailyBudget:
    """A budget counted in the database, so that all processes and restarts share one day's sum.

    Args:
        limit: units that may be spent in a day.
        zone: name of the time zone in which the platform's day begins.
    """

    def __init__(
        self, *, database: Database, clock: Clock, platform: str, limit: int, zone: str
    ) -> None:
        self._database = database
        self._clock = clock
        self._platform = platform
        self._limit = limit
        self._calendar = QuotaCalendar(ZoneInfo(zone))

    def spend(self, units: int) -> None:
        """Reserve units before the request that uses them is sent.

        Raises:
            PlatformQuotaError: the day has no room for them; nothing was reserved. It says when the
                next day begins.
        """
        now = self._clock.now()
        day = self._calendar.day(now)
        if not self._database.write(api_budgets.spend, self._platform, day, units, self._limit):
            until = self._calendar.next_day_starts(now)
            raise PlatformQuotaError(
                "daily_budget_spent", until, platform=self._platform, units=self._limit
            )

    def left(self) -> int:
        """Return the units that may still be spent today; negative when the limit was lowered
        since.
        """
        day = self._calendar.day(self._clock.now())
        return self._limit - self._database.read(api_budgets.spent, self._platform, day)
