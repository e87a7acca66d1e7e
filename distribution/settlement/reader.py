"""Read settlements: pages of days, their sums, and all that is known of one of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from core.clock import Clock, QuotaCalendar
from core.errors import InvalidInputError
from core.requests import FieldChecks
from distribution.settlement.requests import (
    SettlementQuery,
    SumRequest,
    TraceRequest,
    periods,
)
from storage.distribution import (
    agent_daily_stats,
    completions,
    daily_stats,
    deliveries,
    delivery_tasks,
    distribution_tasks,
    settlement,
)
from storage.distribution.agent_daily_stats import AgentShare
from storage.distribution.completions import Completion
from storage.distribution.deliveries import Attempt, Delivery, DeliveryKind, Filter
from storage.distribution.distribution_tasks import DramaFields
from storage.distribution.settlement import DayFilter, DaySum, TaskDay
from storage.engines.transactions import Database, Tx
from webhooks.requests import require_short

TRACED_DAYS = 14
TRACED_REPORTS = 20
REPORTS_OF_DAY = 50
COMPLETIONS_OF_DAY = 200
ROWS_PER_READ = 1000
Cursor = tuple[date, str]


@dataclass(frozen=True)
class DayPage:
    """Days of tasks, newest first; `next` begins the following page, None on the last."""

    days: tuple[TaskDay, ...]
    next: str | None


@dataclass(frozen=True)
class PeriodSum:
    """The sums of a period for a task, an agent or all; `title` is the task's, None for others."""

    first: date
    last: date
    sum: DaySum
    title: str | None = None


@dataclass(frozen=True)
class SentReport:
    """A report to a receiver, its attempts and, of a task, the entry that the body has on it.

    `told` is None where the body has none, or none is asked for.
    """

    delivery: Delivery
    attempts: Sequence[Attempt]
    told: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ToldDay:
    """A day of a task that a report told. `is_superseded`: a newer one has told it anew."""

    stats_date: date
    task_id: str
    is_superseded: bool = False


@dataclass(frozen=True)
class Trace:
    """What was counted, what was sent and what was answered.

    `days` are the counted days that are meant, newest first, `reports` what was filed on them, the
    newest first. `more_days` says that there are more of them than are shown.
    """

    days: Sequence[TaskDay]
    reports: Sequence[SentReport]
    more_days: bool = False


@dataclass(frozen=True)
class DayDetails:
    """A day of a task: its counts, the agents' shares, its reports and its completions.

    `day` is None where it was never counted, `drama` where the task was deleted.
    """

    task_id: str
    stats_date: date
    drama: DramaFields | None
    day: TaskDay | None
    shares: Sequence[AgentShare]
    reports: Sequence[SentReport]
    completions: Sequence[Completion]
    more_completions: bool


@dataclass(frozen=True, kw_only=True)
class SettlementReader:
    """Reads what distribution tasks reached by day, and what became of the reports on it."""

    database: Database
    clock: Clock
    calendar: QuotaCalendar

    def page(self, wanted: SettlementQuery, *, limit: int, after: str | None = None) -> DayPage:
        """Return up to `limit` days that match, newest first.

        Args:
            after: the cursor of a page, as `DayPage.next` has it.

        Raises:
            InvalidInputError: `after` is no cursor.
        """
        before = None if after is None else position_of(after)
        rows = self.database.read(settlement.days, wanted.as_filter(), limit + 1, before)
        shown = tuple(rows[:limit])
        return DayPage(shown, cursor_of(shown[-1]) if len(rows) > limit else None)

    def every(self, wanted: SettlementQuery) -> Iterator[TaskDay]:
        """Yield all days that match, newest first, read 1,000 at a time."""
        after: str | None = None
        while True:
            page = self.page(wanted, limit=ROWS_PER_READ, after=after)
            yield from page.days
            after = page.next
            if after is None:
                return

    def span(self, request: SumRequest) -> tuple[date, date]:
        """Return the first and last day of sums. Raise InvalidInputError for too many days."""
        return request.span(self.calendar.day(self.clock.now()) - timedelta(days=1))

    def sums(self, request: SumRequest) -> list[PeriodSum]:
        """Return the sums by period, the newest first, and within each by name.

        Raises:
            InvalidInputError: they are more than 366 days.
        """
        first, last = self.span(request)
        wanted = request.wanted.as_filter()

        def read(tx: Tx) -> list[PeriodSum]:
            found = [
                (begin, end, one)
                for begin, end in periods(request.period, first, last)
                for one in settlement.sums(tx, _within(wanted, begin, end), request.by)
            ]
            names = {one.name for _, _, one in found if one.name is not None}
            titles = distribution_tasks.titles(tx, names) if request.by.value == "task" else {}
            return [
                PeriodSum(begin, end, one, titles.get(one.name or "")) for begin, end, one in found
            ]

        return self.database.read(read)

    def trace(self, request: TraceRequest) -> Trace:
        """Return what was counted, sent and answered for a task, a day or an event id.

        Raises:
            InvalidInputError: nothing is known of it.
        """
        found = self.database.read(_trace, request)
        if not found.days and not found.reports:
            raise _not_found(request)
        return found

    def day(self, task_id: str, day: date) -> DayDetails:
        """Return a day of a task with its reports and completions.

        Raises:
            InvalidInputError: neither task nor day is known.
        """
        checks = FieldChecks()
        checks.check("task_id", require_short, task_id)
        checks.finish()
        begins, ends = self.calendar.bounds(day)

        def read(tx: Tx) -> DayDetails:
            wanted = DayFilter(first=day, last=day, task_id=task_id)
            drama = distribution_tasks.get(tx, task_id)
            posted = completions.of_day(tx, [task_id], begins, ends)
            return DayDetails(
                task_id=task_id,
                stats_date=day,
                drama=drama.fields if drama else None,
                day=next(iter(settlement.days(tx, wanted, 1)), None),
                shares=agent_daily_stats.of_task_day(tx, task_id, day),
                reports=_reports_of_day(tx, task_id, day),
                completions=posted[:COMPLETIONS_OF_DAY],
                more_completions=len(posted) > COMPLETIONS_OF_DAY,
            )

        found = self.database.read(read)
        if found.drama is None and found.day is None:
            raise InvalidInputError("distribution_task_not_found", task_id=task_id)
        return found

    def told_days(self, delivery: Delivery) -> list[ToldDay]:
        """Return the days of tasks that a daily report or a report on completions is about.

        Empty for broadcasts and tests, which are about no day.
        """
        if delivery.kind is DeliveryKind.COMPLETION:
            return [
                ToldDay(day, task_id)
                for task_id, day in sorted(set(completed_in(delivery.body, self.calendar)))
            ]
        if delivery.stats_date is None:
            return []
        day = delivery.stats_date

        def read(tx: Tx) -> list[ToldDay]:
            tasks = delivery_tasks.of_delivery(tx, delivery.id)
            known = daily_stats.of_day(tx, day, tasks) if tasks else {}
            return [
                ToldDay(
                    day,
                    task_id,
                    is_superseded=task_id in known and known[task_id].event_id != delivery.event_id,
                )
                for task_id in tasks
            ]

        return self.database.read(read)

    def agents(self, limit: int) -> Sequence[str]:
        """Return up to `limit` names of agents, by name."""
        return self.database.read(settlement.agent_names, limit)


