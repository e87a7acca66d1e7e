"""Types of the parameters of requests: ids, names, and the ends of a range of time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import AfterValidator, BeforeValidator, Field

from core.errors import InvalidInputError
from core.requests import MAX_ID, require_id
from core.time_ranges import YEARS, UnstorableTimeError, is_day, range_end
from crawler.export.copies import CopyRequest

MAX_COLUMNS = 2000
RowId = Annotated[int, Path(ge=1, le=MAX_ID)]
IdFilter = Annotated[int, Query(ge=1, le=MAX_ID)]
EventId = Annotated[str, Path(max_length=200, description="as a receiver logs it")]
DramaId = Annotated[str, Path(max_length=64, description="the task's task_id")]
JobName = Annotated[str, Path(max_length=64, description="from the list of jobs")]
HostName = Annotated[
    str, Query(max_length=255, description="of another host; by default the one that answers")
]
LogName = Annotated[str, Path(max_length=200, description="from the list of logs")]
HourSpan = Annotated[str, Query(max_length=8)]
PlatformName = Annotated[str, Path(max_length=32)]
WorkId = Annotated[str, Path(max_length=64)]


def _whole_day(given: object) -> object:
    """Return the end of a day that is given alone: it is included as a whole."""
    return range_end(given, UTC) if isinstance(given, str) and is_day(given) else given


def _in_utc(moment: datetime) -> datetime:
    """Return the time in UTC; one without a zone counts as UTC.

    Raises:
        UnstorableTimeError: the database cannot hold the year.
    """
    if moment.year not in YEARS:
        raise UnstorableTimeError
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def id_typed(text: str) -> int | None:
    """Return the id in a text such as `#7`; None for an empty one.

    Raises:
        InvalidInputError: it is no id.
    """
    digits = text.strip().removeprefix("#")
    if not digits:
        return None
    if not digits.isascii() or not digits.isdigit() or len(digits) > 19:
        raise InvalidInputError("number_malformed", text=text[:40])
    return require_id(int(digits))


Since = Annotated[datetime, AfterValidator(_in_utc)]
Until = Annotated[datetime, BeforeValidator(_whole_day), AfterValidator(_in_utc)]
BodyId = Annotated[int, Field(ge=1, le=MAX_ID)]


def _copy_form(
    format: Annotated[str | None, Query(max_length=16, description="null: as it was")] = None,
    columns: Annotated[
        str | None, Query(max_length=MAX_COLUMNS, description="null: as they were")
    ] = None,
    headers: Annotated[str | None, Query(max_length=8, description="raw, en or zh")] = None,
    raw_cells: Annotated[bool, Query(description="CSV: leave formula-like text")] = False,
) -> CopyRequest:
    return CopyRequest(
        format=format or None, columns=columns or None, headers=headers or None, raw_cells=raw_cells
    )


TheCopyForm = Annotated[CopyRequest, Depends(_copy_form)]
