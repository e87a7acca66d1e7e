"""The nightly job that packs the hourly numbers of older days, a row for each work and day."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from core.cancellation import StoppedSignal
from core.clock import Clock
from core.messages import Message
from storage.catalogue import view_data
from storage.engines.transactions import Database
from storage.views import days, failures, identities, points
from works.hour_data.day_numbers import WORKS_AT_ONCE, pack_works
from works.hour_data.hours import HOURS_A_DAY, Hour

ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, kw_only=True)
class RollUp:
    """Packs and deletes hourly numbers that are older than they are kept as rows.

    Args:
        keep_points_days: days for which numbers are rows.
        keep_hours_days: days for which packed hours are kept; the day's last numbers stay. 0: for
            ever.
        statistics: the statistics file of this host; None when there is none.
        keep_statistics_days: days that this file has; 0: all.
    """

    database: Database
    clock: Clock
    zone: ZoneInfo
    keep_points_days: int
    keep_hours_days: int
    statistics: Callable[[], Database | None]
    keep_statistics_days: int

    def run(self, stop: threading.Event) -> Message:
        """Pack every day that is old enough, and delete what is kept no longer.

        It may be cut short at any point: each transaction packs some works and deletes their rows.

        Raises:
            StoppedSignal: `stop` was set; the next run continues.
            DatabaseError: the rest was not done.
        """
        today = Hour.of(self.clock.now(), self.zone).day_index
        packed = self._pack_before(today - self.keep_points_days, stop)
        before = (today - self.keep_points_days) * HOURS_A_DAY
        while self.database.write_idempotent(failures.delete_before, before, ROWS_AT_ONCE):
            _go_on(stop)
        if self.keep_hours_days:
            last = today - max(self.keep_hours_days, self.keep_points_days)
            while self.database.write_idempotent(days.drop_packed, last, ROWS_AT_ONCE):
                _go_on(stop)
        self._prune_statistics(today, stop)
        return Message.of("views_rolled_up", days=packed)

    def _pack_before(self, limit: int, stop: threading.Event) -> int:
        """Pack the days before day `limit`, the oldest first; return how many."""
        packed = 0
        while True:
            oldest = self.database.read(points.oldest_hour)
            if oldest is None or oldest // HOURS_A_DAY >= limit:
                return packed
            day = oldest // HOURS_A_DAY
            for first in range(1, self.database.read(identities.highest_id) + 1, WORKS_AT_ONCE):
                _go_on(stop)
                self.database.write_idempotent(pack_works, day, first, first + WORKS_AT_ONCE - 1)
            packed += 1

    def _prune_statistics(self, today: int, stop: threading.Event) -> None:
        data = self.statistics() if self.keep_statistics_days else None
        if data is None:
            return
        first = Hour.from_index((today - self.keep_statistics_days) * HOURS_A_DAY)
        view_data.create(data)
        while data.write(view_data.delete_before, first.date_text, ROWS_AT_ONCE):
            _go_on(stop)


def _go_on(stop: threading.Event) -> None:
    if stop.is_set():
        raise StoppedSignal
