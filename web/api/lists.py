"""Lists of the API: newest first, a page at a time, within a time range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from core.requests import MAX_ID
from storage.engines.transactions import Database, Tx
from storage.operations.listings import Slice
from web.auth.access import Reader
from web.paging import read_page
from web.parameters import Since, Until
from web.state import TheBackend

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
    return Slice(limit=limit, before=before, since=since, until=until)


Paging = Annotated[Slice, Depends(_asked)]
ObjectPage = Page[dict[str, Any]]


@dataclass(frozen=True)
class Listing:
    """A list that a client of the API asked for.

    `part` is the page of it that is wanted, `database` where it is read; addresses begin with
    `root_path`.
    """

    request: Request
    database: Database
    part: Slice
    root_path: str

    def page(
        self, query: Callable[[Tx, Slice], Sequence[Any]], shape: Callable[[Any], dict[str, Any]]
    ) -> ObjectPage:
        """Return one page of what `query` reads, each row made into JSON by `shape`."""
        rows, more = read_page(self.database, self.part, query)
        after = self._address(before=rows[-1].id) if more else None
        return Page(items=[shape(row) for row in rows], next=after)

    def _address(self, before: int) -> str:
        """Return path and query of the page of rows with ids below `before`."""
        url = self.request.url.include_query_params(before=before)
        return f"{self.root_path}{url.path}?{url.query}"


def _listing(request: Request, backend: TheBackend, part: Paging, _who: Reader) -> Listing:
    return Listing(request, backend.database, part, backend.settings.web_root_path)


TheListing = Annotated[Listing, Depends(_listing)]
