"""The file formats of exports; a new one is a class like FormatWriter, and an entry in FORMATS."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from core.errors import InvalidInputError

# Spreadsheets run a cell that begins with one of these as a formula.
RISKY_STARTS = frozenset("=+-@\t\r")
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


class FormatWriter(Protocol):
    """Writes rows of values to one new file; its methods raise OSError when the disk fails."""

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Append rows; their values are in the order of the columns."""

    def close(self) -> None:
        """Finish the file and sync it to the disk."""

    def discard(self) -> None:
        """Close the file unfinished; it may be called after any error."""


class CsvWriter:
    """Writes CSV (RFC 4180) with a byte order mark, by which Excel recognises UTF-8.

    Text that a spreadsheet would run as a formula gets a leading apostrophe; with `raw_cells` it
    stays as it is.
    """

    def __init__(self, path: Path, columns: Sequence[str], *, raw_cells: bool) -> None:
        # "x" fails when the file exists: no writer may go on with the file of another.
        self._file = path.open("x", encoding="utf-8-sig", newline="", buffering=1 << 16)
        self._lines = io.StringIO(newline="")
        self._csv = csv.writer(self._lines)
        self._row = _plain_row if raw_cells else _safe_row
        self._csv.writerow(columns)

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Append rows; a list or an object becomes JSON text in its cell."""
        self._csv.writerows(map(self._row, rows))
        self._file.write(self._lines.getvalue())  # once a batch: encoding row by row is slow
        self._lines.seek(0)
        self._lines.truncate()

    def close(self) -> None:
        """Flush the file, sync it to disk and close it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Close the file without writing what is buffered; it may be called after any error."""
        _close_unfinished(self._file)


class JsonLinesWriter:
    """Writes one JSON object a line, with its keys in the order of the columns."""

    def __init__(self, path: Path, columns: Sequence[str], *, raw_cells: bool) -> None:
        self._file = path.open("x", encoding="utf-8", newline="\n", buffering=1 << 16)
        self._columns = tuple(columns)
        self._dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Append rows as objects with the names of the columns as keys."""
        dump, columns = self._dump, self._columns
        self._file.write("".join(dump(dict(zip(columns, row, strict=True))) + "\n" for row in rows))

    def close(self) -> None:
        """Flush the file, sync it to disk and close it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Close the file without writing what is buffered; it may be called after any error."""
        _close_unfinished(self._file)


class OpenWriter(Protocol):
    """Creates a new file at `path` and returns its writer.

    Raises:
        FileExistsError: the file exists already.
        OSError: the file cannot be created.
    """

    def __call__(self, path: Path, columns: Sequence[str], *, raw_cells: bool) -> FormatWriter: ...


class ReadIds(Protocol):
    """Yields the creator id of each row of a finished file; None for each where it has no ids.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a file of that format.
    """

    def __call__(self, path: Path) -> Iterator[int | None]: ...


@dataclass(frozen=True)
class Format:
    """A file format by its name, its suffix, what writes it and what reads it."""

    name: str
    suffix: str
    open: OpenWriter
    read_ids: ReadIds


def _csv_ids(path: Path) -> Iterator[int | None]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            for record in csv.DictReader(file, strict=True):
                yield int(record["id"]) if "id" in record else None
        except csv.Error as error:
            raise ValueError(str(error)) from error


def _json_ids(path: Path) -> Iterator[int | None]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            yield int(record["id"]) if "id" in record else None


FORMATS: Mapping[str, Format] = {
    "csv": Format("csv", ".csv", CsvWriter, _csv_ids),
    "jsonl": Format("jsonl", ".jsonl", JsonLinesWriter, _json_ids),
}


def format_named(name: str) -> Format:
    """Return the format of that name, in any case. Raise InvalidInputError when it is unknown."""
    known = FORMATS.get(name.strip().lower())
    if known is None:
        raise InvalidInputError("format_unknown", name=name, known=list(FORMATS))
    return known


def _plain_row(row: Sequence[object]) -> list[object]:
    return [_as_json(value) if isinstance(value, dict | list) else value for value in row]


def _safe_row(row: Sequence[object]) -> list[object]:
    # Most cells are harmless: only those that may be risky cost a call.
    return [
        (value if value[:1] not in RISKY_STARTS else _escaped(value))
        if type(value) is str
        else _as_json(value)
        if isinstance(value, dict | list)
        else value
        for value in row
    ]


def _escaped(text: str) -> str:
    # Negative numbers begin with a risky sign, and are meant as numbers.
    return text if NUMBER.fullmatch(text) else "'" + text


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _close_unfinished(file: TextIO) -> None:
    if file.closed:
        return
    # Closing writes the buffer once more, which fails while the disk is full: discard it.
    with open(os.devnull, "wb") as devnull:
        os.dup2(devnull.fileno(), file.fileno())
    file.close()
