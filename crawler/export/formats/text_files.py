"""CSV and JSON Lines, plain or packed by gzip."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from crawler.export.formats.base import Table

GZIP_LEVEL = 6
BOM_ENCODING = "utf-8-sig"
# Spreadsheets run a cell that begins with one of these as a formula.
RISKY_STARTS = frozenset("=+-@\t\r")
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


class TextFile:
    """A new UTF-8 file, packed by gzip where asked for; a packed one hashes its text.

    Raises:
        FileExistsError: the file exists already: no writer may go on with the file of another.
    """

    def __init__(self, path: Path, *, encoding: str, packed: bool) -> None:
        self._raw = path.open("xb", buffering=1 << 16)
        self._hash = hashlib.sha256() if packed else None
        # Without a name and a time inside, the same rows give the same bytes.
        self._packer = (
            gzip.GzipFile("", "wb", GZIP_LEVEL, fileobj=self._raw, mtime=0) if packed else None
        )
        self._begins = encoding == BOM_ENCODING

    def write(self, text: str) -> None:
        """Append text."""
        data = text.encode(BOM_ENCODING if self._begins else "utf-8")
        self._begins = False
        if self._packer is None or self._hash is None:
            self._raw.write(data)
            return
        self._hash.update(data)
        self._packer.write(data)

    def close(self) -> None:
        """Flush the file, sync it to disk and close it."""
        if self._packer is not None:
            self._packer.close()
        self._raw.flush()
        os.fsync(self._raw.fileno())
        self._raw.close()

    def discard(self) -> None:
        """Close the file without writing what is buffered; it may be called after any error."""
        if self._raw.closed:
            return
        # Closing writes the buffer once more, which fails while the disk is full: discard it.
        with open(os.devnull, "wb") as devnull:
            os.dup2(devnull.fileno(), self._raw.fileno())
        if self._packer is not None:
            self._packer.close()
        self._raw.close()

    def content_sha256(self) -> str | None:
        """Return the hash of the text of a packed file; None for a plain one."""
        return None if self._hash is None else self._hash.hexdigest()


class TextWriter:
    """What the writers of text share: all but the form of a row."""

    def __init__(self, file: TextFile) -> None:
        self._file = file

    def close(self) -> None:
        """Flush the file, sync it to disk and close it."""
        self._file.close()

    def discard(self) -> None:
        """Close the file without writing what is buffered; it may be called after any error."""
        self._file.discard()

    def content_sha256(self) -> str | None:
        """Return the hash of the text in a packed file; None for a plain one."""
        return self._file.content_sha256()

    def notes(self) -> Mapping[str, object]:
        """Return nothing: every cell is written whole."""
        return {}


class CsvWriter(TextWriter):
    """Writes CSV (RFC 4180) with a byte order mark, by which Excel recognises UTF-8.

    Text that a spreadsheet would run as a formula gets a leading apostrophe; with `raw_cells` it
    stays as it is.
    """

    def __init__(self, path: Path, table: Table, *, packed: bool = False) -> None:
        super().__init__(TextFile(path, encoding=BOM_ENCODING, packed=packed))
        self._lines = io.StringIO(newline="")
        self._csv = csv.writer(self._lines)
        self._row = _plain_row if table.raw_cells else safe_row
        self._csv.writerow(table.headers)

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Append rows; a list or an object becomes JSON text in its cell."""
        self._csv.writerows(map(self._row, rows))
        self._file.write(self._lines.getvalue())  # once a batch: encoding row by row is slow
        self._lines.seek(0)
        self._lines.truncate()


class JsonLinesWriter(TextWriter):
    """Writes one JSON object a line, with its keys in the order of the columns."""

    def __init__(self, path: Path, table: Table, *, packed: bool = False) -> None:
        super().__init__(TextFile(path, encoding="utf-8", packed=packed))
        self._columns = table.headers
        self._dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Append rows as objects with the names of the columns as keys."""
        dump, columns = self._dump, self._columns
        self._file.write("".join(dump(dict(zip(columns, row, strict=True))) + "\n" for row in rows))


def csv_ids(path: Path, header: str | None, *, packed: bool = False) -> Iterator[int | None]:
    """Yield the ids of a CSV file, as ReadIds says."""
    with _opened(path, "utf-8-sig", packed=packed) as file:
        try:
            for record in csv.DictReader(file, strict=True):
                yield None if header is None else int(record[header])
        except (csv.Error, EOFError, KeyError, TypeError) as error:
            raise ValueError(str(error)) from error


def json_ids(path: Path, header: str | None, *, packed: bool = False) -> Iterator[int | None]:
    """Yield the ids of a file of JSON lines, as ReadIds says."""
    with _opened(path, "utf-8", packed=packed) as file:
        try:
            for line in file:
                record = json.loads(line)
                yield None if header is None else int(record[header])
        except (EOFError, KeyError, TypeError) as error:
            raise ValueError(str(error)) from error


def _opened(path: Path, encoding: str, *, packed: bool) -> TextIO:
    if packed:
        return gzip.open(path, "rt", encoding=encoding, newline="")
    return path.open(encoding=encoding, newline="")


def _plain_row(row: Sequence[object]) -> list[object]:
    return [_as_json(value) if isinstance(value, dict | list) else value for value in row]


def safe_row(row: Sequence[object]) -> list[object]:
    """Return the cells of a CSV row, those that a spreadsheet would run with an apostrophe."""
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
