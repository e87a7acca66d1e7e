"""Looking at the numbers: the documented queries as they stand, ours, and the gaps."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.container import App
from core.schedule import Schedule
from storage.views import hours as view_hours
from tests.support.crawler.workbench import ONE_ENGINE
from tests.support.messages import english
from tests.support.works.hour_data import WORKS, failed, numbers, put, put_hours, report, store_hour
from tests.support.works.stand_in_statistics import LOG, Statistics
from works.catalogue.entries import WorkEntry
from works.hour_data.hours import Hour
from works.hourly.gaps import HourState, ViewGaps
from works.hourly.history import ViewHistory

pytestmark = ONE_ENGINE
ROOT = Path(__file__).resolve().parents[2]
QUERIES = re.findall(
    r"^([^\n]+):\n\n```sql\n(.*?)```", (ROOT / "docs/views.md").read_text("utf-8"), re.M | re.S
)
LAST = Hour.parse("2026-11-22", "05")
HOURS = [LAST.earlier(n) for n in range(47, -1, -1) if n not in (3, 4)]
A, B, C = WORKS  # B grows by 101 an hour
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)  # 05:30 in Shanghai


class Desk(Statistics):
    def take_in(self) -> None:
        """Take every file in, as it is now."""
        for hour in self.files.hours():
            self.importer.import_hour(hour, LOG, replace_numbers=True)
        self.project()

    @property
    def history(self) -> ViewHistory:
        return self.app.works.history

    def gaps(self, count: int, now: datetime = NOW, zone: ZoneInfo = SHANGHAI):
        return ViewGaps(database=self.app.database, zone=zone).look(now, count)


@pytest.fixture
def desk(app: App) -> Desk:
    return Desk(app)


@pytest.fixture
def filled(desk: Desk) -> Desk:
    put_hours(desk.files, HOURS)
    desk.take_in()
    return desk


def test_the_documented_queries_run_as_they_stand(filled: Desk) -> None:
    put(filled.files, HOURS[0], report(HOURS[0], [numbers(A, HOURS[0], 1)], [failed(B)]))
    filled.take_in()
    with closing(sqlite3.connect(filled.path)) as connection:
        found = {name: connection.execute(sql).fetchall() for name, sql in QUERIES}
    history, hour, growth, highest, crawls = found.values()
    # The file of the first hour says now that B failed.
    assert [row[2] for row in history] == [10_000 + n * 101 for n in range(1, len(HOURS))]
    assert [row[0] for row in hour] == [C, B, A]
    assert [row[3] for row in growth] == [None, *[101] * (len(HOURS) - 2)]
    assert len(highest) == 2 * len(WORKS)
    assert {row[0]: row[2] for row in highest if row[1] == LAST.date_text}[B] == history[-1][2]
    assert crawls == [(HOURS[0].date_text, HOURS[0].hour_text, 2, 1, 1)]


def test_a_trend_is_the_newest_hours_with_growth(filled: Desk) -> None:
    rows = filled.history.trend("bilibili", B, "view_count", 5)
    assert [row["crawl_hour"] for row, _ in rows] == ["23", "00", "03", "04", "05"]
    assert [growth for _, growth in rows] == [101] * 5
    rows = filled.history.trend("bilibili", B, "view_count", 999)
    assert len(rows) == len(HOURS) and rows[0].growth is None
    assert filled.history.trend("youtube", B, "view_count", 5) == []


def test_top_puts_what_is_not_known_last(filled: Desk) -> None:
    hour = LAST.earlier(-1)
    counts = {A: None, B: 5, C: 9}
    put(filled.files, hour, report(hour, [numbers(work, hour, n) for work, n in counts.items()]))
    filled.take_in()

    def top(limit: int, counter: str = "view_count") -> list[str]:
        return [row["work_id"] for row in filled.history.top(hour, counter, limit)]

    assert (top(9), top(1)) == ([C, B, A], [C])
    assert filled.history.newest_hour() == hour
    with pytest.raises(KeyError):
        top(1, "view_count; DROP TABLE view_points")


def test_days_grow_by_what_was_there_the_day_before(filled: Desk) -> None:
    newcomer = numbers("BVnew", LAST, 1_000_000)
    data = [*(numbers(work, LAST, 20_000) for work in WORKS), newcomer]
    put(filled.files, LAST, report(LAST, data))
    filled.take_in()
    days = filled.history.daily(date(2026, 11, 22), "view_count")
    assert [(one["crawl_date"], one["hours"], one["works"]) for one in days] == [
        ("2026-11-22", 4, 4)
    ]
    before = sum(10_000 + HOURS.index(Hour.parse("2026-11-21", "23")) * (100 + n) for n in range(3))
    assert (days[0]["total"], days[0]["growth"]) == (1_060_000, 60_000 - before)
    of_work = filled.history.daily(date(2026, 11, 20), "view_count", ("bilibili", B))
    assert (of_work[0]["works"], of_work[0]["growth"]) == (1, None)
    assert of_work[-1]["total"] == 20_000


def test_risers_are_compared_between_their_first_and_last_hour(filled: Desk) -> None:
    since = LAST.earlier(24)
    rows = filled.history.risers(since, "view_count", 2)
    assert [(row["work_id"], row["growth"]) for row in rows] == [(C, 22 * 102), (B, 22 * 101)]
    assert (rows[0]["from_hour"], rows[0]["to_hour"]) == (str(since), str(LAST))
    assert rows[0]["to_count"] - rows[0]["from_count"] == rows[0]["growth"]


def test_risers_that_came_or_went_within_the_span_are_found_too(desk: Desk) -> None:
    first, middle, last = (LAST.earlier(n) for n in (2, 1, 0))
    for hour, counts in ((first, {A: 1, B: 10}), (middle, {B: 19, C: 5}), (last, {A: 3, C: 9})):
        store_hour(desk.app, hour, [numbers(work, hour, n) for work, n in counts.items()])
    rows = desk.history.risers(first, "view_count", 9)
    assert [(row["work_id"], row["growth"]) for row in rows] == [(B, 9), (C, 4), (A, 2)]
    assert (rows[0]["from_hour"], rows[0]["to_hour"]) == (str(first), str(middle))


def test_an_author_has_the_sums_of_his_works(filled: Desk) -> None:
    entries = [
        WorkEntry("bilibili", work, author=name) for work, name in ((A, "甲"), (B, "甲"), (C, "乙"))
    ]
    filled.app.works.catalogue.put(entries)
    first, second = filled.history.authors(LAST, 3, "view_count", 9)
    [top] = [row for row in filled.history.top(LAST, "view_count", 3) if row["work_id"] == C]
    assert (first["author"], first["works"], first["growth"]) == ("甲", 2, None)
    assert (second["author"], second["total"]) == ("乙", top["view_count"])
    [one] = filled.history.authors(LAST, 24, "view_count", 1)
    assert one["growth"] == 22 * (100 + 101)


def test_every_hour_is_judged_with_its_reason(filled: Desk) -> None:
    hours = {n: LAST.earlier(n) for n in range(12)}
    put(filled.files, hours[6], report(hours[6], [numbers(A, hours[6], 1)], minute=23))
    put(filled.files, hours[7], report(hours[7], [], [failed(A, "no way"), failed(B, "no way")]))
    put(filled.files, hours[8], report(hours[8], [numbers(A, hours[8], 1)], [failed(B, "lost")]))
    filled.take_in()
    begun = {"owner": "o", "host": "h", "session_id": "s", "now": NOW, "until": NOW}
    filled.app.database.write(view_hours.claim, LAST.earlier(-2).index, **begun)
    later = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)  # 09:30 in Shanghai
    found = {one.hour: one for one in filled.gaps(14, later)}
    told = {str(hour)[-2:]: (one.state.value, english(one.why)[:44]) for hour, one in found.items()}
    assert told == {
        "20": ("observed", ""),
        "21": ("observed", "1 works failed, mostly: lost"),
        "22": ("missing", "all 2 works failed: no way"),
        "23": ("late", "begun 23 minutes after the hour"),
        "00": ("observed", ""),
        "01": ("missing", "nothing ran in this hour"),
        "02": ("missing", "nothing ran in this hour"),
        "03": ("observed", ""),
        "04": ("observed", ""),
        "05": ("observed", ""),
        "06": ("missing", "nothing ran in this hour"),
        "07": ("missing", "a run was cut short or is at work; the next "),
        "08": ("missing", "nothing ran in this hour"),
        "09": ("expected", "nothing has run yet"),
    }


def test_hours_that_nothing_is_scheduled_in_are_not_missed(filled: Desk) -> None:
    schedule = Schedule("30 */3 * * *", SHANGHAI)
    gaps = ViewGaps(database=filled.app.database, zone=SHANGHAI, schedule=schedule)
    later = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)  # 09:30 in Shanghai
    found = gaps.look(later, 5)
    assert [(one.hour.number, one.state.value) for one in found] == [
        (5, "observed"),
        (6, "missing"),
        (9, "expected"),
    ]


def test_nothing_is_expected_before_the_first_hour(filled: Desk) -> None:
    found = filled.gaps(24 * 30)
    assert found[0].hour == HOURS[0]
    assert len(found) == 48


def test_without_any_hour_nothing_is_missed(desk: Desk) -> None:
    assert desk.gaps(48) == []


def test_moved_clocks_make_no_gaps(desk: Desk) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for day, count in (("2026-03-29", 23), ("2026-10-25", 24)):
        hours = [Hour.parse(day, f"{n:02d}") for n in range(24) if count == 24 or n != 2]
        put_hours(desk.files, hours)
        desk.take_in()
        now = datetime.fromisoformat(f"{day}T23:30:00").replace(tzinfo=berlin)
        found = desk.gaps(count + (count == 24), now, berlin)
        assert [one.hour for one in found] == hours
        assert {one.state for one in found} == {HourState.OBSERVED}
