"""Schedules as cron writes them: checked by place, and asked for moments in UTC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

FIELDS = (
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of month", "1-31, L for the last"),
    ("month", "1-12 or JAN-DEC"),
    ("day of week", "0-7 or SUN-SAT; 0 and 7 are Sunday"),
)
SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
WINDOWS = tuple(timedelta(hours=hours) for hours in (1, 25, 24 * 32, 24 * 367, 24 * 366 * 9))
INSTANT = timedelta(milliseconds=1)  # times in the database are no finer


def check_cron(text: str) -> str:
    """The text of five cron fields, as it is.

    Raises:
        ValueError: says which field is wrong, and where it stands.
    """
    fields = list(re.finditer(r"\S+", text))
    if len(fields) != len(FIELDS):
        raise ValueError(
            f"{text!r} has {len(fields)} fields, not 5: minute, hour, day of month, month, day of"
            " week; for example 0 2 * * *"
        )
    for number, field in enumerate(fields):
        _check_field(text, number, field.group(), field.start() + 1)
    try:
        next(CronSim(text, SOME_DAY))
    except (CronSimError, StopIteration):
        raise ValueError(f"{text!r} never happens: no month has such a day") from None
    return text


def _check_field(text: str, number: int, field: str, place: int) -> None:
    name, allowed = FIELDS[number]
    for term in field.split(","):
        alone = ["*"] * len(FIELDS)
        alone[number] = term
        try:
            CronSim(" ".join(alone), SOME_DAY)
        except CronSimError:
            raise ValueError(
                f"{text!r}: {term!r} at character {place} is no {name} ({allowed})"
            ) from None
        place += len(term) + 1


@dataclass(frozen=True)
class Schedule:
    """When something is due: a cron text in a time zone. All moments are UTC.

    Where the zone changes to daylight saving time and back, Debian cron's rules hold (cronsim's):
    a fixed time that is skipped comes right after the gap, one that occurs twice comes once, and
    times with `*` as minute or hour follow the real hours.

    Raises:
        ValueError: when it is made of a text that `check_cron` refuses.
    """

    cron: str
    zone: ZoneInfo

    def __post_init__(self) -> None:
        check_cron(self.cron)

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The scheduled times behind `moment`, in order, for ever."""
        last = moment
        for local in CronSim(self.cron, moment.astimezone(self.zone)):
            at = local.astimezone(UTC)
            if at > last:  # in an hour that occurs twice cronsim goes back to the first one
                last = at
                yield at

    def next_after(self, moment: datetime) -> datetime:
        return next(self.after(moment))

    def newest(self, since: datetime | None, until: datetime) -> datetime | None:
        """The last scheduled time behind `since` and not behind `until`; None when there is none.

        It is looked for in growing windows, so that a long absence costs no more than a short one.
        """
        for window in WINDOWS:
            start = until - window if since is None else max(since, until - window)
            found = None
            for at in self.after(start):
                if at > until:
                    break
                found = at
            if found is not None or start == since:
                return found
        return None

    def newest_before(self, since: datetime | None, moment: datetime) -> datetime | None:
        """The last scheduled time behind `since` and before `moment`."""
        return self.newest(since, moment - INSTANT)

    def count(self, since: datetime, until: datetime, most: int) -> int:
        """How many scheduled times lie behind `since` and not behind `until`; counted up to
        `most`."""
        number = 0
        for at in islice(self.after(since), most):
            if at > until:
                break
            number += 1
        return number

    def in_words(self) -> str:
        """`At 02:00 every day (Asia/Shanghai)`"""
        return f"{CronSim(self.cron, SOME_DAY).explain()} ({self.zone.key})"
