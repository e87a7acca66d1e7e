"""Settlements as JSON objects: days, sums, traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.clock import QuotaCalendar
from core.logs import Render
from distribution.counters import COUNTED, NAMES, column
from distribution.serialization import dated_completion_object, stats_object
from distribution.settlement.reader import (
    DayDetails,
    PeriodSum,
    SentReport,
    ToldDay,
    Trace,
)
from storage.distribution.agent_daily_stats import AgentShare
from storage.distribution.settlement import SumBy, TaskDay
from webhooks.serialization import attempt_object, delivery_object


def totals_of(counts: Mapping[str, int]) -> dict[str, int | None]:
    """Return the sums over platforms: `view_count`, `like_count` and so on.

    None where none of the platforms that were posted on tells the counter.
    """
    posted_on = [name for name in COUNTED if counts[column(name, "account")]]
    return {f"{counter}_count": _total(counts, posted_on, counter) for counter in NAMES}


def _total(counts: Mapping[str, int], platforms: Sequence[str], counter: str) -> int | None:
    told = [counts[column(name, counter)] for name in platforms if counter in COUNTED[name]]
    return sum(told) if told else None


def task_day_object(day: TaskDay) -> dict[str, Any]:
    """Return a day of a task as JSON: what was counted, what was sent, what was answered.

    Counts are those that the filter means: of an agent, where one was given.
    """
    return {
        **stats_object(day.stats),
        **day.counts,
        "completion_count": day.completion_count,
        **totals_of(day.counts),
        "title": day.title,
        "project_id": day.project_id,
        "state": day.state.value,
        "delivery_id": day.delivery_id,
    }


def sum_object(found: PeriodSum, by: SumBy) -> dict[str, Any]:
    """Return the sums of a period as JSON; the name stands under `task_id` or `agent_node`."""
    one = found.sum
    shown: dict[str, Any] = {"first_day": str(found.first), "last_day": str(found.last)}
    if by is SumBy.TASK:
        shown |= {"task_id": one.name, "title": found.title}
    if by is SumBy.AGENT:
        shown |= {"agent_node": one.name}
    return {
        **shown,
        **one.counts,
        "completion_count": one.completion_count,
        **totals_of(one.counts),
        "task_days": one.task_days,
        "incomplete_days": one.incomplete_days,
        "unaccepted_days": one.unaccepted_days,
    }


def told_day_object(day: ToldDay) -> dict[str, Any]:
    """Return a day that a report told as JSON; `superseded`: a newer one has told it anew."""
    return {
        "task_id": day.task_id,
        "stats_date": str(day.stats_date),
        "superseded": day.is_superseded,
    }


def trace_object(trace: Trace, render: Render) -> dict[str, Any]:
    """Return what was counted (`days`), and what was sent and answered (`reports`), as JSON."""
    return {
        "days": [task_day_object(day) for day in trace.days],
        "more_days": trace.more_days,
        "reports": [report_object(report, render) for report in trace.reports],
    }


def day_details_object(
    found: DayDetails, calendar: QuotaCalendar, render: Render
) -> dict[str, Any]:
    """Return a day of a task as JSON, with agents, reports and completions; `counted` is null
    where the day was never counted."""
    return {
        "task_id": found.task_id,
        "stats_date": str(found.stats_date),
        "counted": task_day_object(found.day) if found.day else None,
        "agents": [_share_object(share) for share in found.shares],
        "reports": [report_object(report, render) for report in found.reports],
        "completions": [dated_completion_object(one, calendar) for one in found.completions],
        "more_completions": found.more_completions,
    }


def report_object(report: SentReport, render: Render) -> dict[str, Any]:
    """Return a report as JSON, with its attempts and the entry on the task (`told`), or null."""
    return delivery_object(report.delivery, render) | {
        "told": report.told,
        "attempt_log": [attempt_object(attempt, render) for attempt in report.attempts],
    }


def _share_object(share: AgentShare) -> dict[str, Any]:
    return {
        "agent_node": share.agent_node,
        **share.counts,
        "completion_count": share.completion_count,
        **totals_of(share.counts),
    }
