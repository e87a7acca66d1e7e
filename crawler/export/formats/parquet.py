"""Parquet files: typed columns for programs, written by duckdb where it is installed.

A Parquet file cannot grow batch by batch: rows are collected as JSON lines in a folder beside the
file, and packed when it is closed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import duckdb

from crawler.export.formats.base import Table, temporary_folder

INTEGER, INSTANT, TEXT = "BIGINT", "TIMESTAMPTZ", "VARCHAR"
# Whatever is not named here is text: platforms decide what a key of their raw data holds.
TYPES = {
    "id": INTEGER,
    "followers": INTEGER,
    "videos": INTEGER,
    "likes": INTEGER,
    "source_page": INTEGER,
    "ingested_at": INSTANT,
}
SHOWN_TYPES = {INTEGER: "int64", INSTANT: "timestamp(us, UTC)", TEXT: "string"}
WHOLE = re.compile("-?[0-9]{1,19}")
INTEGERS = range(-(2**63), 2**63)
# Rows with their raw data in memory at once.
GROUP_ROWS = 20_480
MAX_LINE_BYTES = 256 * 2**20
READ_ROWS = 2_000


class ParquetWriter:
    """Writes one Parquet file; a value that its column's type cannot hold becomes NULL."""

    def __init__(self, path: Path, table: Table) -> None:
        # Taken now, so that no other writer goes on with it.
        path.open("xb").close()
        self._path = path
        self._folder = temporary_folder(path)
        self._folder.mkdir()
        self._rows = (self._folder / "rows").open("xb", buffering=1 << 16)
        self._headers = table.headers
        self._types = [TYPES.get(name, TEXT) for name in table.columns]
        self._names = [f"c{place}" for place in range(len(table.columns))]
        self._hash = hashlib.sha256()
        self._dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
        self._lost = 0

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Append rows; a list or an object becomes JSON text."""
        for row in rows:
            self._hash.update(self._dump(row).encode() + b"\n")
            cells = map(self._cell, self._types, row)
            line = self._dump(dict(zip(self._names, cells, strict=True)))
            self._rows.write(line.encode() + b"\n")

    def close(self) -> None:
        """Pack the rows, and sync the file to disk."""
        self._rows.close()
        packed = self._folder / "packed"
        try:
            with _connect(self._folder) as connection:
                connection.execute(self._copy_to(packed))
        except duckdb.Error as error:
            is_disk = isinstance(error, duckdb.IOException)
            raise OSError(errno.EIO if is_disk else errno.EINVAL, str(error)) from error
        packed.replace(self._path)
        shutil.rmtree(self._folder, ignore_errors=True)
        with self._path.open("rb") as file:
            os.fsync(file.fileno())

    def discard(self) -> None:
        """Remove the temporary files; it may be called after any error."""
        with suppress(OSError):  # a full disk; what it did not take is not wanted any more
            self._rows.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def content_sha256(self) -> str | None:
        """Return the hash of the rows as JSON lines."""
        return self._hash.hexdigest()

    def notes(self) -> Mapping[str, object]:
        """Return the columns' types by header, and how many values became NULL, if any."""
        shown = [SHOWN_TYPES[kind] for kind in self._types]
        types: dict[str, object] = {"types": dict(zip(self._headers, shown, strict=True))}
        return types | {"lost_cells": self._lost} if self._lost else types

    def _cell(self, kind: str, value: object) -> object:
        if value is None or kind == INSTANT:  # we wrote the instants
            return value
        if kind == TEXT:
            return value if isinstance(value, str) else self._dump(value)
        number = _integer(value)
        self._lost += number is None
        return number

    def _copy_to(self, packed: Path) -> str:
        pairs = zip(self._names, self._types, strict=True)
        types = ", ".join(f"{name}: '{kind}'" for name, kind in pairs)
        shown = zip(self._names, self._headers, strict=True)
        columns = ", ".join(f"{name} AS {_identifier(header)}" for name, header in shown)
        return (
            f"COPY (SELECT {columns} FROM read_json({_pattern(self._folder / 'rows')},"
            f" format='newline_delimited', columns={{{types}}}, hive_partitioning=false,"
            f" maximum_object_size={MAX_LINE_BYTES})) TO {_quoted(str(packed))}"
            f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {GROUP_ROWS})"
        )


def parquet_ids(path: Path, header: str | None) -> Iterator[int | None]:
    """Yield the ids of a Parquet file, as ReadIds says."""
    column = "NULL" if header is None else _identifier(header)
    source = f"read_parquet({_pattern(path)}, hive_partitioning=false)"
    try:
        with _connect(path.parent) as connection:
            found = connection.execute(f"SELECT {column} FROM {source}")
            while rows := found.fetchmany(READ_ROWS):
                yield from (value for (value,) in rows)
    except duckdb.Error as error:
        raise ValueError(str(error)) from error


def _connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection that keeps its temporary files in `folder` and loads nothing."""
    # One thread keeps the order of the rows, and so gives the same bytes twice.
    return duckdb.connect(
        ":memory:",
        config={
            "threads": 1,
            "memory_limit": "1GB",
            "temp_directory": str(folder),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )


def _integer(value: object) -> int | None:
    """Return the whole number that a value is; None when it is none, or has over 64 bits."""
    if isinstance(value, str) and WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if value in INTEGERS else None


def _pattern(path: Path) -> str:
    """Return a path as the pattern that finds only it: duckdb reads paths as patterns."""
    text = str(path)
    for letter in "[*?":  # the bracket first, as the others are put between brackets
        text = text.replace(letter, f"[{letter}]")
    return _quoted(text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
