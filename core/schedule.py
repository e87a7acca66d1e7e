"""Cron schedules: validation that points at the wrong character, and scheduled times in UTC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from core.errors import WrongValueError
from core.messages import Message

FIELDS = ("cron_minute", "cron_hour", "cron_day_of_month", "cron_month", "cron_day_of_week")
# A search must start somewhere; whether a text is valid does not depend on it.
ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)
# The longest window covers the eight years between two 29ths of February around 2100.
WINDOWS = tuple(timedelta(hours=hours) for hours in (1, 25, 24 * 32, 24 * 367, 24 * 366 * 9))
# Not every reader of environment files takes it off.
COMMENT = re.compile(r"\s+#.*", re.DOTALL)
INSTANT = timedelta(milliseconds=1)  # the resolution of times in the database


def check_cron(given: str) -> str:
    """Return a text of five cron fields when it is valid, without a comment (`# …`) behind them.

    Raises:
        WrongValueError: names the wrong field and the character where it begins.
    """
    text = COMMENT.sub("", given)
    fields = list(re.finditer(r"\S+", text))
    if len(fields) != len(FIELDS):
        raise WrongValueError("cron_fields_wrong", text=text, fields=len(fields))
    for number, field in enumerate(fields):
        _check_field(text, number, field=field.group(), position=field.start() + 1)
    try:
        next(CronSim(text, ANY_DAY))
    except (CronSimError, StopIteration):
        raise WrongValueError("cron_never_happens", text=text) from None
    return text


def _check_field(text: str, number: int, *, field: str, position: int) -> None:
    name = FIELDS[number]
    for term in field.split(","):
        fields = ["*"] * len(FIELDS)
        fields[number] = term
        try:
            CronSim(" ".join(fields), ANY_DAY)
        except CronSimError:
            raise WrongValueError(
                "cron_term_wrong",
                text=text,
                term=term,
                position=position,
                field=Message.of(name),
            ) from None
        position += len(term) + 1


@dataclass(frozen=True)
class Schedule:
    """A cron text in a time zone. All moments that it takes and returns are UTC.

    At changes of daylight saving time the rules of Debian cron hold, as cronsim implements them: a
    fixed time that is skipped comes right after the gap, one that occurs twice comes once, and
    times with `*` as minute or hour follow the real hours.

    Raises:
        WrongValueError: `check_cron` refuses the text.
    """

    cron: str
    zone: ZoneInfo

    def __post_init__(self) -> None:
        check_cron(self.cron)

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the scheduled times after `moment`, in order, without end."""
        last = moment
        for local in CronSim(self.cron, moment.astimezone(self.zone)):
            at = local.astimezone(UTC)
            if at > last:  # cronsim returns to the first one of an hour that occurs twice
                last = at
                yield at

    def next_after(self, moment: datetime) -> datetime:
        """Return the first scheduled time after `moment`."""
        return next(self.after(moment))

    def newest(self, since: datetime | None, until: datetime) -> datetime | None:
        """Return the last scheduled time in `(since, until]`; None when there is none.

        The search goes back in growing windows, so that a long absence costs no more than a short
        one. Without `since` it ends after nine years.
        """
        for window in WINDOWS:
            start = until - window if since is None else max(since, until - window)
            newest = None
            for at in self.after(start):
                if at > until:
                    break
                newest = at
            if newest is not None or start == since:
                return newest
        return None

    def newest_before(self, since: datetime | None, moment: datetime) -> datetime | None:
        """Return the last scheduled time in `(since, moment)`; None when there is none."""
        return self.newest(since, moment - INSTANT)

    def count(self, since: datetime, until: datetime, limit: int) -> int:
        """Return the number of scheduled times in `(since, until]`; counting stops at `limit`."""
        number = 0
        for at in islice(self.after(since), limit):
            if at > until:
                break
            number += 1
        return number

    def describe(self) -> str:
        """Return the schedule in English, as in `At 02:00 every day (Asia/Shanghai)`."""
        return f"{CronSim(self.cron, ANY_DAY).explain()} ({self.zone.key})"
