"""Settlements as tables: CSV for programs, Excel files for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from core.clock import iso_utc
from core.errors import InvalidInputError
from core.logs import redact
from core.messages import Message
from crawler.export.formats.text_files import safe_row
from distribution.counters import COUNTED, PREFIXES
from distribution.settlement.reader import PeriodSum
from distribution.settlement.serialization import totals_of
from presentation.i18n.renderer import ENGLISH_RENDERER, Renderer
from presentation.spreadsheets import Cell, Sheet, workbook
from storage.distribution.settlement import SumBy, TaskDay

MAX_XLSX_ROWS = 100_000
ROWS_PER_CHUNK = 500
TOTALS = ("view_count", "like_count", "comment_count", "share_count", "collect_count")
PLATFORM_COUNTS = tuple(
    (f"{prefix}_{counter}_count", platform, counter)
    for platform, prefix in PREFIXES.items()
    for counter in ("account", *COUNTED[platform])
)
COUNTED_COLUMNS = (
    "completion_count",
    "account_count",
    *TOTALS,
    *(name for name, _, _ in PLATFORM_COUNTS),
)
DAY_COLUMNS = (
    "stats_date",
    "task_id",
    "title",
    "project_id",
    *COUNTED_COLUMNS,
    "revision",
    "incomplete",
    "missing",
    "state",
    "tries",
    "sent_at",
    "response",
    "event_id",
)
OPEN_COLUMNS = ("task_days", "incomplete_days", "unaccepted_days")


def day_row(day: TaskDay, renderer: Renderer = ENGLISH_RENDERER) -> list[Cell]:
    """Return the cells of a day, in the order of DAY_COLUMNS; texts in a reader's language."""
    stats = day.stats
    counted = _cells(day.completion_count, day.counts)

    def said(text: str | None) -> str:
        return redact(renderer.sentence(Message.load(text))) if text else ""

    return [
        str(stats.stats_date),
        stats.task_id,
        day.title or "",
        day.project_id or "",
        *(counted[name] for name in COUNTED_COLUMNS),
        stats.revision,
        said(stats.incomplete.cause) if stats.incomplete else "",
        said(stats.error),
        renderer.say(f"word_{day.state.value}"),
        stats.tries,
        iso_utc(stats.sent_at) if stats.sent_at else "",
        said(stats.response),
        stats.event_id or "",
    ]


def sum_columns(by: SumBy) -> tuple[str, ...]:
    """Return the columns of sums."""
    named = {SumBy.ALL: (), SumBy.TASK: ("task_id", "title"), SumBy.AGENT: ("agent_node",)}[by]
    return ("first_day", "last_day", *named, *COUNTED_COLUMNS, *OPEN_COLUMNS)


def sum_row(found: PeriodSum, by: SumBy, renderer: Renderer = ENGLISH_RENDERER) -> list[Cell]:
    """Return the cells of a sum, in the order of `sum_columns`."""
    one = found.sum
    counted = _cells(one.completion_count, one.counts)
    name = one.name if one.name is not None else renderer.say("settlement_before_agents")
    named = {
        SumBy.ALL: (),
        SumBy.TASK: (name, found.title or ""),
        SumBy.AGENT: (name,),
    }[by]
    return [
        str(found.first),
        str(found.last),
        *named,
        *(counted[column_name] for column_name in COUNTED_COLUMNS),
        one.task_days,
        one.incomplete_days,
        one.unaccepted_days,
    ]


def csv_chunks(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield CSV with a byte order mark, as Excel needs it, and the columns' names of JSON.

    A text that a spreadsheet would run gets an apostrophe.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    out_of = "utf-8-sig"
    for number, row in enumerate(rows, 1):
        writer.writerow(safe_row(row))
        if number % ROWS_PER_CHUNK == 0:
            yield out.getvalue().encode(out_of)
            out_of = "utf-8"
            out.seek(0)
            out.truncate()
    if out.tell():
        yield out.getvalue().encode(out_of)


def xlsx(columns: Sequence[str], rows: Iterable[Sequence[Cell]], renderer: Renderer) -> bytes:
    """Return an Excel file in a reader's language.

    Raises:
        InvalidInputError: there are more than MAX_XLSX_ROWS rows.
    """
    title = renderer.say("settlement_sheet")
    sheet = Sheet(
        title=title, columns=[heading(name, renderer) for name in columns], rows=_limited(rows)
    )
    return workbook(title, [sheet])


def heading(name: str, renderer: Renderer) -> str:
    """Return the title of a column in a reader's language."""
    for count, platform, counter in PLATFORM_COUNTS:
        if count == name:
            return renderer.say(
                "settlement_platform_count",
                platform=renderer.say(f"settlement_{platform}"),
                counter=renderer.say(f"settlement_{counter}_count"),
            )
    return renderer.say(f"settlement_{name}")


def _cells(completions: int, counts: Mapping[str, int]) -> dict[str, Cell]:
    """Return the cells of COUNTED_COLUMNS by name; empty for what no platform tells."""
    totals = {name: "" if count is None else count for name, count in totals_of(counts).items()}
    return {"completion_count": completions, **counts, **totals}


def _limited(rows: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    for number, row in enumerate(rows):
        if number == MAX_XLSX_ROWS:
            raise InvalidInputError("xlsx_too_long", most=MAX_XLSX_ROWS)
        yield row
