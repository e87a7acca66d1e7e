"""`views compare|authors`: several videos side by side, and the totals of authors."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.framework.context import opened_app, result, result_json, result_table
from commands.framework.options import AsJson
from commands.framework.reader import column_of, table_of
from commands.views.queries import CounterName, Limit, OfCounter, newest, number, signed, video
from core.errors import InvalidInputError, OutputError
from core.messages import Message
from works.hour_data.hours import Hour, hours_of_span

MAX_WORKS = 100
Series = dict[str, list[int | None]]  # by work, a value for each hour
XLSX_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def compare(
    works: Annotated[list[str], typer.Argument(help="ids or links")],
    since: Annotated[str, typer.Option(help="how far back: 7d, 48h")] = "48h",
    counter: OfCounter = CounterName.VIEW,
    out: Annotated[
        Path | None, typer.Option("--out", help="write a file instead, .csv or .xlsx")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show several videos hour by hour, a column for each."""
    links = [video(work) for work in works]
    if len(links) > MAX_WORKS:
        raise InvalidInputError("links_count_wrong", most=MAX_WORKS, given=len(links))
    if out is not None and out.suffix.lower() not in (".csv", ".xlsx"):
        raise InvalidInputError("series_file_unknown", path=str(out))
    span = hours_of_span(since)
    with opened_app() as app:
        last = newest(app.works.history)
        found = {
            link.video_id: app.works.history.trend(
                link.platform, link.video_id, counter.column, span
            )
            for link in links
        }
    hours = [last.earlier(back) for back in range(span - 1, -1, -1)]
    series: Series = {}
    for work, rows in found.items():
        known = {
            Hour.parse(one.row["crawl_date"], one.row["crawl_hour"]): one.row[counter.column]
            for one in rows
        }
        series[work] = [known.get(hour) for hour in hours]
    if out is not None:
        _write(out, hours, series)
        result(str(out))
    elif as_json:
        result_json({"hours": [str(hour) for hour in hours], "series": series})
    else:
        _print(hours, series)


def authors(
    since: Annotated[str, typer.Option(help="growth over: 24h, 7d")] = "24h",
    counter: OfCounter = CounterName.VIEW,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List the authors whose videos have the most of a number in the newest hour."""
    span = hours_of_span(since)
    with opened_app() as app:
        rows = app.works.history.authors(newest(app.works.history), span, counter.column, limit)
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


def _print(hours: Sequence[Hour], series: Series) -> None:
    table = table_of(("hour", *(column_of(work, is_number=True) for work in series)))
    for place, hour in enumerate(hours):
        values = [column[place] for column in series.values()]
        if any(value is not None for value in values):
            table.add((str(hour), *map(number, values)))
    result_table(table)


def _write(path: Path, hours: Sequence[Hour], series: Series) -> None:
    """Write the hours as rows and the works as columns.

    Raises:
        OutputError: the file cannot be written.
    """
    head = ["hour", *series]
    rows = [
        [f"{hour.date_text} {hour.hour_text}:00", *(column[place] for column in series.values())]
        for place, hour in enumerate(hours)
    ]
    try:
        if path.suffix.lower() == ".csv":
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                csv.writer(file).writerows([head, *rows])
            return
        import xlsxwriter

        with path.open("wb") as file:
            book = xlsxwriter.Workbook(file, XLSX_OPTIONS)
            sheet = book.add_worksheet()
            for place, row in enumerate([head, *rows]):
                sheet.write_row(place, 0, row)
            book.close()
    except OSError as error:
        detail = error.strerror or str(error)
        raise OutputError("file_not_writable", path=str(path), detail=detail) from error


QUERIES: dict[str, Callable[..., Any]] = {"compare": compare, "authors": authors}
