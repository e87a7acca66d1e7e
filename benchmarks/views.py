"""`views`: an hour of 20,000 works in the database, its roll-up, and questions about them.

Packed days of a month (a year: --full) lie beside the rows of two days; questions are asked each
of another work or hour, so that no page is warm but by chance. And: requests of a crawl of 10,000,
against the 0.033 for each work that it took before the numbers were in the database.
"""

from __future__ import annotations

import json
import resource
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import exp, sin
from random import Random
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import requests

from app.container import App
from benchmarks.ground import Ground, add_accounts, opened, sandbox_process
from benchmarks.results import Figure, Result
from storage.engines.transactions import Tx
from storage.views import days, hours, identities, packed_day, points, totals
from storage.views.days import WorkDay
from storage.views.hours import CrawlState
from tests.support.cpu_time import used_secs
from works.catalogue.entries import WorkEntry
from works.hour_data.hours import Hour
from works.hour_data.report import COUNTERS, Numbers
from works.hourly.ledger import HourLedger

NAME = "views"
ZONE = ZoneInfo("Asia/Shanghai")
WORKS, LISTED, BATCH = 20_000, 10_000, 50
DOMAINS = ("美妆", "游戏")  # the sandbox lists 5,000 videos of each
DAYS_OF_ROWS, DAYS_PACKED, DAYS_PACKED_FULL = 2, 30, 365
QUESTIONS = 15
PACKED_TOP = "views top of an hour that is packed"
SLOW = {PACKED_TOP}  # every work of that day is unpacked
ENGINES = ("sqlite", "mariadb")
SHARES = (1, 0.005, 0.003, 0.04, 0.015, 0.02, 0.008)  # of the views, in the order of COUNTERS


def run(ground: Ground, full: bool = False) -> Result:
    """Measure everything; `full` makes the history a year long."""
    figures = _crawl(ground)
    for engine in ENGINES:
        if engine in ground.engines:
            figures += _numbers_of(ground, engine, DAYS_PACKED_FULL if full else DAYS_PACKED)
    return Result(NAME, tuple(figures))


def _numbers_of(ground: Ground, engine: str, packed: int) -> list[Figure]:
    place = ground.place(engine)
    with opened(place, views_files="off") as app:
        today = Hour.of(app.clock.now(), ZONE)
        last = Hour(today.day, 12)
        _store(app, last.earlier(last.number + 24))  # which gives each work its id
        _write_packed(app, last.day_index - DAYS_OF_ROWS, packed)
        _write_rows(app, last)
        _write_authors(app)
        crawled = _spent(lambda: _store(app, last))
        rolled = _spent(lambda: _roll_up(app, last))
        stored = app.database.read(_bytes)
        figures = [
            Figure(
                f"{engine}, {packed} packed days: an hour of {WORKS:,} works",
                crawled.clock,
                "s",
                "< 2",
            ),
            Figure("… processor", crawled.processor, "s"),
            Figure("… bytes of a packed work and day", _packed_bytes(app), "bytes"),
            Figure(
                "… a year of the tables", stored / (packed + DAYS_OF_ROWS) * 365 / 1e9, "GB", "< 2"
            ),
            Figure("… roll-up of a day", rolled.clock, "s", "< 60"),
            Figure("… processor", rolled.processor, "s"),
        ]
        for name, question in _questions(app, last, packed).items():
            taken, processor = _asked(question)
            goal = "" if name in SLOW else "< 100"
            figures += [
                Figure(f"… {name}, median", median(taken), "ms", goal),
                Figure("… … processor, mean", processor, "ms"),
            ]
        figures.append(Figure("… memory of this process at most", _peak_mib(), "MiB", "< 150"))
    ground.drop(place)
    return figures


@dataclass(frozen=True)
class Spent:
    """Seconds of the clock, and of the processor, that of the database's server too."""

    clock: float
    processor: float


def _spent(work: Callable[[], object]) -> Spent:
    processor, begun = used_secs(), time.perf_counter()
    work()
    return Spent(time.perf_counter() - begun, used_secs() - processor)


def _store(app: App, hour: Hour) -> None:
    """Do what an hour asks of the database, batch by batch."""
    base = app.foundation
    ledger = HourLedger(
        database=base.database,
        clock=base.clock,
        leases=base.leases,
        owner=base.owner,
        host=base.host,
        lease_secs=30,
        zone=ZONE,
    )
    held = ledger.claim(hour)
    assert held is not None
    held.read_ahead(map(_id, range(WORKS)))
    for first in range(0, WORKS, BATCH):
        held.note([_numbers(n, hour) for n in range(first, first + BATCH)], [], WORKS)
    held.end(CrawlState.COMPLETE, listed=WORKS, skipped=0)


def _write_rows(app: App, last: Hour) -> None:
    """Write the rows of the day before, for the roll-up, and of today but for the last hour."""
    ids = list(app.database.read(identities.all_keys))
    for back in range(last.number + 23, 0, -1):
        app.database.write(_copy_hour, last.earlier(back).index, ids)


