"""`views compare|authors`: several videos side by side, and the totals of authors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from commands.framework.context import opened_app, result, result_json, result_table, say
from commands.framework.options import AsJson
from commands.framework.reader import column_of, table_of
from commands.views.queries import CounterName, Limit, OfCounter, newest, number, signed
from commands.views.series_files import OutFile, form_of, write_sheet
from core.messages import Message
from works.hour_data.hours import hours_of_span
from works.hourly.comparison import Comparison, ComparisonRequest, work_keys
from works.hourly.serialization import comparison_object
from works.hourly.sheets import author_table


def compare(
    works: Annotated[list[str], typer.Argument(help="ids or links")],
    since: Annotated[str, typer.Option(help="how far back: 7d, 48h")] = "48h",
    since_publication: Annotated[
        bool,
        typer.Option("--since-publication", help="that long after each was published instead"),
    ] = False,
    counter: OfCounter = CounterName.VIEW,
    out: OutFile = None,
    as_json: AsJson = False,
) -> None:
    """Show several videos hour by hour, a column for each."""
    request = ComparisonRequest(
        keys=work_keys(works),
        span=hours_of_span(since),
        counter=counter.column,
        by_age=since_publication,
    )
    form = form_of(out)
    with opened_app() as app:
        found = app.works.comparer.compare(request)
    if out is not None and form is not None:
        write_sheet(out, form, counter.value, found.head, found.rows())
    elif as_json:
        result_json(comparison_object(found))
    else:
        _print(found)
    for work in found.undated:
        say(Message.of("publication_unknown", work_id=work))


def authors(
    since: Annotated[str, typer.Option(help="growth over: 24h, 7d")] = "24h",
    counter: OfCounter = CounterName.VIEW,
    limit: Limit = 20,
    out: OutFile = None,
    as_json: AsJson = False,
) -> None:
    """List the authors whose videos have the most of a number in the newest hour."""
    span, form = hours_of_span(since), form_of(out)
    with opened_app() as app:
        rows = app.works.history.authors(newest(app.works.history), span, counter.column, limit)
    if out is not None and form is not None:
        write_sheet(out, form, counter.value, *author_table(rows))
        return
    if as_json:
        result_json(rows)
        return
    table = table_of(
        (
            "author",
            "platform",
            column_of("videos", is_number=True),
            column_of(counter.value, is_number=True),
            column_of("growth", is_number=True),
        )
    )
    for row in rows:
        table.add(
            (
                row["author"],
                row["platform"],
                number(row["works"]),
                number(row["total"]),
                signed(row["growth"]),
            )
        )
    if not rows:
        result(Message.of("no_authors"))
        return
    result_table(table)


def _print(found: Comparison) -> None:
    axis = column_of("age", is_number=True) if found.by_age else "hour"
    table = table_of((axis, *(column_of(work, is_number=True) for work in found.series)))
    for place, at in enumerate(found.axis):
        values = [column[place] for column in found.series.values()]
        if any(value is not None for value in values):
            table.add((str(at), *map(number, values)))
    result_table(table)


QUERIES: dict[str, Callable[..., Any]] = {"compare": compare, "authors": authors}
