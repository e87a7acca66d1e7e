"""Data files and statistics of the program that the operator used before come in as they are."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from typing import Any

import pytest

from app.container import App
from tests.support.crawler.workbench import ONE_ENGINE
from tests.support.messages import english
from tests.support.works.hour_data import numbers, put, report
from tests.support.works.stand_in_statistics import Statistics
from works.hour_data.hours import Hour

pytestmark = ONE_ENGINE
HOUR = Hour.parse("2026-02-06", "14")
OLDER = HOUR.earlier(1)
BV = "BV17x411w7KC"
COUNTERS = {
    "view_count": 100000,
    "danmaku_count": 5000,
    "comment_count": 1200,
    "like_count": 8000,
    "coin_count": 3000,
    "favorite_count": 2500,
    "share_count": 800,
}
# The tables as that program created them.
OLD_TABLES = """
CREATE TABLE work_metrics (
    id INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT NOT NULL, work_id TEXT NOT NULL,
    title TEXT, crawl_date TEXT NOT NULL, crawl_hour TEXT NOT NULL, crawl_time TEXT NOT NULL,
    view_count INTEGER DEFAULT 0, danmaku_count INTEGER DEFAULT 0, comment_count INTEGER DEFAULT 0,
    like_count INTEGER DEFAULT 0, coin_count INTEGER DEFAULT 0, favorite_count INTEGER DEFAULT 0,
    share_count INTEGER DEFAULT 0, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE(platform, work_id, crawl_date, crawl_hour));
CREATE TABLE crawl_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT UNIQUE NOT NULL, crawl_date TEXT NOT NULL,
    crawl_hour TEXT NOT NULL, start_time TEXT, end_time TEXT, total_count INTEGER DEFAULT 0,
    success_count INTEGER DEFAULT 0, fail_count INTEGER DEFAULT 0,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
