"""Find the hours without numbers, late ones, and the reasons; one query for all who ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.messages import Message
from core.schedule import Schedule
from storage.engines.transactions import Database, Tx
from storage.views import hours
from storage.views.hours import CrawlState, ViewHour
from works.hour_data.hours import Hour, hours_between, local_text

LATE_MINUTES = 10  # after the hour's beginning
ENOUGH = 0.95  # of the listed works
ONE_HOUR = timedelta(hours=1)


class HourState(StrEnum):
    """The state of an hour: whether it has its counters, and in time."""

    EXPECTED = "expected"  # the hour is not over
    OBSERVED = "observed"
    LATE = "late"  # begun more than LATE_MINUTES after the hour
    MISSING = "missing"


@dataclass(frozen=True)
class ObservedHour:
    """An hour with its state.

    Args:
        started_at: the local time at which its crawl began; None for an hour without one.
        why: the problem with the hour; None when there is none.
        listed: the works that were to be asked for; without a crawl, those of the crawl before.
        begins: when the hour begins (UTC).
        is_complete: every listed work was asked for.
        is_crawled_now: a process is at work on it.
    """

    hour: Hour
    state: HourState
    started_at: str | None = None
    success: int = 0
    failed: int = 0
    why: Message | None = None
    listed: int = 0
    begins: datetime = datetime.min
    is_complete: bool = False
    is_crawled_now: bool = False

    @property
    def is_short(self) -> bool:
        """Return True when many of the listed works were never answered."""
        return not self.is_complete and self.success < ENOUGH * max(1, self.listed)


@dataclass(frozen=True, kw_only=True)
class ViewGaps:
    """Compares the hours of the calendar with those of the main database.

    Args:
        schedule: the hours without a scheduled time are not expected; None: every hour is.
    """

    database: Database
    zone: ZoneInfo
    schedule: Schedule | None = None

    def look(self, now: datetime, count: int) -> list[ObservedHour]:
        """Return the last `count` hours with the current one, none before the first of all."""
        return self.database.read(self.read, now, count)

    def read(self, tx: Tx, now: datetime, count: int) -> list[ObservedHour]:
        """Return the last hours, as `look` does, by a transaction."""
        start = now.astimezone(UTC) - timedelta(hours=count - 1)
        wanted = hours_between(start, now, self.zone)
        rows = {row.hour: row for row in hours.between(tx, wanted[0].index, wanted[-1].index)}
        first = hours.first_of_all(tx)
        return [
            self._judged(hour, rows, now, is_over=hour != wanted[-1])
            for hour in wanted
            if first is not None and hour.index >= first
            if hour.index in rows or self._is_expected(hour)
        ]

    def _is_expected(self, hour: Hour) -> bool:
        if self.schedule is None:
            return True
        begins = hour.begins(self.zone)
        return self.schedule.newest(begins - timedelta(seconds=1), begins + ONE_HOUR) is not None

    def _judged(
        self, hour: Hour, rows: Mapping[int, ViewHour], now: datetime, *, is_over: bool
    ) -> ObservedHour:
        row, begins = rows.get(hour.index), hour.begins(self.zone)
        if row is None:
            state = HourState.MISSING if is_over else HourState.EXPECTED
            why = Message.of("nothing_ran" if is_over else "nothing_ran_yet")
            before = max((one for one in rows if one < hour.index), default=None)
            listed = 0 if before is None else rows[before].listed
            return ObservedHour(hour, state, why=why, listed=listed, begins=begins)
        minutes = int((row.started_at - begins).total_seconds() // 60)
        state = HourState.LATE if minutes >= LATE_MINUTES else HourState.OBSERVED
        if not row.success:
            state = HourState.MISSING if is_over or row.failed else HourState.EXPECTED
        return ObservedHour(
            hour=hour,
            state=state,
            started_at=local_text(row.started_at, self.zone),
            success=row.success,
            failed=row.failed,
            why=_why(row, minutes),
            listed=row.listed,
            begins=begins,
            is_complete=row.state is CrawlState.COMPLETE,
            is_crawled_now=row.lease_until is not None and row.lease_until > now,
        )


def _why(row: ViewHour, minutes_late: int) -> Message | None:
    """Return what is wrong with an hour; None when nothing is."""
    cause = Message.load(row.errors) if row.errors else Message.of("reason_unknown")
    if not row.success:
        if not row.failed:
            return Message.of("hour_unfinished")
        return Message.of("all_works_failed", works=row.failed, cause=cause)
    faults = []
    if minutes_late >= LATE_MINUTES:
        faults.append(Message.of("crawl_begun_late", minutes=minutes_late))
    if row.failed:
        faults.append(Message.of("some_works_failed", works=row.failed, cause=cause))
    if row.ended_at is None:
        faults.append(Message.of("hour_unfinished"))
    return Message.of("hour_faults", faults=faults) if len(faults) > 1 else next(iter(faults), None)
