"""Questions about the hourly numbers in the main database."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from core.messages import Message
from storage.catalogue import works
from storage.engines.transactions import Database, Row, Tx
from storage.operations import view_authors
from storage.views import days, failures, hours, identities, points, titles, totals
from storage.views.points import COUNTERS, Counts, counts_of
from works.hour_data.day_numbers import packed_hour_of, unpacked
from works.hour_data.hours import FIRST_DAY, HOURS_A_DAY, Hour
from works.hour_data.report import COUNTER_KEYS
from works.hourly.crawl_result import FailedWork

COLUMN = dict(zip(COUNTER_KEYS, COUNTERS, strict=True))
# Works that came or went within the span are looked up one by one.
MAX_NEWCOMERS = 1_000
SECS_AN_HOUR = 3_600
HourRow = dict[str, Any]  # a work's numbers in an hour, with the names of `work_metrics`
AGE = "hours_since_publication"


class HourOfWork(NamedTuple):
    """A row, and the growth of a counter since the row before it.

    `growth` is None for the first row of all, and where one of the two counts is unknown.
    """

    row: HourRow
    growth: int | None


class WorkInHour(NamedTuple):
    """A work's numbers in an hour; `at_sec` is when they were fetched within it."""

    hour: int
    at_sec: int
    counts: Counts


@dataclass(frozen=True, kw_only=True)
class ViewHistory:
    """Answers questions about hourly numbers; hours and days are local ones of `zone`.

    Counters are named as in data files, such as `view_count`. Every method raises DatabaseError
    when the database cannot be read.
    """

    database: Database
    zone: ZoneInfo

    def newest_hour(self) -> Hour | None:
        """Return the newest hour with numbers; None when there is none."""
        found = self.database.read(hours.newest_with_numbers)
        return None if found is None else Hour.from_index(found)

    def trend(self, platform: str, work_id: str, counter: str, last: int) -> list[HourOfWork]:
        """Return the newest `last` hours of a work with numbers, oldest first, with the growth.

        Each row also has the hours since the publication (AGE), as `hours_since` counts them.
        """
        return self.database.read(self._trend, (platform, work_id), counter, last)

    def top(self, hour: Hour, counter: str, limit: int) -> list[HourRow]:
        """Return the works of an hour, the highest `counter` first and unknown counts last."""
        return self.database.read(self._top, hour, counter, limit)

    def risers(self, since: Hour, counter: str, limit: int) -> list[HourRow]:
        """Return the works whose `counter` grew most from their first to their last hour in a span.

        The span is from `since` to the newest hour; where hours are packed already, it begins at
        the end of that day. Columns: `platform`, `work_id`, `title`, `from_hour`, `to_hour`,
        `from_count`, `to_count`, `growth`; the most growth first.
        """
        return self.database.read(self._risers, since, counter, limit)

    def daily(
        self, since: date, counter: str, work: tuple[str, str] | None = None
    ) -> list[HourRow]:
        """Return each day from `since` on that has numbers, of one work (platform, id) or of all.

        Columns: `crawl_date`; `hours` and `works` with numbers; `total`, the sum of the works' last
        `counter` of the day; `growth` against the day before, of works that had one then (None
        where none had).
        """
        first = (since - FIRST_DAY).days
        if work is None:
            return self.database.read(_daily_of_all, first, COLUMN[counter])
        return self.database.read(_daily_of_one, work, first, COLUMN[counter])

    def authors(self, hour: Hour, span: int, counter: str, limit: int) -> list[HourRow]:
        """Return the authors whose works have the most of a counter in an hour, highest first.

        Columns: `platform`, `author`, `works`, `total`; `growth` in the `span` hours before, of
        works that have numbers in both hours (None where none has).
        """
        before = hour.earlier(span).index
        rows = self.database.read(view_authors.totals, hour.index, before, COLUMN[counter], limit)
        return [
            {**row, "total": _whole(row["total"]), "growth": _whole(row["growth"])} for row in rows
        ]

    def failures(self, hour: Hour, limit: int, skipped: int = 0) -> list[FailedWork]:
        """Return the works without numbers in an hour after `skipped` ones; none where that is
        days ago."""
        found = self.database.read(failures.of_hour, hour.index, limit, skipped)
        return [FailedWork(one.work_id, one.title, Message.load(one.error)) for one in found]

    def _trend(self, tx: Tx, key: tuple[str, str], counter: str, last: int) -> list[HourOfWork]:
        work = identities.ids_of(tx, [key]).get(key)
        if work is None:
            return []
        newest = _newest_of_work(tx, work, last + 1)
        rows = self._rows(tx, work, key, newest)
        published = works.publish_times(tx, [key]).get(key)
        for row, one in zip(rows, newest, strict=True):
            row[AGE] = hours_since(published, one.hour, self.zone)
        found: list[HourOfWork] = []
        before: int | None = None
        for row in rows:
            count = row[counter]
            known = count is not None and before is not None
            found.append(HourOfWork(row, count - before if known else None))
            before = count
        return found[-last:]

    def _rows(
        self, tx: Tx, work: int, key: tuple[str, str], found: Iterable[WorkInHour]
    ) -> list[HourRow]:
        named = titles.of_work(tx, work)
        since = [hour for hour, _ in named]

        def title(hour: int) -> str:
            place = bisect_right(since, hour)
            return named[place - 1][1] if place else ""

        return [self._row(key, title(one.hour), one) for one in found]

    def _row(self, key: tuple[str, str], title: str, found: WorkInHour) -> HourRow:
        hour = Hour.from_index(found.hour)
        return {
            "platform": key[0],
            "work_id": key[1],
            "title": title,
            "crawl_date": hour.date_text,
            "crawl_hour": hour.hour_text,
            "crawl_time": _clock_of(hour, found.at_sec, self.zone),
            **dict(zip(COUNTER_KEYS, found.counts, strict=True)),
        }

    def _top(self, tx: Tx, hour: Hour, counter: str, limit: int) -> list[HourRow]:
        rows = points.top(tx, hour.index, COLUMN[counter], limit)
        if not rows:
            return self._top_packed(tx, hour, counter, limit)
        named = titles.at_hour(tx, hour.index, [row["work"] for row in rows])
        return [
            self._row(
                (row["platform"], row["work_id"]),
                named.get(row["work"], ""),
                WorkInHour(hour.index, row["at_sec"], counts_of(row)),
            )
            for row in rows
        ]

    def _top_packed(self, tx: Tx, hour: Hour, counter: str, limit: int) -> list[HourRow]:
        found, place = packed_hour_of(tx, hour), COUNTER_KEYS.index(counter)

        def rank(work: int) -> tuple[bool, int, int]:
            value = found[work][place]
            return value is None, -(value or 0), work

        best = sorted(found, key=rank)[:limit]
        keys = identities.keys_of(tx, best)
        named = titles.at_hour(tx, hour.index, best)
        return [
            self._row(keys[work], named.get(work, ""), WorkInHour(hour.index, 0, found[work]))
            for work in best
        ]

    def _risers(self, tx: Tx, since: Hour, counter: str, limit: int) -> list[HourRow]:
        last = hours.newest_with_numbers(tx)
        oldest = points.oldest_hour(tx)
        if last is None or oldest is None or since.index > last:
            return []
        first_day = days.first_since(tx, since.day_index)
        if since.index < oldest and first_day is not None and first_day < oldest // HOURS_A_DAY:
            found = _risers_by_day(tx, first_day, last, COLUMN[counter], limit)
        else:
            found = _risers_by_hour(tx, since.index, last, COLUMN[counter], limit)
        named = titles.at_hour(tx, last, [row["work"] for row in found])
        return [
            {
                "platform": row["platform"],
                "work_id": row["work_id"],
                "title": named.get(row["work"], ""),
                "from_hour": str(Hour.from_index(row["from"])),
                "to_hour": str(Hour.from_index(row["to"])),
                "from_count": row["from_count"],
                "to_count": row["to_count"],
                "growth": row["to_count"] - row["from_count"],
            }
            for row in found
        ]


