"""`daily_stats`: count what the distribution tasks reached on a day, and report it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from commands.distribution.drama_table import COUNTERS, platform_rows
from commands.framework.context import (
    Exit,
    dashed,
    on_signals,
    opened_app,
    result,
    result_json,
    result_table,
    say,
)
from core.cancellation import StoppedSignal
from core.errors import InvalidInputError
from distribution.daily.scanner import DailyScanner, DayScan, ScannedTask
from distribution.daily.tally import CounterSum
from presentation.i18n.messages import LOG_RENDERER
from presentation.message_fields import message_fields

SHOWN_ROWS = 100


class By(StrEnum):
    """What the numbers are shown by."""

    TASK = "task"
    AGENT = "agent_node"


def register(app: typer.Typer) -> None:
    dashed(app, "daily_stats")(daily_stats)


def daily_stats(
    day: Annotated[
        str | None, typer.Argument(help="a day, like 2026-11-21; else yesterday")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", help="first day of several")] = None,
    last: Annotated[str | None, typer.Option("--to", help="last one; else yesterday")] = None,
    by: Annotated[By, typer.Option(help="what the numbers are shown by")] = By.TASK,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="fetch, store and report nothing")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Count a day's completions, store and report the sums.

    A day can be scanned again: only what has changed is reported.
    """
    stop = threading.Event()
    on_signals(stop.set)
    scans: list[DayScan] = []
    interrupted = False
    with opened_app() as app:
        scanner = app.distribution.daily_scanner
        try:
            for one in _days(scanner, day, first, last):
                by_agent = by is By.AGENT
                scans.append(scanner.scan(one, stop, dry_run=dry_run, by_agent=by_agent))
        except StoppedSignal:
            interrupted = True
    if as_json:
        result_json([_as_object(scan, by) for scan in scans])
    else:
        _print(scans, by, dry_run)
    if interrupted:
        say("interrupted; run it again for the rest")
        raise typer.Exit(Exit.INTERRUPTED)
    incomplete = sum(scan.incomplete for scan in scans)
    if incomplete and not dry_run:
        say(f"{incomplete} not counted in full; scan the day again when the cause is mended")
        raise typer.Exit(Exit.PARTIAL)


def _days(
    scanner: DailyScanner, day: str | None, first: str | None, last: str | None
) -> Sequence[date]:
    if day is not None and (first or last):
        raise InvalidInputError("give one day, or --from and --to")
    if last is not None and first is None:
        raise InvalidInputError("--to needs --from")
    begin = _date(day or first) if day or first else scanner.yesterday
    if last is not None:
        return scanner.days(begin, _date(last))
    return scanner.days(begin, max(begin, scanner.yesterday) if first else begin)


def _date(text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise InvalidInputError(f"{text!r} is no day; write it like 2026-11-21") from None


def _as_object(scan: DayScan, by: By) -> dict[str, Any]:
    told: dict[str, Any] = {
        "date": scan.day.isoformat(),
        "tasks": len(scan.tasks),
        "completions": scan.completion_count,
        "reports": scan.reports,
        "incomplete": scan.incomplete,
        "to_fetch": scan.to_fetch,
    }
    if by is By.TASK:
        return told | {"stats": [_task_object(one) for one in scan.tasks]}
    return told | {
        "agents": [
            {"agent_node": name, **tally.counts, "completion_count": tally.completion_count}
            for name, tally in sorted(scan.agents.items())
        ]
    }


def _task_object(one: ScannedTask) -> dict[str, Any]:
    return {
        "project_id": one.drama.project_id,
        "task_id": one.drama.task_id,
        "duration": one.drama.duration,
        **one.counts,
        "completion_count": one.completion_count,
        "revision": one.revision,
        "change": one.change.value if one.change else None,
        **message_fields("error", one.error),
    }


def _print(scans: Sequence[DayScan], by: By, dry_run: bool) -> None:
    for scan in scans:
        if scan.tasks:
            names = _agents(scan.agents) if by is By.AGENT else _tasks(scan.tasks)
            result_table(_table(by, names[:SHOWN_ROWS]))
            if len(names) > SHOWN_ROWS:
                result(f"… and {len(names) - SHOWN_ROWS:,} more (--json has all)")
        result(LOG_RENDERER.sentence(scan.message))
        for one in scan.tasks[:SHOWN_ROWS]:
            if one.error and not dry_run:
                say(f"task {one.drama.task_id}: {LOG_RENDERER.sentence(one.error)}")
        if scan.to_fetch:
            say(f"dry run: {scan.to_fetch:,} links would be asked for; their numbers are missing")


def _agents(agents: Mapping[str, CounterSum]) -> list[tuple[str, Mapping[str, int]]]:
    return [(name or "-", tally.counts) for name, tally in sorted(agents.items())]


def _tasks(tasks: Sequence[ScannedTask]) -> list[tuple[str, Mapping[str, int]]]:
    return [(one.drama.task_id, one.counts) for one in tasks]


def _table(by: By, rows: Sequence[tuple[str, Mapping[str, int]]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(by.value, no_wrap=True)
    table.add_column("platform", no_wrap=True)
    for title in ("accounts", *(f"{name}s" for name in COUNTERS)):
        table.add_column(title, justify="right", no_wrap=True)
    for name, counts in rows:
        for platform, cells in platform_rows(counts):
            table.add_row(escape(name), platform, *cells)
    return table
