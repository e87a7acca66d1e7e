"""Excel files of a few sheets, for people to read and add up."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import xlsxwriter

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDTH = 16
MAX_CELL_CHARS = 16_000  # two code units each; a longer name does not exist
OPTIONS = {
    "constant_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
}
Cell = str | int


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A sheet with a heading; `last` is a row of sums in bold, None for none."""

    title: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    last: Sequence[Cell] | None = None


def workbook(title: str, sheets: Iterable[Sheet]) -> bytes:
    """Return an Excel file. Texts stay texts, whatever they look like.

    Raises:
        OSError: a sheet takes no such cell, as it has too many rows.
    """
    packed = io.BytesIO()
    book = xlsxwriter.Workbook(packed, OPTIONS)
    bold = book.add_format({"bold": True})
    for one in sheets:
        sheet = book.add_worksheet(one.title)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(one.columns) - 1, WIDTH)
        _write(sheet, 0, one.columns, bold)
        number = 0
        for number, row in enumerate(one.rows, 1):
            _write(sheet, number, row)
        if one.last is not None:
            _write(sheet, number + 1, one.last, bold)
    book.set_properties({"title": title})
    book.close()
    return packed.getvalue()


def _write(sheet: Any, row: int, cells: Sequence[Cell], style: object = None) -> None:
    for column, value in enumerate(cells):
        if value == "":
            continue
        if isinstance(value, int):
            written = sheet.write_number(row, column, value, style)
        else:
            written = sheet.write_string(row, column, value[:MAX_CELL_CHARS], style)
        # XlsxWriter only returns that it left a cell out.
        if written != 0:
            raise OSError(f"the sheet takes no such cell ({written})")