def _clock_of(hour: Hour, at_sec: int, zone: ZoneInfo) -> str:
    """Return the local time so many seconds after the beginning of an hour, like `05:00:07`."""
    if at_sec < SECS_AN_HOUR:  # no clock is moved within an hour: quick, for a year of hours
        return f"{hour.hour_text}:{at_sec // 60:02d}:{at_sec % 60:02d}"
    return f"{(hour.begins(zone) + timedelta(seconds=at_sec)).astimezone(zone):%H:%M:%S}"


def _newest_of_work(tx: Tx, work: int, count: int) -> list[WorkInHour]:
    """Return the newest `count` hours of a work with numbers, oldest first."""
    rows, left = [], count
    for row in _days_backwards(tx, work, count):
        rows.append(row)
        left -= int(row["hours"]).bit_count()
        if left <= 0:
            break
    return numbers_of_days(tx, work, rows)[-count:]


def numbers_of_days(tx: Tx, work: int, rows: Iterable[Row]) -> list[WorkInHour]:
    """Return the hours of a work on some days, oldest first; `rows` are those of
    `days.packed_of_work`."""
    found: dict[int, WorkInHour] = {}
    as_rows: list[int] = []
    for row in rows:
        begins, stored = row["day"] * HOURS_A_DAY, row["packed"]
        packed = unpacked(tx, work, row["day"], stored) if stored is not None else {}
        found |= {
            begins + number: WorkInHour(begins + number, 0, counts)
            for number, counts in packed.items()
        }
        as_rows += [begins + n for n in days.hours_in(row["hours"]) if n not in packed]
    for point in points.of_work(tx, work, as_rows):
        found[point["hour"]] = WorkInHour(point["hour"], point["at_sec"], counts_of(point))
    return [found[hour] for hour in sorted(found)]


