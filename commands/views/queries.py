"""`views trend|top|daily|growth|gaps`: queries of the hourly counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any

import typer

from commands.framework.context import (
    opened_app,
    result,
    result_json,
    result_table,
    window_width,
)
from commands.framework.options import AsJson
from commands.framework.reader import column_of, named_count, shown, table_of, text_of, word
from commands.views.chart import chart
from commands.views.series_files import OutFile, form_of, write_sheet
from core.errors import InvalidInputError
from core.messages import Message
from core.plain_text import one_line
from presentation.terminal.tables import Column
from sources.links import video_named
from works.hour_data.hours import Hour, hours_of_span
from works.hourly.gaps import HourState
from works.hourly.history import AGE, HourRow, ViewHistory
from works.hourly.serialization import gap_object, numbers_object, trend_object
from works.hourly.sheets import trend_table

CHART_LINES = 8
CHART_CELLS = 80  # outside of a window
TITLE_CELLS = 12  # in a window, at least
COLUMNS = ("view", "danmaku", "comment", "like", "coin", "favorite", "share")


class CounterName(StrEnum):
    """The counters of a video that can be queried."""

    VIEW = "view"
    DANMAKU = "danmaku"
    COMMENT = "comment"
    LIKE = "like"
    COIN = "coin"
    FAVORITE = "favorite"
    SHARE = "share"

    @property
    def column(self) -> str:
        """Return the column of the counter."""
        return f"{self.value}_count"


OfCounter = Annotated[CounterName, typer.Option("--counter", help="which number")]
Limit = Annotated[int, typer.Option(min=1, help="works at most")]


def trend(
    work: Annotated[str, typer.Argument(help="an id or a link")],
    last: Annotated[int, typer.Option("--last", min=1, help="newest hours at most")] = 48,
    counter: OfCounter = CounterName.VIEW,
    out: OutFile = None,
    as_json: AsJson = False,
) -> None:
    """Show a video hour by hour, with growth and a chart."""
    link, form = video_named(work), form_of(out)
    with opened_app() as app:
        found = app.works.history.trend(link.platform, link.video_id, counter.column, last)
    if not found:
        raise InvalidInputError("no_numbers_of_video", video=link.video_id, platform=link.platform)
    if out is not None and form is not None:
        write_sheet(out, form, link.video_id, *trend_table(found))
        return
    if as_json:
        result_json([trend_object(hour) for hour in found])
        return
    rows = [row for row, _ in found]
    result(f"{link.video_id}  {one_line(rows[-1]['title'])}")
    table = table_of(
        (
            "hour",
            column_of("age", is_number=True, is_optional=True),
            *_numbers(counter, "growth"),
        )
    )
    for (row, growth), hours in zip(found, _hours_apart(rows), strict=True):
        grown = signed(growth)
        if hours > 1:
            grown = text_of(Message.of("growth_in_hours", growth=grown, hours=hours))
        table.add(
            (
                f"{row['crawl_date']} {row['crawl_hour']}",
                number(row[AGE]),
                *_counts(row),
                grown,
            )
        )
    result_table(table)
    width = window_width() or CHART_CELLS
    for line in chart([row[counter.column] for row in rows], width, CHART_LINES):
        result(line)


def top(
    day: Annotated[str | None, typer.Option("--date", metavar="YYYY-MM-DD")] = None,
    hour: Annotated[str | None, typer.Option("--hour", metavar="HH")] = None,
    counter: OfCounter = CounterName.VIEW,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List the most seen videos of an hour; without one, of the newest hour."""
    if (day is None) != (hour is None):
        raise InvalidInputError("date_with_hour")
    wanted = Hour.parse(day, hour) if day is not None and hour is not None else None
    with opened_app() as app:
        at = wanted or newest(app.works.history)
        rows = app.works.history.top(at, counter.column, limit)
    if not rows:
        raise InvalidInputError("no_numbers_of_hour", hour=str(at))
    if as_json:
        result_json([numbers_object(row) for row in rows])
        return
    result(str(at))
    table = table_of(
        (
            Column(""),
            "id",
            *_numbers(counter),
            _title_column(),
        )
    )
    for rank, row in enumerate(rows, start=1):
        table.add(
            (
                str(rank),
                row["work_id"],
                *_counts(row),
                row["title"],
            )
        )
    result_table(table)


