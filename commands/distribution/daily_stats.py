"""`daily_stats`: count what the distribution tasks reached on a day, and report it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.distribution.drama_table import COUNTERS, platform_rows
from commands.distribution.incomplete_days import list_incomplete
from commands.distribution.settlement_files import write_sums
from commands.distribution.settlement_tables import sum_table
from commands.framework.context import (
    Exit,
    opened_app,
    result,
    result_json,
    result_table,
    say,
)
from commands.framework.options import AsJson
from commands.framework.reader import column_of, in_english, shown, table_of, word
from commands.framework.signals import stop_event_on_signals
from commands.framework.system_user import system_user
from core.cancellation import StoppedSignal
from core.errors import InvalidInputError
from core.message_json import message_keys
from core.messages import Message
from distribution.daily.scanner import DayScan, ScannedTask
from distribution.daily.store import Change
from distribution.daily.tally import CounterSum
from distribution.requests import ScanRequest
from distribution.settlement.requests import Period, SettlementQuery, SumRequest
from distribution.settlement.serialization import sum_object
from presentation.terminal.tables import Table
from storage.distribution.settlement import SumBy

SHOWN_ROWS = 100


class By(StrEnum):
    """The rows of the table: one for each task, or one for each agent, or one for all of a sum."""

    TASK = "task"
    AGENT = "agent_node"
    ALL = "all"


def daily_stats(
    day: Annotated[
        str | None, typer.Argument(help="a day, like 2026-11-21; else yesterday")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", help="first day of several")] = None,
    last: Annotated[str | None, typer.Option("--to", help="last one; else yesterday")] = None,
    tasks: Annotated[
        list[str] | None, typer.Option("--task", help="count only this task; repeatable")
    ] = None,
    by: Annotated[By, typer.Option(help="what the numbers are shown by")] = By.TASK,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="fetch, store and report nothing")
    ] = False,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="count nothing; list what is counted again later")
    ] = False,
    period: Annotated[
        Period | None,
        typer.Option("--sum", help="count nothing; add up what is stored, the newest first"),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="with --sum: write it to this CSV file, too")
    ] = None,
    xlsx: Annotated[
        Path | None, typer.Option("--xlsx", help="with --sum: write it to this Excel file, too")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Count a day's completions, store and report the sums.

    A day can be scanned again: only what has changed is reported. With --sum nothing is
    counted.
    """
    if period is not None or csv or xlsx:
        if day or tasks or dry_run or incomplete:
            raise InvalidInputError("sum_excludes_scan")
        show_sums(_sum_request(period, by, first, last), csv, xlsx, as_json=as_json)
        return
    if incomplete:
        if first or last or tasks or dry_run:
            raise InvalidInputError("incomplete_excludes_scan")
        list_incomplete(_date(day), as_json=as_json)
        return
    if by is By.ALL:
        raise InvalidInputError("by_all_without_sum")
    stop = stop_event_on_signals()
    request = ScanRequest(
        day=_date(day),
        first=_date(first),
        last=_date(last),
        tasks=tuple(dict.fromkeys(tasks or ())),
        dry_run=dry_run,
        by_agent=by is By.AGENT,
    )
    scans: list[DayScan] = []
    interrupted = False
    with opened_app() as app:
        try:
            app.use_cases.dramas.scan(system_user(app), request, stop, scans.append)
        except StoppedSignal:
            interrupted = True
    if as_json:
        result_json([_as_object(scan, by) for scan in scans])
    else:
        _print(scans, by, dry_run)
    _end(scans, interrupted=interrupted, dry_run=dry_run)


def _end(scans: Sequence[DayScan], *, interrupted: bool, dry_run: bool) -> None:
    """Tell how the scans ended, and exit with the code for it unless all went well."""
    if interrupted:
        say(Message.of("scan_was_interrupted"))
        raise typer.Exit(Exit.INTERRUPTED)
    incomplete_tasks = sum(scan.incomplete for scan in scans)
    if incomplete_tasks and not dry_run:
        recounted = sum(scan.recounted for scan in scans)
        if recounted:
            held = sum(scan.held for scan in scans)
            say(Message.of("scan_is_repeated", count=recounted, held=held))
        if incomplete_tasks > recounted:
            say(Message.of("scan_is_incomplete", count=incomplete_tasks - recounted))
        raise typer.Exit(Exit.PARTIAL)


