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
from commands.framework.system_user import system_user
from core.cancellation import StoppedSignal
from core.errors import InvalidInputError
from distribution.daily.scanner import DayScan, ScannedTask
from distribution.daily.tally import CounterSum
from distribution.requests import ScanRequest
from presentation.i18n.renderer import LOG_RENDERER
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
    request = ScanRequest(
        day=_date(day),
        first=_date(first),
        last=_date(last),
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
    if interrupted:
        say("interrupted; run it again for the rest")
        raise typer.Exit(Exit.INTERRUPTED)
    incomplete = sum(scan.incomplete for scan in scans)
    if incomplete and not dry_run:
        say(f"{incomplete} not counted in full; scan the day again when the cause is mended")
        raise typer.Exit(Exit.PARTIAL)


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(f"{text!r} is no day; write it like 2026-11-21") from None


def _as_object(scan: DayScan, by: By) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "date": scan.day.isoformat(),
        "tasks": len(scan.tasks),
        "completions": scan.completion_count,
        "reports": scan.reports,
        "incomplete": scan.incomplete,
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
        **message_fields("error", task.error),
    }


def _print(scans: Sequence[DayScan], by: By, dry_run: bool) -> None:
    for scan in scans:
        if scan.tasks:
            names = _agents(scan.agents) if by is By.AGENT else _tasks(scan.tasks)
            result_table(_table(by, names[:SHOWN_ROWS]))
            if len(names) > SHOWN_ROWS:
                result(f"… and {len(names) - SHOWN_ROWS:,} more (--json has all)")
        result(LOG_RENDERER.sentence(scan.message))
        for task in scan.tasks[:SHOWN_ROWS]:
            if task.error and not dry_run:
                say(f"task {task.drama.task_id}: {LOG_RENDERER.sentence(task.error)}")
        if scan.to_fetch:
            say(f"dry run: {scan.to_fetch:,} links would be asked for; their numbers are missing")


def _agents(agents: Mapping[str, CounterSum]) -> list[tuple[str, Mapping[str, int]]]:
    return [(name or "-", tally.counts) for name, tally in sorted(agents.items())]


def _tasks(tasks: Sequence[ScannedTask]) -> list[tuple[str, Mapping[str, int]]]:
    return [(task.drama.task_id, task.counts) for task in tasks]


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
