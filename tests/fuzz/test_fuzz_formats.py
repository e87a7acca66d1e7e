"""Export files of any rows: read by somebody else's code they hold what was written."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crawler.export.formats import CsvWriter, FormatWriter, JsonLinesWriter, Table
from tests.support.fuzz.fuzz_effort import effort

# What a database gives back: no lone surrogates, no NUL.
CHARS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
STARTS = st.sampled_from([*"=+-@'\"\t\r\n ,;", "'=", "''", "\ufeff", "=1+1", "-1", "+8.5"])
TEXT = st.text(CHARS, max_size=12) | st.builds("".join, st.tuples(STARTS, st.text(CHARS)))
NUMBER = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
CELL = TEXT | TEXT | st.none() | st.booleans() | NUMBER | JSON
TABLE = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=6)
)
FORMULA = re.compile(r"[=+\-@\t\r]")
PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")


def written(kind: type[FormatWriter], table: list[list[Any]], raw_cells: bool = False) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "out"
        columns = tuple(f"c{number}" for number in range(len(table[0]) if table else 1))
        writer = kind(path, Table(columns, columns, raw_cells=raw_cells))  # type: ignore[call-arg]
        half = len(table) // 2
        writer.write(table[:half])  # a file grows batch by batch
        writer.write(table[half:])
        writer.close()
        return path.read_bytes()


def read_csv(content: bytes) -> list[list[str]]:
    """Without the header."""
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    return list(csv.reader(text, strict=True))[1:]


def plain(cell: Any) -> str:
    """How Python's own csv writes a value, structures as JSON."""
    if isinstance(cell, dict | list):
        return json.dumps(cell, ensure_ascii=False, separators=(",", ":"))
    return "" if cell is None else str(cell)


@effort(120)
@given(TABLE)
def test_a_raw_csv_comes_back_as_it_was(table: list[list[Any]]) -> None:
    back = read_csv(written(CsvWriter, table, raw_cells=True))
    assert back == [[plain(cell) for cell in row] for row in table]


@effort(200)
@given(TABLE)
def test_a_guarded_csv_keeps_its_shape_and_holds_no_formula(table: list[list[Any]]) -> None:
    back = read_csv(written(CsvWriter, table))
    assert [len(row) for row in back] == [len(row) for row in table]
    for row, cells in zip(table, back, strict=True):
        for cell, read in zip(row, cells, strict=True):
            assert read in (plain(cell), f"'{plain(cell)}")
            assert not FORMULA.match(read) or PLAIN_NUMBER.fullmatch(read)


@effort(120)
@given(TABLE)
def test_json_lines_come_back_exactly(table: list[list[Any]]) -> None:
    lines = written(JsonLinesWriter, table).decode().split("\n")
    assert lines.pop() == ""
    back = [json.loads(line) for line in lines]
    assert [list(row.values()) for row in back] == table
    assert [[type(cell) for cell in row.values()] for row in back] == [
        [type(cell) for cell in row] for row in table
    ]
