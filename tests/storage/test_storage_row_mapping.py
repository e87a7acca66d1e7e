"""Rows become frozen values by the types of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from operator import itemgetter
from typing import Any

import pytest

from storage.models.mapping import read_by, row_of, row_to


class Color(StrEnum):
    RED = "red"
    NONE = ""


@dataclass(frozen=True)
class Box:
    id: int
    renamed: str = field(metadata=read_by(itemgetter("label")))
    color: Color
    is_open: bool
    made_on: date
    seen_at: datetime
    options: Mapping[str, Any]
    closed_at: datetime | None
    lid: Color | None
    note: str | None = None


ROW = {
    "id": 2**62,
    "label": "𠮷",
    "color": "red",
    "is_open": 0,
    "made_on": "2026-11-22",
    "seen_at": "2026-11-22 05:00:00.123",
    "options": '{"pages": [1, 2]}',
    "closed_at": None,
    "lid": None,
    "note": "n",
    "not_a_field": 1,
}


def test_values_are_made_by_the_types_of_the_fields():
    assert row_to(Box, ROW) == Box(
        id=2**62,
        renamed="𠮷",
        color=Color.RED,
        is_open=False,
        made_on=date(2026, 11, 22),
        seen_at=datetime(2026, 11, 22, 5, 0, 0, 123_000, tzinfo=UTC),
        options={"pages": [1, 2]},
        closed_at=None,
        lid=None,
        note="n",
    )
    assert row_to(Box, ROW).is_open is False


def test_a_value_becomes_the_row_that_it_was_read_from():
    box = row_to(Box, ROW)
    row = row_of(box)
    assert row == {name: ROW.get(name, "𠮷") for name in row}
    assert row["is_open"] is not False and row_to(Box, row | {"label": "𠮷"}) == box


def test_optional_fields_are_converted_where_there_is_a_value():
    box = row_to(Box, ROW | {"closed_at": "2026-11-22 06:00:00.000", "lid": "", "is_open": 1})
    assert box.closed_at == datetime(2026, 11, 22, 6, tzinfo=UTC)
    assert box.lid is Color.NONE and box.is_open is True


@pytest.mark.parametrize(
    ("column", "value", "error"),
    [
        ("color", "blue", ValueError),
        ("color", None, ValueError),
        ("lid", "blue", ValueError),
        ("seen_at", "yesterday", ValueError),
        ("seen_at", None, TypeError),
        ("options", "{", ValueError),
    ],
)
def test_a_value_that_does_not_fit_is_an_error(column: str, value: object, error):
    with pytest.raises(error):
        row_to(Box, ROW | {column: value})


def test_a_missing_column_is_an_error():
    with pytest.raises(KeyError, match="note"):
        row_to(Box, {name: value for name, value in ROW.items() if name != "note"})
