"""What a visitor wants to see of a list: a time range, rows per page, which page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request

from storage.operations.listings import Slice
from web.state import TheBackend

ROWS = (25, 50, 100, 200)
USUAL_ROWS = 25
ROWS_COOKIE = "baton_rows"
RANGES = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}


@dataclass(frozen=True)
class ListView:
    """The choice, as the address has it. `span` is a key of RANGES or empty; `since` and `until`
    are what the visitor typed, in the zone of the console."""

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
        """This list with another page or filter; what is empty is left out."""
        wanted = self.filters | {name: str(value) for name, value in changes.items() if value}
        for name, value in changes.items():
            if not value:
                wanted.pop(name, None)
        return f"{self.path}?{urlencode(wanted)}" if wanted else self.path


def _asked(
    request: Request,
    backend: TheBackend,
    rows: Annotated[int | None, Query()] = None,
    before: Annotated[int | None, Query(ge=1)] = None,
    span: Annotated[str, Query(alias="range")] = "",
    since: Annotated[str, Query()] = "",
    until: Annotated[str, Query()] = "",
) -> ListView:
    zone = backend.calendar.zone
    begin, end = (_moment(text, zone) for text in (since, until))
    if begin is None and end is None and span in RANGES:
        begin = backend.clock.now() - RANGES[span]
    filters = {name: text for name, text in request.query_params.items() if text}
    return ListView(
        path=request.url.path,
        filters=filters,
        part=Slice(limit=_rows(rows, request), before=before, since=begin, until=end),
        span=span if span in RANGES else "",
        since=since,
        until=until,
    )


TheList = Annotated[ListView, Depends(_asked)]


def _rows(asked: int | None, request: Request) -> int:
    """As asked, or as chosen on another page."""
    kept = request.cookies.get(ROWS_COOKIE, "")
    wanted = asked if asked is not None else int(kept) if kept.isdigit() else USUAL_ROWS
    return wanted if wanted in ROWS else USUAL_ROWS


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    """`2026-11-22T13:00` in the zone of the console; None for what is no moment."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
