"""Requests on settlements, checked: which days, which sums, what to look up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from core.errors import InvalidInputError
from core.messages import Message
from core.requests import FieldChecks, require_text
from core.time_ranges import YEARS, UnstorableTimeError
from storage.distribution.settlement import DayFilter, ReportState, SumBy
from webhooks.requests import event_id_given, require_short

MAX_SUM_DAYS = 366
USUAL_SUM_DAYS = 31
MAX_AGENT_CHARS = 255
MAX_TASK_CHARS = 64


class Period(StrEnum):
    """The days that are added up together; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    TOTAL = "total"


def day_typed(text: str | None) -> date | None:
    """Return a day like 2026-11-21; None for an empty text.

    Raises:
        InvalidInputError: it is no day.
    """
    typed = require_text(text or "").strip()
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        raise InvalidInputError("text_no_day", text=repr(typed[:40])) from None
    if day.year not in YEARS:
        raise UnstorableTimeError
    return day


@dataclass(frozen=True, kw_only=True)
class SettlementQuery:
    """The days of tasks to list; all given conditions must hold together.

    Args:
        first, last: days, both included.
        agent: only what the users of this agent completed; "" for users without an agent.
        title: a part of the task's title, in any case.
        event_id: only days whose newest revision this report told.
        state: only days whose report is in this state.
        incomplete: only days whose newest count met a passing cause, or only others.

    Raises:
        WrongFieldsError: a field is malformed or too long; it has a message for each such field.
    """

    first: date | None = None
    last: date | None = None
    agent: str | None = None
    task_id: str | None = None
    title: str | None = None
    event_id: str | None = None
    state: ReportState | None = None
    incomplete: bool | None = None

    def __post_init__(self) -> None:
        checks = FieldChecks()
        if self.first is not None and self.last is not None and self.first > self.last:
            checks.add("first", Message.of("days_reversed", first=self.first, last=self.last))
        for field, text, most in (
            ("agent", self.agent, MAX_AGENT_CHARS),
            ("task_id", self.task_id, MAX_TASK_CHARS),
        ):
            checks.check(field, require_short, text or "")
            if len(text or "") > most:
                checks.add(field, Message.of("text_over_length", max_letters=most))
        checks.check("title", require_short, self.title or "")
        if self.event_id:
            checks.check("event_id", event_id_given, self.event_id)
        checks.finish()

    def as_filter(self) -> DayFilter:
        """Return the conditions as a filter for queries; empty texts but `agent` are none."""
        return DayFilter(
            first=self.first,
            last=self.last,
            agent=self.agent,
            task_id=(self.task_id or "").strip() or None,
            title=(self.title or "").strip() or None,
            event_id=(self.event_id or "").strip() or None,
            state=self.state,
            is_incomplete=self.incomplete,
        )


@dataclass(frozen=True, kw_only=True)
class SumRequest:
    """The sums of some days: by period, and apart for tasks or agents.

    Args:
        wanted: which days; of `first` and `last` one that is None is 31 days before the other.

    Raises:
        InvalidInputError: they are more than MAX_SUM_DAYS days.
    """

    wanted: SettlementQuery
    period: Period = Period.TOTAL
    by: SumBy = SumBy.ALL

    def span(self, yesterday: date) -> tuple[date, date]:
        """Return the first and the last day, both included; the last is `yesterday` by default.

        Raises:
            InvalidInputError: they are more than MAX_SUM_DAYS days.
        """
        first, last = self.wanted.first, self.wanted.last
        if last is None:
            last = yesterday if first is None else max(first, yesterday)
        if first is None:
            first = last - timedelta(days=USUAL_SUM_DAYS - 1)
        days = (last - first).days + 1
        if days > MAX_SUM_DAYS:
            raise InvalidInputError("too_many_days", days=days, most=MAX_SUM_DAYS)
        return first, last


def periods(period: Period, first: date, last: date) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of each period, the newest first, cut at `first` and `last`."""
    if period is Period.TOTAL:
        yield first, last
        return
    end = last
    while end >= first:
        begin = _begin(period, end)
        yield max(begin, first), end
        end = begin - timedelta(days=1)


def _begin(period: Period, day: date) -> date:
    if period is Period.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period is Period.MONTH else day


@dataclass(frozen=True, kw_only=True)
class TraceRequest:
    """What to look up: a task, a day of it, a whole day, or the report of an event id.

    Raises:
        WrongFieldsError: a field is malformed or too long; it has a message for each such field.
        InvalidInputError: nothing was given.
    """

    task_id: str | None = None
    day: date | None = None
    event_id: str | None = None

    def __post_init__(self) -> None:
        if not (self.task_id or self.day or self.event_id):
            raise InvalidInputError("trace_not_chosen")
        self.as_query()

    def as_query(self) -> SettlementQuery:
        """Return the days that are meant."""
        return SettlementQuery(
            first=self.day, last=self.day, task_id=self.task_id, event_id=self.event_id
        )
