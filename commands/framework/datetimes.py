"""Dates and times as an operator types them, in the zone in which times are shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from core.errors import InvalidInputError
from core.time_ranges import range_end, range_start


def moment_from(option: str, text: str | None, zone: ZoneInfo) -> datetime | None:
    """Return the time (UTC) in an option's text, of a day its beginning.

    An option that was not given is None, and so is its time.

    Raises:
        InvalidInputError: it is no time; the error names `option`.
    """
    return _read(option, text, zone, range_start)


def moment_until(option: str, text: str | None, zone: ZoneInfo) -> datetime | None:
    """Return the end (UTC) of a range that includes the given time, of a day its end.

    An option that was not given is None, and so is its time.

    Raises:
        InvalidInputError: it is no time; the error names `option`.
    """
    return _read(option, text, zone, range_end)


def _read(
    option: str, text: str | None, zone: ZoneInfo, read: Callable[[str, tzinfo], datetime]
) -> datetime | None:
    if text is None:
        return None
    try:
        return read(text, zone)
    except ValueError:
        raise InvalidInputError("option_no_moment", option=option, text=repr(text)) from None
