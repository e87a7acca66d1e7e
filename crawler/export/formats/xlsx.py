"""Excel files: one sheet with a frozen header, ids as text, links as text.

XlsxWriter cuts a text that is too long, and leaves out a row behind the last one, and only its
return value says so: every one is looked at.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from crawler.export.formats.base import Table, temporary_folder

MAX_ROWS = 1_048_575  # below the header
MAX_CELL_UNITS = 32_767  # UTF-16 code units
# Excel has numbers of 53 bits.
MAX_INTEGER = 2**53
# A moment has 24 characters, and ids up to 20 digits.
WIDTHS = {
    "uid": 22,
    "nickname": 24,
    "ingested_at": 26,
    "signature": 40,
    "profile_url": 36,
    "raw_data": 40,
}
USUAL_WIDTH = 14
# The same rows give the same bytes.
CREATED = datetime(2000, 1, 1)
SHEET = "xl/worksheets/sheet1.xml"
SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
OPTIONS = {
    "constant_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
}


class XlsxWriter:
    """Writes one sheet; text is never run as a formula.

    Its temporary files are in a folder beside the file, named after it.
    """

    def __init__(self, path: Path, table: Table) -> None:
        # XlsxWriter creates the file when it is closed: this one keeps others from its name.
        path.open("xb").close()
        self._path = path
        self._folder = temporary_folder(path)
        self._folder.mkdir()
        self._book = xlsxwriter.Workbook(str(path), OPTIONS | {"tmpdir": str(self._folder)})
        self._book.set_properties({"created": CREATED})
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        self._hash = hashlib.sha256()
        self._dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
        self._rows = 0
        self._cut = 0
        for column, name in enumerate(table.columns):
            self._sheet.set_column(column, column, WIDTHS.get(name, USUAL_WIDTH))
        bold = self._book.add_format({"bold": True})
        for column, header in enumerate(table.headers):
            self._text(0, column, header, bold)

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Append rows; a list or an object becomes JSON text in its cell."""
        for row in rows:
            self._rows += 1
            if self._rows > MAX_ROWS:
                raise OSError("a sheet has no more rows")
            self._hash.update(self._dump(row).encode() + b"\n")
            for column, value in enumerate(row):
                if value is not None:
                    self._cell(self._rows, column, value)

    def close(self) -> None:
        """Pack the sheet, sync the file to disk and close it."""
        try:
            self._book.close()
        except FileCreateError as error:
            raise _os_error(error) from error
        shutil.rmtree(self._folder, ignore_errors=True)
        with self._path.open("rb") as file:
            os.fsync(file.fileno())

    def discard(self) -> None:
        """Remove the temporary files; it may be called after any error."""
        if self._sheet.row_data_fh_closed is False:
            self._sheet.row_data_fh.close()
        self._book.fileclosed = 1  # its destructor would write the file
        shutil.rmtree(self._folder, ignore_errors=True)

    def content_sha256(self) -> str | None:
        """Return the hash of the rows as JSON lines."""
        return self._hash.hexdigest()

    def notes(self) -> Mapping[str, object]:
        """Return how many texts were cut, as Excel has no room for more; empty for none."""
        return {"cut_cells": self._cut} if self._cut else {}

    def _cell(self, row: int, column: int, value: object) -> None:
        if isinstance(value, bool):
            self._require(self._sheet.write_boolean(row, column, value))
        elif isinstance(value, int | float) and abs(value) <= MAX_INTEGER:
            self._require(self._sheet.write_number(row, column, value))
        elif isinstance(value, dict | list):
            self._text(row, column, self._dump(value))
        else:
            self._text(row, column, str(value))

    def _text(self, row: int, column: int, text: str, style: object = None) -> None:
        # A cell breaks lines by LF alone; XML would need CR spelled out, which readers then show.
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        fitting = fitting_text(text)
        self._cut += fitting != text
        self._require(self._sheet.write_string(row, column, fitting, style))

    @staticmethod
    def _require(written: int) -> None:
        if written != 0:
            raise OSError(f"the sheet takes no such cell ({written})")


def fitting_text(text: str) -> str:
    """Return as much of a text as a cell holds."""
    if len(text) * 2 <= MAX_CELL_UNITS:
        return text
    encoded = text.encode("utf-16-le")
    if len(encoded) <= 2 * MAX_CELL_UNITS:
        return text
    return encoded[: 2 * MAX_CELL_UNITS].decode("utf-16-le", errors="ignore")


def xlsx_ids(path: Path, header: str | None) -> Iterator[int | None]:
    """Yield the ids of a file that XlsxWriter wrote, as ReadIds says."""
    wanted = None
    try:
        with zipfile.ZipFile(path) as archive, archive.open(SHEET) as sheet:
            for number, cells in enumerate(_rows(sheet)):
                if number == 0:
                    wanted = next((name for name, text in cells.items() if text == header), None)
                    continue
                yield None if wanted is None else int(cells[wanted])
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError) as error:
        raise ValueError(str(error)) from error


def _rows(sheet: IO[bytes]) -> Iterator[dict[str, str]]:
    """Yield the texts of each row by the letters of their columns."""
    # The file was written by XlsxWriter, and its hash is the recorded one.
    for _, element in ElementTree.iterparse(sheet):  # noqa: S314
        if element.tag != f"{SPREADSHEET}row":
            continue
        yield {
            cell.get("r", "").rstrip("0123456789"): "".join(cell.itertext())
            for cell in element.iter(f"{SPREADSHEET}c")
        }
        element.clear()


def _os_error(error: FileCreateError) -> OSError:
    cause = error.args[0] if error.args else error
    return cause if isinstance(cause, OSError) else OSError(str(error))