def _days_backwards(tx: Tx, work: int, hours_wanted: int) -> Iterator[Row]:
    """Yield the days of a work with numbers, the newest first, and more at once from step to
    step."""
    first, last = days.first_since(tx, 0), days.newest(tx)
    if first is None or last is None:
        return
    some = hours_wanted // HOURS_A_DAY + 2
    while last >= first:
        yield from reversed(days.packed_of_work(tx, work, max(first, last - some + 1), last))
        last, some = last - some, some * 2


def _risers_by_hour(
    tx: Tx, since: int, last: int, counter: str, limit: int
) -> list[Mapping[str, Any]]:
    span = [row.hour for row in hours.between(tx, since, last) if row.success]
    if len(span) < 2:
        return []
    first = span[0]
    found: list[Mapping[str, Any]] = [
        {**row, "from": first, "to": last}
        for row in points.top_growth(tx, first, last, counter, limit)
    ]
    at_first, at_last, both = points.count_known(tx, first, last, counter)
    for hour, other, known in ((last, first, at_last), (first, last, at_first)):
        if known > both:
            partly = points.known_in_one(tx, hour, other, counter, MAX_NEWCOMERS)
            found += _growth_within(tx, partly, span, counter)
    return sorted(found, key=_most_growth)[:limit]


def _growth_within(
    tx: Tx, works: Sequence[int], span: Sequence[int], counter: str
) -> list[Mapping[str, Any]]:
    """Return the growth of works from their first hour of a span to their last one."""
    seen: dict[int, list[Mapping[str, Any]]] = {}
    for row in points.series_of(tx, works, span, counter):
        seen.setdefault(row["work"], []).append(row)
    keys = identities.keys_of(tx, seen)
    return [
        {
            "work": work,
            "platform": keys[work][0],
            "work_id": keys[work][1],
            "from": rows[0]["hour"],
            "to": rows[-1]["hour"],
            "from_count": rows[0]["value"],
            "to_count": rows[-1]["value"],
        }
        for work, rows in seen.items()
        if len(rows) > 1
    ]


def _risers_by_day(
    tx: Tx, day: int, last: int, counter: str, limit: int
) -> list[Mapping[str, Any]]:
    return [
        {**row, "from": day * HOURS_A_DAY + int(row["hours"]).bit_length() - 1, "to": last}
        for row in days.top_growth(tx, day, last, counter, limit)
    ]


def _most_growth(row: Mapping[str, Any]) -> tuple[int, str]:
    return row["from_count"] - row["to_count"], row["work_id"]


def _daily_of_all(tx: Tx, first: int, counter: str) -> list[HourRow]:
    crawled = hours.count_by_day(tx, first * HOURS_A_DAY)
    return [
        {
            "crawl_date": _day_text(row["day"]),
            "hours": crawled.get(row["day"], 0),
            "works": row["works"],
            "total": _whole(row["total"]),
            "growth": _whole(row["growth"]),
        }
        for row in totals.since(tx, first, counter)
    ]


def _daily_of_one(tx: Tx, key: tuple[str, str], first: int, counter: str) -> list[HourRow]:
    work = identities.ids_of(tx, [key]).get(key)
    if work is None:
        return []
    last = days.newest(tx)
    begins = days.first_since(tx, first - 1)
    if last is None or begins is None:
        return []
    rows = days.of_work(tx, work, begins, last)
    value = {row["day"]: row[counter] for row in rows}
    return [
        {
            "crawl_date": _day_text(row["day"]),
            "hours": int(row["hours"]).bit_count(),
            "works": 1,
            "total": row[counter],
            "growth": _difference(row[counter], value.get(row["day"] - 1)),
        }
        for row in rows
        if row["day"] >= first
    ]


@lru_cache(maxsize=256)
def _hour_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return when the hour of a moment began."""
    return Hour.of(moment, zone).begins(zone)


def hours_since(published: datetime | None, hour: int, zone: ZoneInfo) -> int | None:
    """Return the hours from that of a publication (UTC) to an hour, by its number; 0 is the hour of
    publication.

    None where the publication is not known, or lies behind the hour.
    """
    if published is None:
        return None
    passed = Hour.from_index(hour).begins(zone) - _hour_of(published, zone)
    age = int(passed.total_seconds()) // 3600
    return age if age >= 0 else None


def _difference(later: int | None, earlier: int | None) -> int | None:
    return None if later is None or earlier is None else later - earlier


def _whole(value: Any) -> int | None:
    """Return a sum as a whole number, whatever the database adds with."""
    return None if value is None else int(value)


def _day_text(day: int) -> str:
    return (FIRST_DAY + timedelta(days=day)).isoformat()
