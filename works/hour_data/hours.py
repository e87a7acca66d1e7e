"""Hours as the hourly files and tables name them: local ones, in the quota time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.errors import InvalidInputError

DAY_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
HOUR_FORM = re.compile(r"[0-9]{1,2}")
SPAN_FORM = re.compile(r"([1-9][0-9]{0,4})([hd])")
HOURS_A_DAY = 24
FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, order=True)
class Hour:
    """A local hour, `2026-11-22 05`. The hour that comes twice at the end
    of summer time counts as one."""

    day: date
    number: int

    @classmethod
    def of(cls, moment: datetime, zone: ZoneInfo) -> Hour:
        """Return the local hour of a time in `zone`."""
        local = moment.astimezone(zone)
        return cls(local.date(), local.hour)

    @classmethod
    def parse(cls, day: str, hour: str) -> Hour:
        """Return the hour of `YYYY-MM-DD` and `HH`. Raise InvalidInputError for any other text."""
        try:
            if not DAY_FORM.fullmatch(day):
                raise ValueError
            parsed = date.fromisoformat(day)
        except ValueError:
            raise InvalidInputError("day_malformed", text=day) from None
        if not HOUR_FORM.fullmatch(hour) or int(hour) >= HOURS_A_DAY:
            raise InvalidInputError("hour_malformed", text=hour)
        return cls(parsed, int(hour))

    @classmethod
    def from_index(cls, index: int) -> Hour:
        """Return the hour that has that number in the tables of the main database."""
        days, number = divmod(index, HOURS_A_DAY)
        return cls(FIRST_DAY + timedelta(days=days), number)

    @property
    def index(self) -> int:
        """Return its number in the tables: local days since 1970 × 24 + local hour."""
        return self.day_index * HOURS_A_DAY + self.number

    @property
    def day_index(self) -> int:
        """Return the number of its day in the tables: local days since 1970."""
        return (self.day - FIRST_DAY).days

    def begins(self, zone: ZoneInfo) -> datetime:
        """Return when it begins (UTC); the first time, where it comes twice."""
        return datetime.combine(self.day, time(self.number), tzinfo=zone).astimezone(UTC)

    @property
    def date_text(self) -> str:
        """Return the day as `YYYY-MM-DD`."""
        return self.day.isoformat()

    @property
    def hour_text(self) -> str:
        """Return the hour as `HH`."""
        return f"{self.number:02d}"

    def earlier(self, hours: int) -> Hour:
        """Return the hour that is `hours` before on the wall clock; changes
        of summer time do not count."""
        moment = datetime.combine(self.day, time(self.number)) - timedelta(hours=hours)
        return Hour(moment.date(), moment.hour)

    def hours_since(self, earlier: Hour) -> int:
        """Return the hours since `earlier` on the wall clock; changes of summer time do not
        count."""
        return (self.day - earlier.day).days * HOURS_A_DAY + self.number - earlier.number

    def __str__(self) -> str:
        return f"{self.date_text} {self.hour_text}"


def hours_between(start: datetime, end: datetime, zone: ZoneInfo) -> list[Hour]:
    """Return every local hour from that of `start` to that of `end`, in their order, each once."""
    found = dict.fromkeys(_steps(start.astimezone(UTC), end.astimezone(UTC), zone))
    return list(found | {Hour.of(end, zone): None})


def _steps(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Hour]:
    while start <= end:
        yield Hour.of(start, zone)
        start += timedelta(hours=1)


def hours_of_span(text: str) -> int:
    """Return `24h` or `7d` as a number of hours. Raise InvalidInputError for any other text."""
    found = SPAN_FORM.fullmatch(text.strip().lower())
    if not found:
        raise InvalidInputError("span_malformed", text=text)
    return int(found[1]) * (HOURS_A_DAY if found[2] == "d" else 1)


def local_text(moment: datetime, zone: ZoneInfo) -> str:
    """Return a time as `2026-11-22T05:00:07+08:00`."""
    return moment.astimezone(zone).isoformat(timespec="seconds")
