"""The list of `daily_stats --incomplete`: what could not be counted yet, by day, cause and task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from commands.framework.context import opened_app, result_json, result_table, say
from commands.framework.reader import column_of, reader, shown, table_of, word
from core.messages import Message
from distribution.serialization import stats_object
from presentation.i18n.renderer import Renderer
from presentation.terminal.tables import Table
from storage.distribution.daily_stats import DailyStats

MAX_LISTED = 10_000
COLUMNS = ("day", "task", "since", "tries", "next_count", "report")


def list_incomplete(day: date | None, *, as_json: bool) -> None:
    """Print the tasks whose day could not be counted yet, of one day or of all."""
    with opened_app() as app:
        moments = Renderer(reader().language, app.calendar.zone)
        found = app.distribution.service.incomplete_tasks(MAX_LISTED, day)
    found.sort(key=lambda one: (one.stats_date, _cause(one), one.task_id))
    if as_json:
        result_json([stats_object(one) for one in found])
    elif not found:
        say(Message.of("nothing_incomplete"))
    else:
        result_table(_table(found, moments))


def _cause(day: DailyStats) -> str:
    return day.incomplete.cause if day.incomplete else ""


def _table(found: Sequence[DailyStats], moments: Renderer) -> Table:
    table = table_of(
        (
            *(column_of(name, is_number=name == "tries") for name in COLUMNS),
            column_of("why", is_long=True),
        )
    )
    for one in found:
        if one.incomplete is None:
            continue
        table.add(
            (
                str(one.stats_date),
                one.task_id,
                str(moments.shown(one.incomplete.since)),
                str(one.incomplete.tries),
                str(moments.shown(one.incomplete.next_count_at)),
                word(_report_state(one)),
                shown(one.incomplete.cause),
            )
        )
    return table


def _report_state(day: DailyStats) -> str:
    if day.is_held:
        return "held back"
    return "sent marked" if day.is_partial else "of an earlier count"
