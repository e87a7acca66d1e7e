"""Entries of data files as rows of the main database, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class KnownWorks:
    """What the main database knew of works before their hour was stored.

    Args:
        ids: the ids of works that have one.
        titles: the titles in that hour, by id.
        counts: the newest numbers in the 24 hours before, by id.
    """

    ids: dict[Key, int] = field(default_factory=dict)
    titles: dict[int, str] = field(default_factory=dict)
    counts: dict[int, Counts] = field(default_factory=dict)


NOTHING_KNOWN = KnownWorks()


def known_works(tx: Tx, hour: int, keys: Iterable[Key]) -> KnownWorks:
    """Return what is known of works, with as few statements as may be."""
    ids = identities.ids_of(tx, keys)
    known = KnownWorks(ids)
    works = list(ids.values())
    for start in range(0, len(works), identities.AT_ONCE):
        part = works[start : start + identities.AT_ONCE]
        known.titles.update(titles.at_hour(tx, hour, part))
        known.counts.update(points.newest_before(tx, hour, part))
    return known


def store_numbers(
    tx: Tx,
    hour: Hour,
    data: Sequence[Numbers],
    zone: ZoneInfo,
    known: KnownWorks = NOTHING_KNOWN,
) -> None:
    """Insert entries of works as rows of an hour; numbers that are there already stay.

    What `known` has of the works is not asked again.
    """
    ids = _ids(tx, data, known)
    begins = hour.begins(zone)
    points.insert(tx, hour.index, [_point(ids[key_of(one)], one, hour, begins) for one in data])
    named = {ids[key_of(one)]: one["title"] for one in data}
    renamed = {work: title for work, title in named.items() if known.titles.get(work) != title}
    if renamed:
        titles.put(tx, hour.index, renamed, is_newest=hours.is_newest(tx, hour.index))


def _ids(tx: Tx, data: Sequence[Numbers], known: KnownWorks) -> dict[Key, int]:
    """Return the ids of the works of entries, and give one to each that has none."""
    keys = [key_of(one) for one in data]
    new = [key for key in keys if key not in known.ids]
    found = {key: known.ids[key] for key in keys if key in known.ids}
    return found | identities.ensure(tx, new) if new else found


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
