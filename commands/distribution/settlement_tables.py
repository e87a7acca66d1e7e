"""The tables and lines of `settlement` and of the sums of `daily_stats`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from app.container import App
from commands.distribution.drama_table import COUNTERS, counts_text
from commands.distribution.webhook_tables import attempt_table
from commands.framework.context import result, result_table
from commands.framework.reader import column_of, shown, table_of, text_of, word
from core.logs import redact
from core.messages import Message
from core.plain_text import one_line
from distribution.settlement.reader import PeriodSum, SentReport, Trace
from distribution.settlement.serialization import totals_of
from presentation.terminal.tables import Table
from storage.distribution.settlement import SumBy, TaskDay

MIN_CELLS = 10
NUMBERS = ("completions", "accounts", *(f"{counter}s" for counter in COUNTERS))


def day_table(app: App, days: Iterable[TaskDay]) -> Table:
    """Return a table of days of tasks: what was counted, and what became of the report."""
    table = table_of(
        (
            "day",
            column_of("task", min_cells=MIN_CELLS),
            column_of("title", min_cells=MIN_CELLS, is_optional=True),
            *(column_of(name, is_number=True) for name in NUMBERS),
            column_of("revision", is_number=True),
            "report",
            column_of("sent_at", is_optional=True),
            column_of("receiver_answer", is_long=True),
        )
    )
    for day in days:
        stats = day.stats
        table.add(
            (
                str(stats.stats_date),
                stats.task_id,
                day.title or "",
                *_numbers(day.completion_count, day.counts),
                str(stats.revision),
                report_words(day),
                local(app, stats.sent_at),
                _answer(day),
            )
        )
    return table


def sum_table(sums: Sequence[PeriodSum], by: SumBy) -> Table:
    """Return a table of sums, with what keeps them from being settled."""
    named = [] if by is SumBy.ALL else [column_of(by.value, min_cells=MIN_CELLS)]
    table = table_of(
        (
            "period",
            *named,
            *(column_of(name, is_number=True) for name in NUMBERS),
            column_of("task_days", is_number=True),
            column_of("incomplete_days", is_number=True),
            column_of("unaccepted_days", is_number=True),
        )
    )
    for found in sums:
        one = found.sum
        table.add(
            (
                _period(found),
                *([] if by is SumBy.ALL else [_name(found)]),
                *_numbers(one.completion_count, one.counts),
                f"{one.task_days:,}",
                f"{one.incomplete_days:,}",
                f"{one.unaccepted_days:,}",
            )
        )
    return table


def print_trace(app: App, trace: Trace) -> None:
    """Print what was counted, what was sent and what was answered."""
    for line in _counted_lines(trace):
        result(line)
    for report in trace.reports:
        result("")
        for line in _report_lines(app, report):
            result(line)
        if report.attempts:
            result_table(attempt_table(app, list(report.attempts)))


def report_words(day: TaskDay) -> str:
    """Return the state of a day's report, and whether its counts lack something."""
    state = word(day.state)
    return f"{state}, {word('incomplete')}" if day.stats.incomplete is not None else state


def local(app: App, moment: datetime | None) -> str:
    """Return a time as `2026-11-22 13:05:07`, in the quota time zone; empty for None."""
    if moment is None:
        return ""
    return f"{moment.astimezone(app.settings.quota_zone):%Y-%m-%d %H:%M:%S}"


def _counted_lines(trace: Trace) -> Iterator[str]:
    for day in trace.days:
        stats = day.stats
        yield text_of(
            Message.of(
                "traced_day",
                day=str(stats.stats_date),
                task=" ".join(filter(None, (stats.task_id, day.title))),
                revision=stats.revision,
                completions=day.completion_count,
                counts=counts_text(day.counts),
            )
        )
        if stats.incomplete is not None:
            cause = shown(stats.incomplete.cause)
            yield f"  {text_of(Message.of('traced_incomplete', cause=redact(cause)))}"
        if stats.error:
            yield f"  {redact(shown(stats.error))}"
        told = Message.of(
            "traced_report",
            report=word(day.state),
            event=stats.event_id or "-",
            answer=_answer(day) or "-",
        )
        yield f"  {text_of(told)}"
    if trace.more_days:
        yield text_of(Message.of("traced_more_days"))


def _report_lines(app: App, report: SentReport) -> Iterator[str]:
    one = report.delivery
    yield text_of(
        Message.of(
            "traced_delivery",
            id=one.id,
            kind=word(one.kind),
            event=one.event_id,
            state=word(one.state),
            filed=local(app, one.created_at),
            url=redact(one.url),
        )
    )
    if report.told is not None:
        told = ", ".join(f"{name}={value}" for name, value in report.told.items())
        yield f"  {text_of(Message.of('traced_told', entry=redact(one_line(told))))}"


def _answer(day: TaskDay) -> str:
    return redact(one_line(shown(day.stats.response)))


def _numbers(completions: int, counts: Mapping[str, int]) -> list[str]:
    totals = totals_of(counts)
    return [
        f"{completions:,}",
        f"{counts['account_count']:,}",
        *("" if (count := totals[f"{name}_count"]) is None else f"{count:,}" for name in COUNTERS),
    ]


def _period(found: PeriodSum) -> str:
    if found.first == found.last:
        return str(found.first)
    return f"{found.first} – {found.last}"


def _name(found: PeriodSum) -> str:
    name = found.sum.name
    if name is None:
        return text_of(Message.of("settlement_before_agents"))
    return " ".join(filter(None, (name or "-", found.title)))