def _write_packed(app: App, newest: int, count: int) -> None:
    """Write packed days up to the day `newest`: the oldest in full, the others as copies of it."""
    ids = list(app.database.read(identities.all_keys))
    oldest = newest - count + 1
    for start in range(0, WORKS, 1_000):
        found = [_packed(work, oldest) for work in ids[start : start + 1_000]]
        app.database.write(days.put, oldest, found)
    for day in range(oldest, newest + 1):
        app.database.write(_copy_day, oldest, day)


def _copy_day(tx: Tx, source: int, day: int) -> None:
    """Copy the rows of a day to another one, where the counts are higher."""
    if day > source:
        tx.execute(
            f"INSERT INTO view_days (day, work, hours, {points.COLUMNS}, packed)"
            f" SELECT :day, work, hours, {', '.join(f'{name}+:more' for name in points.COUNTERS)},"
            " packed FROM view_days WHERE day=:source",
            day=day,
            source=source,
            more=day - source,
        )
    for number in range(24):
        _put_hour(tx, day * 24 + number)
    totals.count_anew(tx, day)


def _write_authors(app: App) -> None:
    """Fill the catalogue, with ten works for each author."""
    app.works.catalogue.put(
        WorkEntry("bilibili", _id(n), title=f"第{n}期", author=f"作者 {n // 10}")
        for n in range(WORKS)
    )


