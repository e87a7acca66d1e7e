"""Tables of hourly numbers as files: CSV for programs, Excel files for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from enum import StrEnum

from crawler.export.formats.text_files import safe_row
from works.hourly.history import HourOfWork, HourRow

AUTHOR_COLUMNS = ("platform", "author", "works", "total", "growth")
Cell = str | int


class SheetForm(StrEnum):
    """The forms of a table as a file, by the end of its name."""

    CSV = "csv"
    XLSX = "xlsx"


def sheet_file(
    form: SheetForm, title: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> bytes:
    """Return a table as a file, with the columns' names of JSON; an empty text is an empty cell.

    CSV has a byte order mark, as Excel needs it. No text is run by a spreadsheet.
    """
    if form is SheetForm.XLSX:
        from presentation.spreadsheets import Sheet, workbook

        return workbook(title, [Sheet(title=title, columns=head, rows=rows)])
    out = io.StringIO(newline="")
    csv.writer(out).writerows([head, *map(safe_row, rows)])
    return out.getvalue().encode("utf-8-sig")


def trend_table(found: Sequence[HourOfWork]) -> tuple[list[str], list[list[Cell]]]:
    """Return head and rows of a work's hours, with growth and hours since publication."""
    rows = [row | {"growth": growth} for row, growth in found]
    head = list(rows[0]) if rows else []
    return head, [[_cell(row[name]) for name in head] for row in rows]


def author_table(rows: Sequence[HourRow]) -> tuple[list[str], list[list[Cell]]]:
    """Return head and rows of the totals of authors."""
    return list(AUTHOR_COLUMNS), [[_cell(row[name]) for name in AUTHOR_COLUMNS] for row in rows]


def _cell(value: str | int | None) -> Cell:
    return "" if value is None else value
