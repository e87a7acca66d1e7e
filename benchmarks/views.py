"""`views`: taking hourly files in, asking for 10,000 works, and a year of 1,000 works (--full).

The year is written without its files; questions are asked in the middle of it and at its end, each
of another work, so that no page is warm but by chance.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import requests

from benchmarks.ground import Ground, add_accounts, opened, sandbox_process
from benchmarks.results import Figure, Result
from core.clock import SystemClock
from presentation.i18n.renderer import ENGLISH_RENDERER
from storage.catalogue import view_data, view_history
from storage.catalogue.view_data import open_view_data
from storage.engines.transactions import Database, Tx
from works.hourly.day_log import day_log
from works.hourly.files import HourFiles
from works.hourly.hours import Hour
from works.hourly.importer import HourlyImporter
from works.hourly.report import COUNTERS, HourRecord, HourReport

NAME = "views"
ZONE = ZoneInfo("Asia/Shanghai")
LAST = Hour.parse("2026-11-22", "05")
IMPORTS = ((1_000, 48), (10_000, 8))  # works, hours
WORKS, LISTED = 1_000, 10_000
DOMAINS = ("美妆", "游戏")  # the sandbox lists 5,000 videos of each
YEAR_HOURS, SHORT_HOURS = 365 * 24, 30 * 24
HOURS_AT_ONCE = 50  # as an import takes 50,000 rows at once
QUESTIONS = 21
ROUNDS = 3  # the quickest counts: what else the machine does only makes it slower


def run(ground: Ground, full: bool = False) -> Result:
    """Measure everything; `full` makes the history a year long."""
    folder = ground.place("sqlite").folder
    figures = [
        figure
        for works, hours in IMPORTS
        for figure in _import(folder / f"import-{works}", works, hours)
    ]
    figures += _crawl(ground)
    figures += _history(folder / "history.sqlite3", YEAR_HOURS if full else SHORT_HOURS)
    return Result(NAME, tuple(figures))


def _import(folder: Path, works: int, hours: int) -> list[Figure]:
    files = HourFiles(folder / "views")
    for back in range(hours):
        hour = LAST.earlier(back)
        files.write(hour, _report(hour, works))
    taken = [_import_secs(files, folder / f"{n}.sqlite3", works * hours) for n in range(ROUNDS)]
    rate, cpu_rate = (works * hours / min(secs) for secs in zip(*taken, strict=True))
    return [
        Figure(
            label=f"import, files of {works:,} works", value=rate, unit="rows/s", goal=">= 50000"
        ),
        Figure("… in a second of the processor", cpu_rate, "rows/s"),
    ]


def _import_secs(files: HourFiles, path: Path, rows: int) -> tuple[float, float]:
    """Return the seconds by the clock, and of the processor."""
    data = open_view_data(path, SystemClock())
    view_data.create(data)
    with day_log(path.parent, "views_import", ZONE, ENGLISH_RENDERER) as log:
        begun, worked = time.perf_counter(), time.process_time()
        done = HourlyImporter(files=files, data=data).import_missing(threading.Event(), log)
        secs = time.perf_counter() - begun, time.process_time() - worked
    data.close()
    assert done.rows == rows, done
    return secs


def _crawl(ground: Ground) -> list[Figure]:
    """Measure requests and time for 10,000 works, against asking for them one by one.

    Once as the catalogue lists them, once with some that cannot be seen (1.5 %), at first and an
    hour later.
    """
    with sandbox_process(LISTED, ",".join(DOMAINS)) as url:
        (shown, secs), mixed = _asked_for(ground, url, "visible", 1), _asked_for(ground, url, "", 2)
    goal = "<= 0.05"
    return [
        Figure(
            label=f"crawl of {LISTED:,} works: requests / one by one",
            value=shown,
            unit="",
            goal=goal,
        ),
        Figure("… without a pace", LISTED / secs, "works/s"),
        Figure(
            label="… with 1.5 % that are gone, hidden or in review",
            value=mixed[0],
            unit="",
            goal=goal,
        ),
        Figure(label="… the same works once more", value=mixed[2], unit="", goal=goal),
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
            assert outcome.path is not None
            outcome.path.unlink()
    return measured


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


def _history(path: Path, hours: int) -> list[Figure]:
    data = open_view_data(path, SystemClock())
    view_data.create(data)
    begun = time.perf_counter()
    for first in range(hours, 0, -HOURS_AT_ONCE):
        backs = range(first - 1, max(first - 1 - HOURS_AT_ONCE, -1), -1)
        _write_hours(data, [LAST.earlier(back) for back in backs])
    secs = time.perf_counter() - begun
    rows = hours * WORKS
    figures = [
        Figure(f"history of {rows:,} rows: writing", rows / secs, "rows/s"),
        Figure("… size", path.stat().st_size / 2**20, "MiB"),
    ]
    figures += [
        Figure(label=f"… {name}, median", value=median(taken), unit="ms", goal=goal)
        for name, goal, taken in (
            ("views trend, 48 hours", "< 100", _asked(data, _trend(48))),
            ("views trend, all hours", "", _asked(data, _trend(hours))),
            ("views top", "< 100", _asked(data, _top)),
            ("views growth, 24 h", "", _asked(data, _growth)),
            ("views daily, 7 days", "", _asked(data, _daily)),
        )
    ]
    data.close()
    return figures


def _write_hours(data: Database, hours: list[Hour]) -> None:
    rows = sorted(row for hour in hours for row in _rows(hour))
    data.write(view_data.upsert_metrics, rows)


def _rows(hour: Hour) -> list[tuple[Any, ...]]:
    at = {"crawl_date": hour.date_text, "crawl_hour": hour.hour_text, "crawl_time": "05:00:07"}
    return [
        tuple((_numbers(n, hour) | at)[name] for name in view_data.METRICS) for n in range(WORKS)
    ]


Question = Callable[[Tx, int], object]


def _trend(hours: int) -> Question:
    return lambda tx, n: view_history.history(tx, "bilibili", _id(n * 37), "view_count", hours)


def _top(tx: Tx, n: int) -> object:
    hour = LAST.earlier(n * 31)
    return view_history.top_of_hour(tx, hour.date_text, hour.hour_text, "view_count", 20)


def _growth(tx: Tx, n: int) -> object:
    since = LAST.earlier(24)
    return view_history.risers(tx, (since.date_text, since.hour_text), "view_count", 20)


def _daily(tx: Tx, n: int) -> object:
    return view_history.daily(tx, LAST.earlier(7 * 24).date_text, "view_count")


def _asked(data: Database, question: Question) -> list[float]:
    """Return the milliseconds of each of some queries."""
    taken = []
    for n in range(QUESTIONS):
        begun = time.perf_counter()
        found = data.read(question, n)  # type: ignore[misc]
        taken.append((time.perf_counter() - begun) * 1000)
        assert found
    return taken


def _report(hour: Hour, works: int) -> HourReport:
    moment = datetime.now(UTC).astimezone(ZONE).isoformat(timespec="seconds")
    name = f"crawl_{hour.date_text.replace('-', '')}{hour.hour_text}0000"
    record = HourRecord({"session_id": name, "crawl_time": moment, "crawl_hour": hour.hour_text})
    record.add([_numbers(n, hour) for n in range(works)], [])  # type: ignore[misc]
    return record.report(end_time=moment)


def _numbers(n: int, hour: Hour) -> dict[str, Any]:
    views = n * 1000 + hour.day.toordinal() % 1000 * 24 + hour.number
    counts = {f"{name}_count": views // (k + 1) for k, name in enumerate(COUNTERS)}
    return {
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
