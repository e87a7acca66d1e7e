"""Ranges of time as people write them: a day is whole, at both ends of a range."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

YEARS = range(1971, 9001)  # what both databases keep, in every zone
DAY = re.compile(r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\s*")
SMALLEST = timedelta(milliseconds=1)  # what the databases keep of a moment


def range_start(text: str, zone: tzinfo) -> datetime:
    """Return the beginning of a range that starts with the day or moment (UTC).

    Args:
        zone: of a text without one.

    Raises:
        ValueError: the text is neither a day nor a moment that a database can keep.
    """
    moment = datetime.fromisoformat(text.strip())
    local = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    if local.year not in YEARS:
        raise ValueError("beyond what databases keep")
    return local.astimezone(UTC)


def range_end(text: str, zone: tzinfo) -> datetime:
    """Return the end, itself excluded, of a range that includes the day or moment (UTC). Raise
    ValueError as `range_start` does."""
    start = range_start(text, zone)
    if not is_day(text):
        return start + SMALLEST
    return day_end(start, zone)


def day_end(start: datetime, zone: tzinfo) -> datetime:
    """Return the end of the day in that zone which holds the moment (UTC)."""
    following = start.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(following, time(), zone).astimezone(UTC)


def is_day(text: str) -> bool:
    """Return whether a text is a day alone, like 2026-11-22."""
    return DAY.fullmatch(text) is not None
