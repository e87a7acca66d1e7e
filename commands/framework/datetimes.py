"""Dates and times as an operator types them, in the zone in which times are shown."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.errors import InvalidInputError

DAY_CHARS = len("2026-11-22")


def moment_from(option: str, text: str | None, zone: ZoneInfo) -> datetime | None:
    """Return the moment in UTC; of a day its beginning. None for no text.

    Raises:
        InvalidInputError: no date or time, or out of range; it names the option.
    """
    return None if text is None else _parse(option, text, zone)


def moment_until(option: str, text: str | None, zone: ZoneInfo) -> datetime | None:
    """Return the exclusive end of a range that includes the moment, in UTC; of a day its end.

    Raises:
        InvalidInputError: as `moment_from`.
    """
    moment = moment_from(option, text, zone)
    if moment is None or text is None:
        return None
    if len(text.strip()) > DAY_CHARS:
        return moment + timedelta(milliseconds=1)  # the resolution of the database
    local = moment.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(local, time(), zone).astimezone(UTC)


def _parse(option: str, text: str, zone: ZoneInfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        local = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        if not 1971 <= local.year <= 9000:
            raise ValueError("beyond what databases keep")
        return local.astimezone(UTC)
    except ValueError:
        raise InvalidInputError(
            f"{option} {text!r}: write a day, or day and time, like 2026-11-22 or 2026-11-22T10:00"
        ) from None
