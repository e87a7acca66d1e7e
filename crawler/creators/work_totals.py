"""Sum up the days that are over, so that metrics need not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from core.clock import Clock, QuotaCalendar
from core.messages import Message
from storage.engines.transactions import Database
from storage.operations import work_totals

# A page or a batch of the day before may be committed after midnight, and another zone may be set.
SETTLED_AFTER = timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class WorkTotalsJob:
    """The job that keeps the sums of all days but the last two.

    It sums up everything each time, so that a sum that went wrong is right on the next day.

    Args:
        is_every_page_counted: whether the pages of older releases are in the sums of days.
    """

    database: Database
    clock: Clock
    calendar: QuotaCalendar
    is_every_page_counted: Callable[[], bool]

    def run(self) -> Message:
        """Keep the sums and return a message; safe to repeat."""
        if not self.is_every_page_counted():
            return Message.of("work_totals_wait")
        through = self.calendar.day(self.clock.now()) - SETTLED_AFTER
        # Read outside of the transaction that writes: nobody waits for it.
        totals = self.database.read(work_totals.up_to, through)
        self.database.write(work_totals.keep, totals)
        return Message.of(
            "work_totals_kept", day=through, crawled=totals.crawled, exported=totals.exported
        )
