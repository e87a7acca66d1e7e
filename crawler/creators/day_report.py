"""The report of a day: which account ingested how many of which domain, and which exported them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.clock import Clock, QuotaCalendar
from core.errors import InvalidInputError
from core.time_ranges import YEARS, UnstorableTimeError
from storage.creators import day_totals
from storage.creators.day_totals import ExportedShare, IngestedShare
from storage.engines.transactions import Database, Tx


@dataclass(frozen=True)
class DayReport:
    """What the accounts did on a day of the quota zone, a row for each account and domain."""

    day: date
    is_today: bool
    ingested: tuple[IngestedShare, ...]
    exported: tuple[ExportedShare, ...]

    @property
    def pages(self) -> int:
        """The pages that were stored."""
        return sum(row.pages for row in self.ingested)

    @property
    def seen(self) -> int:
        """The creators on those pages, known ones too."""
        return sum(row.seen for row in self.ingested)

    @property
    def new_count(self) -> int:
        """The creators that were new to their domain."""
        return sum(row.new_count for row in self.ingested)

    @property
    def files(self) -> int:
        """The export files of the day, also those that are being written."""
        return sum(row.files for row in self.exported)

    @property
    def exported_count(self) -> int:
        """The rows in those files."""
        return sum(row.exported_count for row in self.exported)


@dataclass(frozen=True, kw_only=True)
class DayReports:
    """Reads the reports of days."""

    database: Database
    clock: Clock
    calendar: QuotaCalendar

    def of_day(
        self, day: date | None = None, *, domain: str | None = None, account: str | None = None
    ) -> DayReport:
        """Return the report of a day; None: today.

        Args:
            domain, account: only the rows of this domain, or of the account of this name.
        """
        today = self.calendar.day(self.clock.now())
        wanted = today if day is None else day

        def read(tx: Tx) -> DayReport:
            return DayReport(
                day=wanted,
                is_today=wanted == today,
                ingested=tuple(day_totals.of_day(tx, wanted, domain=domain, account=account)),
                exported=tuple(day_totals.exported_on(tx, wanted, domain=domain, account=account)),
            )

        return self.database.read(read)


def day_named(text: str | None) -> date | None:
    """Return the day in a text such as 2026-11-21; None for None and for an empty text.

    Raises:
        InvalidInputError: it is no day.
    """
    if text is None or not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInputError("text_no_day", text=repr(text[:40])) from None
    if day.year not in YEARS:
        raise UnstorableTimeError
    return day
