"""Moments and days as both engines store them: UTC text with milliseconds, and ISO dates."""

from __future__ import annotations

from datetime import UTC, date, datetime

MILLISECONDS_END = len("2026-11-22 05:00:00.123")


def to_sql(moment: datetime) -> str:
    """Return a moment as `2026-11-22 05:00:00.123` in UTC.

    Microseconds are cut off here: MySQL would round them, and SQLite would keep them.
    """
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(" ", "milliseconds")[:MILLISECONDS_END]


def to_sql_or_none(moment: datetime | None) -> str | None:
    """Return the moment as `to_sql` does, or None where there is no moment."""
    return None if moment is None else to_sql(moment)


def from_sql(text: str) -> datetime:
    """Return the moment (UTC) in a text that `to_sql` made or a column holds."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def from_sql_or_none(text: str | None) -> datetime | None:
    """Return the moment as `from_sql` does; None for NULL."""
    return None if text is None else from_sql(text)


def day_from_sql(text: str) -> date:
    """Return the day in a text like `2026-11-22`."""
    return date.fromisoformat(text)
