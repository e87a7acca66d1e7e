"""Cursors of lists of creators: where the next page begins, as a text that is safe in a URL."""

from __future__ import annotations

import base64
import json

from core.errors import InvalidInputError
from core.requests import MAX_ID, is_text
from crawler.creators.filters import MAX_TEXT, MOMENTS, NUMBERS
from crawler.creators.profiles import MAX_NUMBER
from storage.creators.conditions import Field
from storage.creators.search import ListedCreator, Position, Sort
from storage.engines.datetimes import from_sql, to_sql

# A nickname of MAX_TEXT emoji, escaped letters, and what else is in a cursor, as base64.
MAX_CURSOR = (MAX_TEXT * 6 + 100) * 4 // 3


def cursor_of(row: ListedCreator, sort: Sort) -> str:
    """Return the cursor of the page behind a row."""
    parts = [sort.field.value, int(sort.descending), row.sorted_by, row.row_id]
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position_of(cursor: str | None, sort: Sort) -> Position | None:
    """Return the position in a cursor; None for None.

    Raises:
        InvalidInputError: it is not a cursor of this order.
    """
    if cursor is None:
        return None
    try:
        if len(cursor) > MAX_CURSOR:
            raise ValueError
        padded = cursor + "=" * (-len(cursor) % 4)
        field_name, descending, value, row_id = json.loads(base64.urlsafe_b64decode(padded))
        same_order = [field_name, descending] == [sort.field.value, int(sort.descending)]
        if not same_order or not _is_id(row_id) or not _fits(sort.field, value):
            raise ValueError
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInputError("list_cursor_malformed") from error
    return Position(value, row_id)


def _is_id(value: object) -> bool:
    return type(value) is int and 0 < value <= MAX_ID


def _fits(field: Field, value: object) -> bool:
    """Return whether a column of that field may have the value.

    Raise ValueError for a text in the place of a moment: some engines refuse to compare with it.
    """
    if value is None:
        return True
    if field in NUMBERS:
        return type(value) is int and 0 <= value <= MAX_NUMBER
    if not isinstance(value, str) or len(value) > MAX_TEXT or not is_text(value):
        return False
    if field in MOMENTS:
        return to_sql(from_sql(value)) == value
    return True
