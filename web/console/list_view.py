"""The choice of a list's rows: a range of time, rows per page, and the page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request

from core.requests import MAX_ID
from core.time_ranges import day_end, is_day, range_start
from storage.operations.listings import Slice
from web.state import TheBackend

ROWS = (25, 50, 100, 200)
USUAL_ROWS = 25
ROWS_OF_LOG = 50  # as the operators' own page had them
ROWS_COOKIE = "baton_rows"
RANGES = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}


@dataclass(frozen=True)
class ListView:
    """What a visitor wants to see of a list, read from the address.

    Args:
        path: address of the list without its query.
        filters: the whole query by name, also that of the page's own filters.
        part: the rows to read.
        span: a key of RANGES, or empty.
        since, until: the visitor's input, in the zone of the console.
    """

    path: str
    filters: dict[str, str]
    part: Slice
    span: str
    since: str
    until: str

    @property
    def rows(self) -> int:
        return self.part.limit

    @property
    def is_first(self) -> bool:
        return self.part.before is None

    def address(self, **changes: object) -> str:
        """Return path and query of this list with some query parameters changed.

        `changes` are values by parameter name; None, 0 and '' remove one. The others stay, also
        `before`, which says on which page the visitor is.
        """
        wanted = self.filters | {name: str(value) for name, value in changes.items() if value}
        for name, value in changes.items():
            if not value:
                wanted.pop(name, None)
        return f"{self.path}?{urlencode(wanted)}" if wanted else self.path


def _asked(
    request: Request,
    backend: TheBackend,
    rows: Annotated[int | None, Query()] = None,
    before: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    span: Annotated[str, Query(alias="range")] = "",
    since: Annotated[str, Query()] = "",
    until: Annotated[str, Query()] = "",
) -> ListView:
    """Return the choice in a request; a malformed time is ignored."""
    zone = backend.calendar.zone
    begin, end = _moment(since, zone), _moment(until, zone)
    if end is not None and is_day(until):
        end = day_end(end, zone)
    if begin is None and end is None and span in RANGES:
        begin = backend.clock.now() - RANGES[span]
    filters = {name: text for name, text in request.query_params.items() if text}
    return ListView(
        path=request.scope["path"],
        filters=filters,
        part=Slice(limit=_rows(rows, request), before=before, since=begin, until=end),
        span=span if span in RANGES else "",
        since=since,
        until=until,
    )


def _asked_of_log(
    view: Annotated[ListView, Depends(_asked)],
    request: Request,
    rows: Annotated[int | None, Query()] = None,
) -> ListView:
    """Return the choice in a request; without a number of rows 50."""
    return replace(view, part=replace(view.part, limit=_rows(rows, request, ROWS_OF_LOG)))


TheList = Annotated[ListView, Depends(_asked)]
TheLog = Annotated[ListView, Depends(_asked_of_log)]


def _rows(asked: int | None, request: Request, usual: int = USUAL_ROWS) -> int:
    """Return the rows per page from the address, or else the cookie, or else as usual."""
    kept = request.cookies.get(ROWS_COOKIE, "") if asked is None else str(asked)
    return {str(rows): rows for rows in ROWS}.get(kept, usual)


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    """Return `2026-11-22T13:00`, in the zone of the console, as UTC; None for any other text."""
    try:
        return range_start(text, zone)
    except ValueError:
        return None
