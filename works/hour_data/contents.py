"""The content of an hour, read from the main database: the same on every host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from core.messages import Message
from storage.engines.transactions import Database, Tx
from storage.views import failures, hours, identities, points, titles
from storage.views.hours import CrawlState, HourEnd, ViewHour
from storage.views.identities import Key
from storage.views.points import Point
from works.hour_data.day_numbers import packed_hour_of
from works.hour_data.entries import FailureEntries
from works.hour_data.hours import Hour, local_text
from works.hour_data.report import Failure, HourReport, Numbers
from works.hour_data.rows import entries_of


@dataclass(frozen=True)
class HourContent:
    """An hour as its data file tells it.

    `rebuilt` is True where it came from packed days: these do not know when in the hour a work was
    asked, nor why others failed.
    """

    hour: Hour
    report: HourReport
    rebuilt: bool


@dataclass(frozen=True, kw_only=True)
class HourReader:
    """Reads hours from the main database.

    Args:
        failures: writes why works have no counters, in the one language of data files.
    """

    database: Database
    zone: ZoneInfo
    failures: FailureEntries

    def content(self, row: ViewHour) -> HourContent:
        """Return an hour's content as it is now, with the state and the times of `row`.

        Raises:
            DatabaseError: it could not be read.
        """
        return self.database.read(self.read, row)

    def read(self, tx: Tx, row: ViewHour) -> HourContent:
        """Return an hour's content, as `content` does, by a transaction."""
        hour = Hour.from_index(row.hour)
        found = points.of_hour(tx, row.hour)
        packed = packed_hour_of(tx, hour)
        known = {one.work for one in found}
        found += [Point(work, 0, counts) for work, counts in packed.items() if work not in known]
        data = entries_of(hour, found, _keys(tx, found), _titles(tx, row.hour, found), self.zone)
        errors = [
            self.failures.entry(
                one.platform, one.work_id, one.title, Message.load(one.error), final=one.is_final
            )
            for one in failures.of_hour(tx, row.hour)
        ]
        report = self._report(hour, row, data, errors)
        if packed:
            report["rebuilt"] = True
        return HourContent(hour, report, bool(packed))

    def _report(
        self, hour: Hour, row: ViewHour, data: list[Numbers], errors: list[Failure]
    ) -> HourReport:
        failed = max(len(errors), row.failed)
        head = {
            "session_id": row.session_id,
            "crawl_time": self._local(row.started_at),
            "crawl_hour": hour.hour_text,
            "crawl_date": hour.date_text,
            "timezone": str(self.zone),
            "end_time": self._local(row.ended_at or row.started_at),
            "skipped_count": row.skipped,
            "complete": row.state is CrawlState.COMPLETE,
            "total_count": len(data) + failed,
            "success_count": len(data),
            "fail_count": failed,
            "data": data,
            "errors": errors,
        }
        told: Any = {name: value for name, value in head.items() if value is not None}
        return cast(HourReport, told)

    def _local(self, moment: datetime) -> str:
        return local_text(moment, self.zone)


def counted(
    tx: Tx,
    hour: int,
    state: CrawlState,
    *,
    listed: int,
    skipped: int | None,
    ended_at: datetime | None,
) -> HourEnd:
    """Return how an hour is left, with its works counted as they stand in the tables."""
    return HourEnd(
        state=state,
        listed=listed,
        success=points.count(tx, hour),
        failed=failures.count(tx, hour),
        skipped=skipped,
        errors=failures.most_frequent(tx, hour),
        ended_at=ended_at,
    )


def _keys(tx: Tx, found: list[Point]) -> Mapping[int, Key]:
    return identities.keys_of(tx, [one.work for one in found])


def _titles(tx: Tx, hour: int, found: list[Point]) -> Mapping[int, str]:
    return titles.at_hour(tx, hour, None) if found else {}


def hours_changed(tx: Tx, version: int, limit: int, now: datetime) -> list[ViewHour]:
    """Return up to `limit` hours that changed after `version`, by version.

    One that is crawled at `now` is left out: it gets a later version when the crawl ends.
    """
    return [
        row
        for row in hours.changed_since(tx, version, limit)
        if row.lease_until is None or row.lease_until <= now
    ]
