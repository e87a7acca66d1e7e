"""Build frozen dataclasses from rows, by the types of their fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime
from enum import Enum
from functools import cache
from operator import itemgetter
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from storage.engines.datetimes import day_from_sql, from_sql

if TYPE_CHECKING:
    from storage.engines.transactions import Row

T = TypeVar("T")
Convert = Callable[[Any], Any]
READER = "row_reader"


def read_by(reader: Callable[[Row], Any]) -> dict[str, Any]:
    """Return metadata that makes `reader(row)` the value of a dataclass field.

    For `field(metadata=read_by(...))`, where the value is not the column of the field's name.
    """
    return {READER: reader}


def row_to(model: type[T], row: Row) -> T:
    """Return the row as a `model`, a dataclass whose field names are column names.

    Enums, booleans, dates, moments (UTC) and JSON objects are converted from what the engines
    return; other values stay as they are. NULL becomes None where the field's type allows it.

    Raises:
        ValueError, TypeError: a value does not fit its field's type.
        KeyError, IndexError: a column is missing.
    """
    built: T = _mapper(model).build(row)  # type: ignore[arg-type]
    return built


class _Mapper:
    """What `row_to` needs of a class, worked out once."""

    def __init__(self, model: type[Any]) -> None:
        types = get_type_hints(model)
        self._model = model
        self._readers: list[tuple[int, Callable[[Row], Any]]] = []
        self._required: list[tuple[int, Convert]] = []
        self._optional: list[tuple[int, Convert]] = []
        columns: list[str] = []
        for field in fields(model):
            if READER in field.metadata:
                self._readers.append((len(columns) + len(self._readers), field.metadata[READER]))
                continue
            kind, is_optional = _without_none(types[field.name])
            convert = _converter(kind)
            if convert is not None:
                (self._optional if is_optional else self._required).append((len(columns), convert))
            columns.append(field.name)
        assert len(columns) > 1, "itemgetter returns no tuple for a single column"
        self._values_of = itemgetter(*columns)

    def build(self, row: Row) -> Any:
        values = list(self._values_of(row))
        for index, convert in self._required:
            values[index] = convert(values[index])
        for index, convert in self._optional:
            if (value := values[index]) is not None:
                values[index] = convert(value)
        for index, reader in self._readers:
            values.insert(index, reader(row))
        return self._model(*values)


@cache
def _mapper(model: type[Any]) -> _Mapper:
    return _Mapper(model)


def _without_none(kind: Any) -> tuple[Any, bool]:
    if not isinstance(kind, UnionType):
        return kind, False
    others = [part for part in get_args(kind) if part is not NoneType]
    assert len(others) == 1, f"no column holds {kind}"
    return others[0], True


def _converter(kind: Any) -> Convert | None:
    if kind is datetime:
        return from_sql
    if kind is date:
        return day_from_sql
    if kind is bool:
        return bool
    if get_origin(kind) is Mapping:
        return json.loads
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_converter(kind)
    return None


def _enum_converter(kind: type[Enum]) -> Convert:
    # Calling the class costs four times as much as a look-up; it is left to unknown values, for
    # which it raises.
    members = {member.value: member for member in kind}
    return lambda value: members.get(value) or kind(value)
