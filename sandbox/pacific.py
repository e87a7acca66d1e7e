"""The day in Los Angeles, by the rule of the law of 2005; needs no table of time zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

_WINTER, _SUMMER = timedelta(hours=-8), timedelta(hours=-7)


def pacific_day(unix_secs: float) -> date:
    """The date in Los Angeles at a moment from 2007 on."""
    moment = datetime.fromtimestamp(unix_secs, UTC)
    begins = datetime(moment.year, 3, 8 + _days_to_sunday(date(moment.year, 3, 8)), 10, tzinfo=UTC)
    ends = datetime(moment.year, 11, 1 + _days_to_sunday(date(moment.year, 11, 1)), 9, tzinfo=UTC)
    return (moment + (_SUMMER if begins <= moment < ends else _WINTER)).date()


def _days_to_sunday(day: date) -> int:
    return 6 - day.weekday()
