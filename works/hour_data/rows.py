"""Entries of data files as rows of the main database, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast
from zoneinfo import ZoneInfo

from storage.engines.transactions import Tx
from storage.views import hours, identities, points, titles
from storage.views.failures import WorkFailure
from storage.views.identities import Key
from storage.views.points import Counts, Point
from works.hour_data.entries import reason_of
from works.hour_data.hours import Hour
from works.hour_data.report import BILIBILI, COUNTER_KEYS, Failure, Numbers

MAX_LATE_SECS = 2 * 86_400  # a crawl of an hour ends long before
BITS = {key: 1 << place for place, key in enumerate(COUNTER_KEYS)}
# From here on column by column in the code, which is the fastest way for 20,000 rows.


def key_of(entry: Numbers | Failure) -> Key:
    """Return platform and work id of an entry; one without a platform is of Bilibili."""
    return entry.get("platform", BILIBILI), entry["work_id"]


def store_numbers(tx: Tx, hour: Hour, data: Sequence[Numbers], zone: ZoneInfo) -> None:
    """Insert entries of works as rows of an hour; numbers that are there already stay."""
    ids = identities.ensure(tx, map(key_of, data))
    begins = hour.begins(zone)
    points.insert(tx, hour.index, [_point(ids[key_of(one)], one, hour, begins) for one in data])
    named = {ids[key_of(one)]: one["title"] for one in data}
    titles.put(tx, hour.index, named, is_newest=hours.is_newest(tx, hour.index))


def stored_failure(entry: Failure) -> WorkFailure:
    """Return a failure as a row."""
    platform, work_id = key_of(entry)
    return WorkFailure(
        platform=platform,
        work_id=work_id,
        title=entry["title"],
        error=reason_of(entry).dump(),
        is_final=entry.get("final") is True,
    )


def entries_of(
    hour: Hour,
    found: Iterable[Point],
    keys: Mapping[int, Key],
    named: Mapping[int, str],
    zone: ZoneInfo,
) -> list[Numbers]:
    """Return rows of an hour as entries, by platform and work id; `named` are the titles."""
    begins = hour.begins(zone)

    @cache
    def moment(at_sec: int) -> str:
        local = (begins + timedelta(seconds=at_sec)).astimezone(zone)
        return local.isoformat(timespec="seconds")

    entries = [
        _entry(keys[one.work], named.get(one.work, ""), moment(one.at_sec), one)
        for one in found
        if one.work in keys
    ]
    entries.sort(key=lambda entry: (entry["platform"], entry["work_id"]))
    return entries


def _entry(key: Key, title: str, moment: str, point: Point) -> Numbers:
    entry: dict[str, Any] = {
        "platform": key[0],
        "work_id": key[1],
        "title": title,
        "crawl_time": moment,
        **dict(zip(COUNTER_KEYS, point.counts, strict=True)),
        "status": "success",
    }
    if point.shrunk:
        entry["shrunk"] = [name for name, bit in BITS.items() if point.shrunk & bit]
    return cast(Numbers, entry)


def counts_in(entry: Numbers) -> Counts:
    """Return the counters of an entry in the order of the tables."""
    return (
        entry["view_count"],
        entry["danmaku_count"],
        entry["comment_count"],
        entry["like_count"],
        entry["coin_count"],
        entry["favorite_count"],
        entry["share_count"],
    )


def _point(work: int, entry: Numbers, hour: Hour, begins: datetime) -> Point:
    shrunk = sum(BITS.get(name, 0) for name in entry.get("shrunk", ()))
    return Point(work, seconds_into(hour, begins, entry["crawl_time"]), counts_in(entry), shrunk)


def seconds_into(hour: Hour, begins: datetime, text: str) -> int:
    """Return the seconds from the beginning of an hour to a time as data files have it.

    A time without its day or its offset is a local one, as is one whose offset cannot be meant.
    """
    clock = text.replace(" ", "T")
    if "T" not in clock:
        clock = f"{hour.date_text}T{clock}"
    try:
        moment = datetime.fromisoformat(clock)
    except ValueError:
        return 0
    if moment.tzinfo is not None:
        secs = int((moment - begins).total_seconds())
        if 0 <= secs <= MAX_LATE_SECS:
            return secs
        moment = moment.replace(tzinfo=None)
    start = datetime(hour.day.year, hour.day.month, hour.day.day, hour.number)
    secs = int((moment - start).total_seconds())
    return secs if 0 <= secs <= MAX_LATE_SECS else 0
