"""Rows as JSON objects: the columns by their names, times in ISO form, never a secret."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from storage.records import Account, AccountEvent, Segment, Task, Worker

SECRET_COLUMNS = frozenset({"password", "session", "proxy"})


def as_object(row: Account | AccountEvent | Task | Segment | Worker) -> dict[str, Any]:
    """The row's columns that are not secret."""
    return {
        field.name: plain(getattr(row, field.name))
        for field in dataclasses.fields(row)
        if field.name not in SECRET_COLUMNS
    }


def plain(value: object) -> object:
    """A cell as JSON has it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return value
