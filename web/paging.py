"""Lists: newest first, a page at a time, within a time range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from core.requests import MAX_ID
from storage.engines.transactions import Database, Tx
from storage.operations.listings import Slice
from web.parameters import Since, Until

T = TypeVar("T")
USUAL_ROWS = 50
MAX_ROWS = 500


class Page(BaseModel, Generic[T]):
    """A page of a list; `next` is the address of the following one, null on the last."""

    items: list[T]
    next: str | None


def _asked(
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS, description="rows at most")] = USUAL_ROWS,
    before: Annotated[int | None, Query(ge=1, le=MAX_ID, description="only ids below this")] = None,
    since: Annotated[Since | None, Query(description="not older than this (ISO)")] = None,
    until: Annotated[
        Until | None, Query(description="older than this (ISO); a day alone is whole")
    ] = None,
) -> Slice:
    """Return the page that the query of an API call names."""
    return Slice(limit=limit, before=before, since=since, until=until)


Paging = Annotated[Slice, Depends(_asked)]


def page_of(
    request: Request,
    database: Database,
    part: Slice,
    query: Callable[[Tx, Slice], Sequence[Any]],
    shape: Callable[[Any], dict[str, Any]],
) -> Page[dict[str, Any]]:
    """Return one page of the rows that `query` reads, each as JSON by `shape`."""
    rows, more = read_page(database, part, query)
    after = str(request.url.include_query_params(before=rows[-1].id)) if more else None
    if after is not None:
        after = after.removeprefix(f"{request.url.scheme}://{request.url.netloc}")
    return Page(items=[shape(row) for row in rows], next=after)


def read_page(
    database: Database, part: Slice, query: Callable[[Tx, Slice], Sequence[T]]
) -> tuple[list[T], bool]:
    """Return the rows of a page, and whether more come after it."""
    one_more = Slice(limit=part.limit + 1, before=part.before, since=part.since, until=part.until)
    rows = database.read(query, one_more)
    return list(rows[: part.limit]), len(rows) > part.limit