"""


def old_report(**changes: Any) -> dict[str, Any]:
    """As that program writes it: naive times, failures without a platform, its own counting."""
    data = [
        {
            "platform": "bilibili",
            "work_id": BV[2:],
            "title": "视频标题",
            "crawl_time": "2026-02-06T14:30:01.123456",
            **COUNTERS,
            "status": "success",
        }
    ]
    return {
        "session_id": "crawl_20260206143000",
        "crawl_time": "2026-02-06T14:30:00.654321",
        "crawl_hour": "14",
        "total_count": 4,
        "success_count": 1,
        "fail_count": 3,  # two of them are works of other platforms, which are no errors
        "data": data,
        "errors": [{"work_id": "BV1GJ411x7h7", "error": "视频不存在或已删除", "status": "failed"}],
    } | changes


@pytest.fixture
def statistics(app: App) -> Statistics:
    return Statistics(app)


def test_a_file_of_the_documented_form_comes_in_whole(statistics: Statistics) -> None:
    assert statistics.take(HOUR, old_report()) == []
    columns = f"work_id, title, crawl_time, {', '.join(COUNTERS)}"
    assert statistics.rows(f"SELECT {columns} FROM work_metrics") == [
        (BV, "视频标题", "14:30:01", *COUNTERS.values())
    ]
    counts = "session_id, total_count, success_count, fail_count"
    assert statistics.rows(f"SELECT {counts} FROM crawl_sessions") == [
        ("crawl_20260206143000", 4, 1, 3)
    ]


def test_what_follows_from_the_rest_may_be_left_out(statistics: Statistics) -> None:
    assert statistics.take(HOUR, {"data": [{"work_id": BV, "view_count": 7}]}) == []
    columns = "platform, work_id, title, crawl_date, crawl_hour, crawl_time, view_count, like_count"
    assert statistics.rows(f"SELECT {columns} FROM work_metrics") == [
        ("bilibili", BV, "", "2026-02-06", "14", "14:00:00", 7, None)
    ]
    assert statistics.rows("SELECT session_id, total_count FROM crawl_sessions") == [
        ("crawl_20260206140000", 1)
    ]


def test_half_an_emoji_in_a_title_costs_only_the_half(statistics: Statistics) -> None:
    [item] = old_report()["data"]
    path = put(statistics.files, HOUR, "")
    text = json.dumps(old_report(data=[item | {"title": "x\ud83d"}]))
    assert "\\ud83d" in text
    path.write_text(text)
    assert statistics.missing() == [str(HOUR)]
    assert statistics.rows("SELECT title FROM work_metrics") == [("x\ufffd",)]


@pytest.mark.parametrize("depth", [500, 900, 100_000])
@pytest.mark.parametrize("place", ["whole", "head", "title"])
def test_a_file_that_is_nested_too_deep_is_damaged_and_stays(
    statistics: Statistics, depth: int, place: str
) -> None:
    deep = "[" * depth + "]" * depth
    spoilt = old_report() | ({"x": "@"} if place == "head" else {})
    if place == "title":
        spoilt["data"][0]["title"] = "@"
    content = deep if place == "whole" else json.dumps(spoilt).replace('"@"', deep)
    put(statistics.files, HOUR, old_report())
    statistics.files.path(HOUR).write_text(content, encoding="utf-8")
    put(statistics.files, OLDER, old_report(crawl_hour="13"))
    done = statistics.app.works.hourly.import_missing(threading.Event())
    [refused] = done.refused
    assert "2026-02-06-14" in english(refused)
    assert statistics.rows("SELECT DISTINCT crawl_hour FROM work_metrics") == [("13",)]
    assert statistics.files.path(HOUR).read_text(encoding="utf-8") == content


def test_of_two_entries_about_a_work_the_later_counts(statistics: Statistics) -> None:
    [item] = old_report()["data"]
    twice = [item, item | {"work_id": BV, "view_count": 5}]
    told = statistics.take(HOUR, old_report(data=twice, success_count=2, total_count=5))
    assert told == [f"data[1] is {BV} again, as data[0]; it counts"]
    assert statistics.rows("SELECT work_id, view_count FROM work_metrics") == [(BV, 5)]


@pytest.fixture
def old_statistics(statistics: Statistics) -> Statistics:
    """The statistics file of the program before, with two hours."""
    statistics.path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(statistics.path)) as connection:
        connection.executescript(OLD_TABLES)
        for day, work_id in (("2026-02-05", BV), ("2026-02-06", BV[2:])):
            connection.execute(
                "INSERT INTO work_metrics (platform, work_id, crawl_date, crawl_hour, crawl_time,"
                " view_count) VALUES ('bilibili', ?, ?, '14', '14:30:00', 1)",
                (work_id, day),
            )
        connection.commit()
    return statistics


def test_the_old_statistics_file_is_used_as_it_is(old_statistics: Statistics) -> None:
    old_statistics.take(HOUR, old_report())
    assert old_statistics.rows("SELECT crawl_date, work_id, view_count FROM work_metrics") == [
        ("2026-02-05", BV, 1),
        ("2026-02-06", BV, 100000),
    ]


def test_what_only_the_old_statistics_file_has_is_taken_in(old_statistics: Statistics) -> None:
    pipeline = old_statistics.app.works.hourly
    put(old_statistics.files, HOUR, old_report())
    assert pipeline.only_here() == [HOUR.earlier(24), HOUR]
    done = pipeline.import_here(threading.Event())
    assert [(one.hour, one.rows) for one in done.imported] == [(HOUR, 1), (HOUR.earlier(24), 1)]
    assert pipeline.only_here() == []
    again = pipeline.import_here(threading.Event())
    assert not any(one.fresh for one in again.imported)
    trend = old_statistics.app.works.history.trend("bilibili", BV, "view_count", 9)
    assert [(one.row["crawl_date"], one.row["view_count"]) for one in trend] == [
        ("2026-02-05", 1),
        ("2026-02-06", 100000),
    ]


def test_works_taken_out_of_a_file_leave_no_row_behind(statistics: Statistics) -> None:
    for hour in (OLDER, HOUR):
        statistics.take(hour, report(hour, [numbers(f"BV{n}", hour, n) for n in range(3)]))
    before = statistics.rows("SELECT * FROM work_metrics WHERE work_id='BV1'")
    statistics.take(HOUR, report(HOUR, [numbers("BV1", HOUR, 1)]))
    assert statistics.rows("SELECT * FROM work_metrics WHERE work_id='BV1'") == before
    found = statistics.rows("SELECT crawl_hour, work_id FROM work_metrics ORDER BY 1, 2")
    assert found == [("13", "BV0"), ("13", "BV1"), ("13", "BV2"), ("14", "BV1")]


def test_an_entry_that_was_spoilt_keeps_what_it_said_before(statistics: Statistics) -> None:
    works = [numbers("BV1", HOUR, 1), numbers("BV2", HOUR, 2)]
    statistics.take(HOUR, report(HOUR, works))
    spoilt = [works[0], works[1] | {"view_count": "many"}]
    assert len(statistics.take(HOUR, report(HOUR, spoilt))) == 1  # type: ignore[arg-type]
    assert statistics.rows("SELECT work_id, view_count FROM work_metrics ORDER BY 1") == [
        ("BV1", 1),
        ("BV2", 2),
    ]


def test_an_hour_that_is_crawled_anew_has_one_session(statistics: Statistics) -> None:
    works = [numbers("BV1", HOUR, 1)]
    statistics.take(HOUR, report(HOUR, works) | {"session_id": "first"})
    statistics.take(HOUR, report(HOUR, works) | {"session_id": "second"})
    assert statistics.rows("SELECT session_id FROM crawl_sessions") == [("second",)]


def test_a_session_id_of_two_hours_is_that_of_neither_alone(statistics: Statistics) -> None:
    for hour in (OLDER, HOUR, HOUR):
        content = report(hour, [numbers("BV1", hour, 1)]) | {"session_id": "unknown"}
        statistics.take(hour, content)
    statistics.take(HOUR, content | {"end_time": "2026-02-06T14:59:00"})
    assert statistics.rows("SELECT session_id, crawl_hour FROM crawl_sessions ORDER BY 2") == [
        ("unknown", "13"),
        ("unknown_2026-02-06-14", "14"),
    ]


def test_a_day_is_imported_with_all_its_hours(statistics: Statistics) -> None:
    for hour in (OLDER, HOUR, HOUR.earlier(24)):
        put(statistics.files, hour, report(hour, [numbers("BV1", hour, 1)]))
    put(statistics.files, HOUR.earlier(2), "no report")
    done = statistics.app.works.hourly.import_day(HOUR.day, threading.Event())
    assert [one.hour for one in done.imported] == [OLDER, HOUR]
    assert len(done.refused) == 1
