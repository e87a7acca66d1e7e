"""Which values of a creator go into an export file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.errors import InvalidInput
from sources.catalog import platform as platform_of
from storage.database import Row

DEFAULT_COLUMNS = (
    "id", "uid", "nickname", "platform", "domain", "followers", "videos", "signature",
    "source_page", "ingested_at",
)  # fmt: skip
STORED = ("id", "uid", "nickname", "platform", "domain", "source_page")
RAW = "raw_data"
Picker = Callable[[Row, Mapping[str, Any]], object]


def parse_columns(text: str | None) -> tuple[str, ...]:
    """Column names out of `a,b,c`; the default ones for None.

    Raises:
        InvalidInput: an unknown or doubled name.
    """
    if text is None:
        return DEFAULT_COLUMNS
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    known = {*DEFAULT_COLUMNS, RAW}
    for name in names:
        if name not in known and not (name.startswith(f"{RAW}.") and len(name) > len(RAW) + 1):
            raise InvalidInput(
                f"unknown column {name!r}; known: {', '.join(DEFAULT_COLUMNS)}, {RAW},"
                f" {RAW}.KEY[.KEY]"
            )
    if not names or len(set(names)) != len(names):
        raise InvalidInput("columns must be named once each, separated by commas")
    return names


class RowReader:
    """Turns a stored row into the values of its columns."""

    def __init__(self, platform: str, columns: Sequence[str]) -> None:
        raw_fields = platform_of(platform).raw_fields
        self.columns = tuple(columns)
        self._pickers = [_picker(name, raw_fields) for name in columns]
        self._needs_raw = any(name in raw_fields or name.startswith(RAW) for name in columns)

    def values(self, row: Row) -> list[object]:
        raw = json.loads(row[RAW]) if self._needs_raw else {}
        return [pick(row, raw) for pick in self._pickers]


def _picker(name: str, raw_fields: Mapping[str, str]) -> Picker:
    if name in STORED:
        return lambda row, raw: row[name]
    if name == "ingested_at":
        return lambda row, raw: row["ingested_at"].replace(" ", "T") + "Z"
    if name == RAW:
        return lambda row, raw: raw
    if name.startswith(f"{RAW}."):
        path = name.split(".")[1:]
        return lambda row, raw: _dig(raw, path)
    field = raw_fields[name]
    return lambda row, raw: raw.get(field)


def _dig(value: object, path: Sequence[str]) -> object:
    for key in path:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
