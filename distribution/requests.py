"""Requests on counted days, checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.errors import InvalidInputError
from core.messages import Message


@dataclass(frozen=True, kw_only=True)
class ScanRequest:
    """The days to count: one, or all from a first to a last one; none given means yesterday.

    Args:
        last: with `first` only; None for yesterday.
        tasks: the ids of the only tasks to count; none for all.
        dry_run: fetch, store and report nothing.
        by_agent: add up by agent too.

    Raises:
        InvalidInputError: a day and a span were given, or a span without its first day.
    """

    day: date | None = None
    first: date | None = None
    last: date | None = None
    tasks: tuple[str, ...] = ()
    dry_run: bool = False
    by_agent: bool = False

    def __post_init__(self) -> None:
        if self.day is not None and (self.first or self.last):
            raise InvalidInputError("day_and_span")
        if self.last is not None and self.first is None:
            raise InvalidInputError("first_day_missing")

    def span(self, yesterday: date) -> tuple[date, date]:
        """Return the first and the last day, both included.

        `yesterday` is the only day when none is given, and the last one when only the first is.
        """
        if self.first is None:
            day = self.day or yesterday
            return day, day
        return self.first, self.last or max(self.first, yesterday)

    def as_message(self) -> Message:
        """Return the days and tasks as the log of actions and background operations show them."""
        days: date | Message = self.day or Message.of("day_yesterday")
        if self.first is not None:
            last = self.last or Message.of("day_yesterday")
            days = Message.of("days_from_to", first=self.first, last=last)
        if self.tasks:
            days = Message.of("tasks_of_days", tasks=list(self.tasks), days=days)
        if self.dry_run:
            return Message.of("dry_run_of_days", days=days)
        return days if isinstance(days, Message) else Message.text(days.isoformat())
