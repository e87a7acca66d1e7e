"""A page of a list, for API and console alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from storage.engines.transactions import Database, Tx
from storage.operations.listings import Slice

T = TypeVar("T")


def read_page(
    database: Database, part: Slice, query: Callable[[Tx, Slice], Sequence[T]]
) -> tuple[list[T], bool]:
    """Return the rows of a page, and whether more come after it.

    `query` is called with `part`, but for one row more than its limit.
    """
    one_more = Slice(limit=part.limit + 1, before=part.before, since=part.since, until=part.until)
    rows = database.read(query, one_more)
    return list(rows[: part.limit]), len(rows) > part.limit