def daily(
    work: Annotated[str | None, typer.Argument(help="one video; all without it")] = None,
    since: Annotated[str, typer.Option(help="how far back: 7d, 48h")] = "7d",
    counter: OfCounter = CounterName.VIEW,
    as_json: AsJson = False,
) -> None:
    """Day by day: hours, videos, highest numbers, growth."""
    hours = hours_of_span(since)
    link = video_named(work) if work is not None else None
    key = (link.platform, link.video_id) if link else None
    with opened_app() as app:
        first = (app.clock.now() - timedelta(hours=hours)).astimezone(app.calendar.zone).date()
        days = app.works.history.daily(first, counter.column, key)
    if not days:
        raise InvalidInputError("no_numbers_since", day=str(first))
    if as_json:
        result_json(days)
        return
    numbers = ("hours", "videos", counter.value, "growth")
    table = table_of(
        (
            "day",
            *(column_of(name, is_number=True) for name in numbers),
        )
    )
    for day in days:
        table.add(
            (
                day["crawl_date"],
                str(day["hours"]),
                number(day["works"]),
                number(day["total"]),
                signed(day["growth"]),
            ),
        )
    result_table(table)


def growth(
    since: Annotated[str, typer.Option(help="how far back: 24h, 7d")] = "24h",
    counter: OfCounter = CounterName.VIEW,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List the fastest risers, back from the newest hour."""
    hours = hours_of_span(since)
    with opened_app() as app:
        start = newest(app.works.history).earlier(hours)
        rows = app.works.history.risers(start, counter.column, limit)
    if as_json:
        result_json(rows)
        return
    table = table_of(
        (
            Column(""),
            "id",
            column_of("growth", is_number=True),
            column_of(counter.value, is_number=True),
            column_of("from hour", is_optional=True),
            column_of("to hour", is_optional=True),
            _title_column(),
        ),
    )
    for rank, row in enumerate(rows, start=1):
        table.add(
            (
                str(rank),
                row["work_id"],
                signed(row["growth"]),
                number(row["to_count"]),
                row["from_hour"],
                row["to_hour"],
                row["title"],
            ),
        )
    if not rows:
        result(Message.of("no_risers_since", hour=str(start)))
        return
    result_table(table)


def gaps(
    since: Annotated[str, typer.Option(help="how far back: 7d, 48h")] = "7d",
    every: Annotated[bool, typer.Option("--all", help="good hours too")] = False,
    as_json: AsJson = False,
) -> None:
    """List every expected hour: observed, late or missing, and why."""
    hours = hours_of_span(since)
    with opened_app() as app:
        found = app.works.gaps.look(app.clock.now(), hours)
    if as_json:
        result_json([gap_object(hour) for hour in found])
        return
    numbers = (column_of(name, is_number=True) for name in ("numbers", "failed"))
    table = table_of(
        (
            "hour",
            "state",
            *numbers,
            column_of("why", is_long=True),
        )
    )
    for hour in found:
        if every or hour.why:
            table.add(
                (
                    str(hour.hour),
                    word(hour.state),
                    number(hour.success),
                    number(hour.failed),
                    shown(hour.why),
                ),
            )
    if len(table):
        result_table(table)
    states = Counter(hour.state for hour in found)
    counts = [named_count(states[state], state) for state in HourState]
    result(Message.of("hours_summed", hours=len(found), counts=counts))


QUERIES: dict[str, Callable[..., Any]] = {
    "trend": trend,
    "top": top,
    "daily": daily,
    "growth": growth,
    "gaps": gaps,
}


def newest(history: ViewHistory) -> Hour:
    """Return the newest hour with counters. Raise InvalidInputError when there is none."""
    found = history.newest_hour()
    if found is None:
        raise InvalidInputError("no_numbers_yet")
    return found


def _hours_apart(rows: Sequence[HourRow]) -> Iterator[int]:
    """Yield for each row the hours since the one before; 0 for the first."""
    hours = [Hour.parse(row["crawl_date"], row["crawl_hour"]) for row in rows]
    yield 0
    yield from (later.hours_since(earlier) for earlier, later in pairwise(hours))


def _numbers(counter: CounterName, *more: str) -> list[Column]:
    """Return the columns of the counters, and more numbers; a narrow window has room for the chosen
    counter and these only."""
    return [
        *(column_of(name, is_number=True, is_optional=name != counter) for name in COLUMNS),
        *(column_of(name, is_number=True) for name in more),
    ]


def _counts(row: HourRow) -> list[str]:
    return [number(row[f"{name}_count"]) for name in COLUMNS]


def _title_column() -> Column:
    return column_of("title", min_cells=TITLE_CELLS)


def number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def signed(value: int | None) -> str:
    return "-" if value is None else f"{value:+,}"
