"""`settlement …`: what was counted, what was sent and what was answered, by day and task."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Annotated

import typer

from commands.distribution.settlement_files import write_days
from commands.distribution.settlement_tables import day_table, print_trace
from commands.framework.context import opened_app, result_json, result_table, say
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from commands.framework.reader import in_english
from core.messages import Message
from distribution.settlement.requests import SettlementQuery, TraceRequest, day_typed
from distribution.settlement.serialization import (
    day_details_object,
    task_day_object,
    trace_object,
)
from storage.distribution.settlement import ReportState

From = Annotated[str | None, typer.Option("--from", help="first day, like 2026-11-21")]
To = Annotated[str | None, typer.Option("--to", help="last day")]
Csv = Annotated[Path | None, typer.Option("--csv", help="write all to this CSV file, too")]
Xlsx = Annotated[Path | None, typer.Option("--xlsx", help="write all to this Excel file, too")]


def list_days(
    first: From = None,
    last: To = None,
    task: Annotated[str | None, typer.Option("--task", help="only of this task")] = None,
    title: Annotated[
        str | None, typer.Option("--title", help="only of tasks whose title contains this")
    ] = None,
    agent: Annotated[
        str | None, typer.Option("--agent", help="only what this agent's users completed")
    ] = None,
    state: Annotated[
        ReportState | None, typer.Option("--state", help="only with a report in this state")
    ] = None,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="only what is counted again later")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="newest ones at most")] = 50,
    csv: Csv = None,
    xlsx: Xlsx = None,
    as_json: AsJson = False,
) -> None:
    """List days of tasks: what was counted, sent and answered, newest first."""
    wanted = SettlementQuery(
        first=day_typed(first),
        last=day_typed(last),
        agent=agent,
        task_id=task,
        title=title,
        state=state,
        incomplete=incomplete or None,
    )
    with opened_app() as app:
        reader = app.distribution.settlement
        written = write_days(reader, wanted, csv, xlsx)
        days = list(itertools.islice(reader.every(wanted), limit))
        if as_json:
            result_json([task_day_object(day) for day in days])
        else:
            result_table(day_table(app, days))
            if not days:
                say(Message.of("no_settled_days"))
        for path in written:
            say(Message.of("report_was_written", file=str(path.absolute())))


def show(
    task: Annotated[
        str | None, typer.Argument(metavar="[TASK]", help="id of the distribution task")
    ] = None,
    day: Annotated[str | None, typer.Option("--day", help="a day, like 2026-11-21")] = None,
    event: Annotated[
        str | None, typer.Option("--event", help="an event id, as the receiver logs it")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what was counted, sent and answered for a task, a day or an event id."""
    request = TraceRequest(task_id=task, day=day_typed(day), event_id=event)
    with opened_app() as app:
        trace = app.distribution.settlement.trace(request)
        if not as_json:
            print_trace(app, trace)
        elif request.task_id is not None and request.day is not None and event is None:
            found = app.distribution.settlement.day(request.task_id, request.day)
            result_json(day_details_object(found, app.calendar, in_english))
        else:
            result_json(trace_object(trace, in_english))


GROUP = Group({"list": list_days, "show": show})
