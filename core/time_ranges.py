"""Ranges of time as people write them: a day is whole, at both ends of a range."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

from core.errors import InvalidInputError

YEARS = range(1971, 9001)  # what both databases keep, in every zone
DAY = re.compile(r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\s*")
SMALLEST = timedelta(milliseconds=1)  # what the databases keep of a moment


class UnstorableTimeError(InvalidInputError, ValueError):
    """A moment is beyond what the databases keep; a ValueError too, as of any malformed time."""

    def __init__(self) -> None:
        super().__init__("moment_not_storable", first_year=YEARS[0], last_year=YEARS[-1])


def range_start(text: str, zone: tzinfo) -> datetime:
    """Return the first moment (UTC) of a range that begins with the day or moment in an ISO text.

    Args:
        zone: the time zone of a text that names none.

    Raises:
        ValueError: the text is neither a day nor a moment.
        UnstorableTimeError: a database cannot keep the moment.
    """
    moment = datetime.fromisoformat(text.strip())
    local = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    if local.year not in YEARS:
        raise UnstorableTimeError
    return local.astimezone(UTC)


def range_end(text: str, zone: tzinfo) -> datetime:
    """Return the end (UTC, excluded) of a range that ends with the day or moment in an ISO text.

    A day is included as a whole, a moment with its millisecond.

    Args:
        zone: the time zone of a text that names none.

    Raises:
        ValueError: the text is neither a day nor a moment.
        UnstorableTimeError: a database cannot keep the moment.
    """
    start = range_start(text, zone)
    if not is_day(text):
        return start + SMALLEST
    return day_end(start, zone)


def day_end(start: datetime, zone: tzinfo) -> datetime:
    """Return the moment (UTC) at which the day in `zone` that holds the moment `start` ends."""
    following = start.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(following, time(), zone).astimezone(UTC)


def is_day(text: str) -> bool:
    """Return whether a text is a day alone, like 2026-11-22."""
    return DAY.fullmatch(text) is not None