def _copy_hour(tx: Tx, hour: int, ids: list[int]) -> None:
    points.insert(tx, hour, [points.Point(work, 7, _counts(work, hour)) for work in ids])
    days.note_hour(tx, hour)
    _put_hour(tx, hour)
    totals.count_anew(tx, hour // 24)


def _put_hour(tx: Tx, hour: int) -> None:
    row = hours.HourEnd(
        state=CrawlState.COMPLETE,
        listed=WORKS,
        success=WORKS,
        failed=0,
        skipped=0,
        errors=None,
        ended_at=None,
    )
    begins = Hour.from_index(hour).begins(ZONE)
    hours.put_imported(tx, hour, session_id=str(hour), started_at=begins, host="h", ended=row)


def _packed(work: int, day: int) -> WorkDay:
    numbers = {number: _counts(work, day * 24 + number) for number in range(24)}
    return WorkDay(work=work, hours=2**24 - 1, counts=numbers[23], packed=packed_day.pack(numbers))


def _counts(work: int, hour: int) -> points.Counts:
    """Return counts as those of videos: a few grow by thousands an hour, most by some."""
    rate = _rate(work)
    hours = hour % 10_000 + (hour * work * 7919) % 53 / 530
    views = int(rate * (hours + sin(hour * 0.26)))
    return tuple(int(views * share) for share in SHARES)


@cache
def _rate(work: int) -> float:
    """Return how many views a work gets in an hour."""
    return exp(Random(work).gauss(2, 2))


def _roll_up(app: App, last: Hour) -> None:
    """Pack the day before that of `last`."""
    app.works.roll_up._pack_before(last.day_index, threading.Event())


def _bytes(tx: Tx) -> int:
    """Return the bytes of the tables of hourly numbers; on SQLite those of the whole database."""
    if tx.dialect.name == "sqlite":
        return tx.number("SELECT page_count*page_size FROM pragma_page_count, pragma_page_size")
    names = "('view_days','view_hours','view_points','view_titles','view_totals','view_works')"
    tx.all("ANALYZE TABLE view_days, view_points, view_titles, view_works")
    return tx.number(
        "SELECT SUM(data_length+index_length) FROM information_schema.tables"
        f" WHERE table_schema=DATABASE() AND table_name IN {names}"
    )


def _packed_bytes(app: App) -> float:
    mean = "SELECT AVG(LENGTH(packed)) AS n FROM view_days WHERE packed IS NOT NULL AND work<100"
    [found] = app.database.read(lambda tx: tx.column(mean))
    return float(found)


def _questions(app: App, last: Hour, packed: int) -> dict[str, Callable[[int], object]]:
    """Return the questions of the commands; the one with the number of the question asks for other
    works than the one before."""
    history = app.works.history

    def trend(n: int, hours_wanted: int) -> object:
        return history.trend("bilibili", _id(n % WORKS), "view_count", hours_wanted)

    return {
        "views trend, 48 hours": lambda n: trend(n * 37, 48),
        "views trend, all hours": lambda n: trend(n * 41, 9_000),
        "views compare, 5 works": lambda n: [trend(n * 37 + k * 997, 48) for k in range(5)],
        "views top": lambda n: history.top(last.earlier(n % 8), "view_count", 20),
        "views growth, 8 h": lambda n: history.risers(last.earlier(8), "view_count", 20),
        "views growth, 7 days": lambda n: history.risers(last.earlier(168), "view_count", 20),
        "views authors": lambda n: history.authors(last, 24, "view_count", 20),
        "views daily, 7 days": lambda n: history.daily(last.earlier(168).day, "view_count"),
        "views daily, all days": lambda n: history.daily(
            last.earlier(24 * packed).day, "view_count"
        ),
        "views daily of a work, all days": lambda n: history.daily(
            last.earlier(24 * packed).day, "view_count", ("bilibili", _id(n * 43))
        ),
        PACKED_TOP: lambda n: history.top(last.earlier(24 * (4 + n % 8)), "view_count", 20),
    }


def _asked(question: Callable[[int], object]) -> tuple[list[float], float]:
    """Return the milliseconds of each of some questions, and those of the processor on average."""
    taken, before = [], used_secs()
    for n in range(QUESTIONS):
        begun = time.perf_counter()
        found = question(n)
        taken.append((time.perf_counter() - begun) * 1000)
        assert found
    return taken, (used_secs() - before) * 1000 / QUESTIONS


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _crawl(ground: Ground) -> list[Figure]:
    """Measure requests and time for 10,000 works, against asking for them one by one.

    Once as the catalogue lists them, once with some that cannot be seen (1.5 %), at first and an
    hour later.
    """
    with sandbox_process(LISTED, ",".join(DOMAINS)) as url:
        (shown, secs), mixed = _asked_for(ground, url, "visible", 1), _asked_for(ground, url, "", 2)
    return [
        Figure(
            label=f"crawl of {LISTED:,} works: requests / one by one",
            value=shown,
            unit="",
            goal="<= 0.0396",
        ),
        Figure("… without a pace", LISTED / secs, "works/s"),
        Figure(
            label="… with 1.5 % that are gone, hidden or in review",
            value=mixed[0],
            unit="",
            goal="<= 0.05",
        ),
        Figure(label="… the same works once more", value=mixed[2], unit="", goal="<= 0.05"),
    ]


def _asked_for(ground: Ground, url: str, state: str, times: int) -> list[float]:
    """Return, crawl by crawl, its requests for each work and its seconds."""
    measured: list[float] = []
    with opened(
        ground.place("sqlite"),
        bilibili_base_url=url,
        single_pause_min_secs=0.0,
        single_pause_max_secs=0.0,
    ) as app:
        add_accounts(app, 3, 4000)
        videos = [video for domain in DOMAINS for video in _videos(url, domain, state)]
        app.settings.works_list.parent.mkdir(parents=True, exist_ok=True)
        works = json.dumps({"works": [_listed(video) for video in videos]})
        app.settings.works_list.write_text(works, encoding="utf-8")
        for _ in range(times):
            before, begun = _requests(url), time.perf_counter()
            outcome = app.works.hourly.crawl(threading.Event())
            secs, asked = time.perf_counter() - begun, _requests(url) - before
            visible = sum(video["state"] == "visible" for video in videos)
            assert outcome.success == visible, outcome
            measured += [asked / len(videos), secs]
            app.database.write(_forget_hours)
            assert outcome.path is not None
            outcome.path.unlink()  # it would be taken in
    return measured


def _forget_hours(tx: Tx) -> None:
    for table in ("view_hours", "view_points", "view_errors"):
        tx.execute(f"DELETE FROM {table}")


def _videos(url: str, domain: str, state: str) -> list[dict[str, Any]]:
    asked = {"platform": "bilibili", "count": str(LISTED // len(DOMAINS)), "domain": domain}
    if state:
        asked["state"] = state
    answer = requests.get(f"{url}/__sandbox__/videos", params=asked, timeout=60)
    found: list[dict[str, Any]] = answer.json()["videos"]
    return found


def _listed(video: dict[str, Any]) -> dict[str, Any]:
    return {
        "platform": "bilibili",
        "work_id": video["id"],
        "title": "",
        "author": "",
        "publish_time": None,
        "cover_url": "",
        "is_valid": True,
    }


def _requests(url: str) -> int:
    stats = requests.get(f"{url}/__sandbox__/stats", timeout=10).json()
    return sum(stats["requests"].get("bilibili", {}).values())


def _numbers(n: int, hour: Hour) -> Numbers:
    views = n * 1000 + hour.day.toordinal() % 1000 * 24 + hour.number
    counts = {f"{name}_count": views // (k + 1) for k, name in enumerate(COUNTERS)}
    return {  # type: ignore[return-value]
        "platform": "bilibili",
        "work_id": _id(n),
        "title": f"新手也能懂的 美妆 入门 第{n}期",
        "crawl_time": f"{hour.date_text}T{hour.hour_text}:00:07+08:00",
        **counts,
        "status": "success",
    }


def _id(n: int) -> str:
    """Return an id as mixed as real ones are: neighbours in a list are far apart in an index."""
    return f"BV1x{n * 7919 % 100_003:06d}7h"
