"""Find the causes of alerts about hourly numbers, from the database: the same on every host."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from alerts.causes import AlertCause
from core.clock import Clock
from core.messages import Message
from storage.engines.transactions import Tx
from storage.operations.alerts import AlertKind

LOOK_BACK_HOURS = 24
MAX_MISSED = 6  # the newest ones: a host that was off for days is one trouble
LATE_AFTER = timedelta(minutes=15)
ONE_HOUR = timedelta(hours=1)


class JudgedHour(Protocol):
    """An hour as the search for gaps judges it."""

    @property
    def hour(self) -> object: ...
    @property
    def begins(self) -> datetime: ...
    @property
    def success(self) -> int: ...
    @property
    def listed(self) -> int: ...
    @property
    def why(self) -> Message | None: ...
    @property
    def is_short(self) -> bool: ...
    @property
    def is_complete(self) -> bool: ...
    @property
    def is_crawled_now(self) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class HourTrouble:
    """Finds hours that are late, and hours that are over without their numbers.

    Args:
        look: returns the last hours that are expected, the current one last.
        is_on: whether the job runs at all; a timer outside may crawl instead.
    """

    look: Callable[[Tx, datetime, int], Sequence[JudgedHour]]
    clock: Clock
    is_on: bool

    def causes(self, tx: Tx, since: datetime) -> Iterator[AlertCause]:
        """Yield every cause of an hour that began after `since`."""
        now = self.clock.now()
        found = [one for one in self.look(tx, now, LOOK_BACK_HOURS) if one.begins >= since]
        over = [one for one in found if one.begins + ONE_HOUR <= now]
        missed = [one for one in over if one.is_short and not one.is_crawled_now]
        for one in missed[-MAX_MISSED:]:
            yield _cause(AlertKind.HOUR_MISSED, one, since_at=one.begins)
        for one in found:
            is_late = one.begins + LATE_AFTER <= now < one.begins + ONE_HOUR
            if is_late and self.is_on and not (one.is_complete or one.is_crawled_now):
                yield _cause(
                    AlertKind.HOUR_LATE,
                    one,
                    since_at=one.begins + LATE_AFTER,
                    until_at=one.begins + ONE_HOUR,
                )


def _cause(
    kind: AlertKind, one: JudgedHour, *, since_at: datetime, until_at: datetime | None = None
) -> AlertCause:
    why = one.why or Message.of("reason_unknown")
    facts = {
        "hour": str(one.hour),
        "success": one.success,
        "listed": one.listed,
        "reason": why.dump(),
    }
    return AlertCause(kind, f"hour:{one.hour}", facts, until_at=until_at, since_at=since_at)