def cursor_of(day: TaskDay) -> str:
    """Return the cursor of the page behind a day."""
    return f"{day.stats.stats_date}:{day.stats.task_id}"


def position_of(cursor: str) -> Cursor:
    """Return day and task of a cursor. Raise InvalidInputError when it is none."""
    day, colon, task_id = cursor.partition(":")
    try:
        if not colon:
            raise ValueError
        return date.fromisoformat(day), require_short(task_id)
    except (ValueError, InvalidInputError):
        raise InvalidInputError("list_cursor_malformed") from None


def _within(wanted: DayFilter, first: date, last: date) -> DayFilter:
    return DayFilter(**(vars(wanted) | {"first": first, "last": last}))


def _trace(tx: Tx, request: TraceRequest) -> Trace:
    wanted = request.as_query().as_filter()
    rows = settlement.days(tx, wanted, TRACED_DAYS + 1)
    shown = rows[:TRACED_DAYS]
    return Trace(shown, _reports(tx, request, shown), len(rows) > TRACED_DAYS)


def _reports(tx: Tx, request: TraceRequest, days: Sequence[TaskDay]) -> list[SentReport]:
    if request.event_id is not None:
        delivery = deliveries.of_event(tx, request.event_id.strip())
        found = [delivery] if delivery is not None else []
    elif request.day is not None and request.task_id is not None:
        return _reports_of_day(tx, request.task_id, request.day)
    elif request.task_id is not None:
        wanted = Filter(task_id=request.task_id, kinds=TOLD_ONCE)
        found = deliveries.newest(tx, wanted, TRACED_REPORTS)
    else:
        ids = [one.delivery_id for one in days if one.delivery_id is not None]
        found = deliveries.newest(tx, Filter(ids=ids), TRACED_REPORTS) if ids else []
    return [_sent(tx, one, request.task_id) for one in found]


TOLD_ONCE = (DeliveryKind.DAILY, DeliveryKind.COMPLETION)


def _reports_of_day(tx: Tx, task_id: str, day: date) -> list[SentReport]:
    ids = settlement.deliveries_of_day(tx, task_id, day, REPORTS_OF_DAY)
    found = deliveries.newest(tx, Filter(ids=ids), len(ids)) if ids else []
    return [_sent(tx, delivery, task_id) for delivery in found]


def _sent(tx: Tx, delivery: Delivery, task_id: str | None) -> SentReport:
    told = None if task_id is None else _entry(delivery.body, task_id)
    return SentReport(delivery, deliveries.attempts_of(tx, delivery.id), told)


def _entry(body: str, task_id: str) -> Mapping[str, Any] | None:
    """Return what a report's body tells of a task; None where it tells nothing."""
    try:
        document = json.loads(body)
        entries = document.get("stats") or document.get("completions") or []
        return next((one for one in entries if str(one.get("task_id")) == task_id), None)
    except (ValueError, AttributeError):
        return None


def completed_in(body: str, calendar: QuotaCalendar) -> Iterator[tuple[str, date]]:
    """Yield task and day of each completion in a report's body; nothing of a damaged one."""
    try:
        for one in json.loads(body)["completions"]:
            moment = datetime.fromisoformat(one["completed_at"])
            yield str(one["task_id"]), calendar.day(moment)
    except (ValueError, KeyError, TypeError):
        return


def _not_found(request: TraceRequest) -> InvalidInputError:
    if request.event_id is not None:
        return InvalidInputError("event_unknown", event_id=request.event_id)
    if request.task_id is None:
        return InvalidInputError("day_not_counted", day=request.day)
    if request.day is None:
        return InvalidInputError("task_not_counted", task_id=request.task_id)
    return InvalidInputError("task_day_not_counted", task_id=request.task_id, day=request.day)