def _sum_request(period: Period | None, by: By, first: str | None, last: str | None) -> SumRequest:
    if period is None:
        raise InvalidInputError("file_without_sum")
    wanted = SettlementQuery(first=_date(first), last=_date(last))
    return SumRequest(wanted=wanted, period=period, by=SumBy(by.value))


def show_sums(request: SumRequest, csv: Path | None, xlsx: Path | None, *, as_json: bool) -> None:
    """Print the sums of stored days, and write them to the files that are given."""
    with opened_app() as app:
        first, last = app.distribution.settlement.span(request)
        sums = app.distribution.settlement.sums(request)
    written = write_sums(sums, request.by, csv, xlsx)
    if as_json:
        result_json([sum_object(one, request.by) for one in sums])
    elif sums:
        result_table(sum_table(sums, request.by))
    else:
        say(Message.of("no_settled_days_in", first=first, last=last))
    for path in written:
        say(Message.of("report_was_written", file=str(path.absolute())))


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("text_no_day", text=repr(text)) from None


def _as_object(scan: DayScan, by: By) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "date": scan.day.isoformat(),
        "tasks": len(scan.tasks),
        "completions": scan.completion_count,
        "reports": scan.reports,
        "incomplete": scan.incomplete,
        "recounted": scan.recounted,
        "held": scan.held,
        "to_fetch": scan.to_fetch,
    }
    if by is By.TASK:
        return shown | {"stats": [_task_object(task) for task in scan.tasks]}
    return shown | {
        "agents": [
            {"agent_node": name, **tally.counts, "completion_count": tally.completion_count}
            for name, tally in sorted(scan.agents.items())
        ]
    }


def _task_object(task: ScannedTask) -> dict[str, Any]:
    return {
        "project_id": task.drama.project_id,
        "task_id": task.drama.task_id,
        "duration": task.drama.duration,
        **task.counts,
        "completion_count": task.completion_count,
        "revision": task.revision,
        "change": task.change.value if task.change else None,
        **message_keys("error", task.error, in_english),
        **message_keys("incomplete_cause", task.passing, in_english),
    }


def _print(scans: Sequence[DayScan], by: By, dry_run: bool) -> None:
    for scan in scans:
        if scan.tasks:
            names = _agents(scan.agents) if by is By.AGENT else _tasks(scan.tasks)
            result_table(_table(by, names[:SHOWN_ROWS]))
            if len(names) > SHOWN_ROWS:
                result(Message.of("rows_not_shown", count=len(names) - SHOWN_ROWS))
        result(_line(scan))
        for task in scan.tasks[:SHOWN_ROWS]:
            if task.error and not dry_run:
                say(
                    Message.of(
                        "scanned_task_error", task_id=task.drama.task_id, error=shown(task.error)
                    )
                )
        if scan.to_fetch:
            say(Message.of("scan_would_fetch", count=scan.to_fetch))


def _line(scan: DayScan) -> Message:
    day, tasks, completions = scan.day.isoformat(), len(scan.tasks), scan.completion_count
    if not scan.tasks:
        return Message.of("scan_without_completions", day=day)
    if scan.is_dry:
        return Message.of("scan_dry_line", day=day, tasks=tasks, completions=completions)
    changes = [f"{word(change)} {scan.count(change)}" for change in Change]
    line = Message.of(
        "scan_line",
        day=day,
        tasks=tasks,
        changes=changes,
        completions=completions,
        reports=scan.reports,
    )
    if not scan.incomplete:
        return line
    return Message.of("scan_line_incomplete", scan=line, count=scan.incomplete)


def _agents(agents: Mapping[str, CounterSum]) -> list[tuple[str, Mapping[str, int]]]:
    return [(name or "-", tally.counts) for name, tally in sorted(agents.items())]


def _tasks(tasks: Sequence[ScannedTask]) -> list[tuple[str, Mapping[str, int]]]:
    return [(task.drama.task_id, task.counts) for task in tasks]


def _table(by: By, rows: Sequence[tuple[str, Mapping[str, int]]]) -> Table:
    numbers = ("accounts", *(f"{counter}s" for counter in COUNTERS))
    table = table_of(
        (
            by.value,
            "platform",
            *(column_of(number, is_number=True) for number in numbers),
        )
    )
    for name, counts in rows:
        for platform, cells in platform_rows(counts):
            table.add(
                (
                    name,
                    platform,
                    *cells,
                )
            )
    return table


COMMANDS = {"daily_stats": daily_stats}
