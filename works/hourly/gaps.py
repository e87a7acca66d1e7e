"""Find the hours without counters, late ones, and the reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.errors import DamagedFileError
from core.messages import Message
from storage.catalogue import view_data, view_history
from storage.engines.transactions import Database, Row
from works.hourly.entries import reason_of
from works.hourly.files import HourFiles
from works.hourly.hours import Hour, hours_between

LATE_MINUTES = 10  # after the hour's beginning


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
        started_at: the local time at which its crawl began; None for an hour that is not imported.
        why: the problem with the hour; None when there is none.
    """

    hour: Hour
    state: HourState
    started_at: str | None = None
    success: int = 0
    failed: int = 0
    why: Message | None = None


class ViewGaps:
    """Compares the hours of the calendar with the statistics file and the data files."""

    def __init__(self, *, files: HourFiles, data: Database, zone: ZoneInfo) -> None:
        self._files = files
        self._data = data
        self._zone = zone

    def look(self, now: datetime, hours: int) -> list[ObservedHour]:
        """Return the last `hours` hours with the current one, none before the first observed
        one."""
        view_data.create(self._data)
        start = now.astimezone(UTC) - timedelta(hours=hours - 1)
        wanted = hours_between(start, now, self._zone)
        rows = self._data.read(view_history.sessions, wanted[0].date_text)
        sessions = {Hour.parse(row["crawl_date"], row["crawl_hour"]): row for row in rows}
        files, journals = set(self._files.hours()), set(self._files.journals())
        first = min((*sessions, *files, *journals), default=None)
        return [
            self._judged(hour, sessions, files, journals, is_over=hour != wanted[-1])
            for hour in wanted
            if first is not None and hour >= first
        ]

    def _judged(
        self,
        hour: Hour,
        sessions: Mapping[Hour, Row],
        files: set[Hour],
        journals: set[Hour],
        *,
        is_over: bool,
    ) -> ObservedHour:
        session = sessions.get(hour)
        if session is None:
            state = HourState.MISSING if is_over else HourState.EXPECTED
            return ObservedHour(hour, state, why=self._why_not_in(hour, files, journals, is_over))
        started, success, failed = (
            session["start_time"],
            session["success_count"],
            session["fail_count"],
        )
        if not success:
            cause = self._most_frequent_error(hour)
            why = Message.of("all_works_failed", works=failed, cause=cause)
            return ObservedHour(
                hour=hour,
                state=HourState.MISSING,
                started_at=started,
                success=success,
                failed=failed,
                why=why,
            )
        minutes = _minutes_late(started)
        faults = []
        if minutes >= LATE_MINUTES:
            faults.append(Message.of("crawl_begun_late", minutes=minutes))
        if failed:
            cause = self._most_frequent_error(hour)
            faults.append(Message.of("some_works_failed", works=failed, cause=cause))
        state = HourState.LATE if minutes >= LATE_MINUTES else HourState.OBSERVED
        return ObservedHour(
            hour=hour,
            state=state,
            started_at=started,
            success=success,
            failed=failed,
            why=Message.of("hour_faults", faults=faults)
            if len(faults) > 1
            else next(iter(faults), None),
        )

    def _why_not_in(
        self, hour: Hour, files: set[Hour], journals: set[Hour], is_over: bool
    ) -> Message:
        """Return the reason why an hour is not in the statistics file."""
        if hour in files:
            try:
                self._files.read(hour)
            except DamagedFileError as error:
                return error.message
            return Message.of("hour_not_imported")
        if hour in journals:
            return Message.of("hour_unfinished")
        return Message.of("nothing_ran") if is_over else Message.of("nothing_ran_yet")

    def _most_frequent_error(self, hour: Hour) -> Message:
        """Return the reason of most failures in the hour's data file."""
        try:
            errors = self._files.read(hour).report["errors"]
        except DamagedFileError:
            return Message.of("hour_file_gone")
        reasons = {error["error"]: error for error in errors}
        counted = Counter(error["error"] for error in errors)
        if not counted:
            return Message.of("reason_unknown")
        return reason_of(reasons[counted.most_common(1)[0][0]])


def _minutes_late(started: str) -> int:
    """Return the minutes after the hour: 12 of
    `2026-11-22T05:12:00+08:00` or of a bare `05:12:00`."""
    return int(started.replace("T", " ").rpartition(" ")[2][3:5])
