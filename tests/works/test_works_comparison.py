"""Works side by side: by the hour, and at the same age."""

from __future__ import annotations

import csv
import io
import threading
import zipfile
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.container import App
from core.errors import InvalidInputError
from tests.support.crawler.workbench import ONE_ENGINE
from tests.support.moving_clock import MovingClock
from tests.support.works.hour_data import WORKS, numbers, store_hour
from works.catalogue.entries import WorkEntry
from works.hour_data.hours import Hour
from works.hourly.comparison import MAX_HOURS, MAX_WORKS, ComparisonRequest, work_keys
from works.hourly.history import AGE, hours_since
from works.hourly.sheets import SheetForm, author_table, sheet_file, trend_table

A, B, C = WORKS
KEYS = [("bilibili", work) for work in WORKS]


class Shelf:
    """A works' days: B was published a day after A, and C when nobody knows."""

    def __init__(self, app: App) -> None:
        self.app, self.zone = app, app.calendar.zone
        self.newest = Hour.of(app.clock.now(), self.zone)
        self.first = self.newest.earlier(47)
        begins = self.first.begins(self.zone)
        entries = [
            WorkEntry("bilibili", A, author="=甲", publish_time=begins + timedelta(minutes=59)),
            WorkEntry("bilibili", B, publish_time=begins + timedelta(hours=24)),
            WorkEntry("bilibili", C),
        ]
        app.works.catalogue.put(entries)
        for age in range(48):
            hour = self.first.earlier(-age)
            data = [numbers(A, hour, 100 + age)] if age != 3 else []
            data += [numbers(B, hour, 500 + age - 24)] if age >= 24 else []
            store_hour(app, hour, [*data, numbers(C, hour, 7)])

    def compare(self, span: int, *, by_age: bool = False):
        request = ComparisonRequest(keys=KEYS, span=span, counter="view_count", by_age=by_age)
        return self.app.works.comparer.compare(request)


@pytest.fixture
def shelf(app: App) -> Shelf:
    return Shelf(app)


def test_works_are_compared_by_the_hour(shelf: Shelf) -> None:
    found = shelf.compare(3)
    assert found.axis == [str(shelf.newest.earlier(back)) for back in (2, 1, 0)]
    assert found.series == {A: [145, 146, 147], B: [521, 522, 523], C: [7, 7, 7]}
    assert found.titles == {work: f"标题 {work}" for work in WORKS}
    assert shelf.compare(45).series[A][:2] == [None, 104], "nothing stands for a missing hour"


def test_works_are_compared_at_the_same_age(shelf: Shelf, clock: MovingClock) -> None:
    found = shelf.compare(6, by_age=True)
    assert list(found.axis) == [0, 1, 2, 3, 4, 5]
    assert found.series == {
        A: [100, 101, 102, None, 104, 105],
        B: [500, 501, 502, 503, 504, 505],
        C: [None] * 6,
    }
    assert found.undated == [C]
    clock.move(9 * 86400)
    shelf.app.works.roll_up.run(threading.Event())
    assert shelf.compare(6, by_age=True) == found, "packed days answer the same"
    assert len(shelf.compare(999, by_age=True).axis) == 48


def test_a_trend_has_the_hours_since_publication(shelf: Shelf) -> None:
    history = shelf.app.works.history
    assert [row[AGE] for row, _ in history.trend("bilibili", A, "view_count", 3)] == [45, 46, 47]
    assert [row[AGE] for row, _ in history.trend("bilibili", C, "view_count", 2)] == [None, None]


def test_an_age_counts_hours_that_passed() -> None:
    zone = ZoneInfo("Europe/Berlin")  # summer time ends at 3 on the 25th
    published = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)  # half past midnight there
    ages = [
        hours_since(published, Hour.parse("2026-10-25", f"{n:02d}").index, zone) for n in range(5)
    ]
    assert ages == [0, 1, 2, 4, 5]
    assert hours_since(published, Hour.parse("2026-10-24", "23").index, zone) is None
    assert hours_since(None, Hour.parse("2026-10-25", "03").index, zone) is None


@ONE_ENGINE
def test_numbers_become_files_that_no_spreadsheet_runs(shelf: Shelf) -> None:
    found = shelf.compare(4, by_age=True)
    text = sheet_file(SheetForm.CSV, "x", found.head, found.rows()).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == [AGE, A, B, C]
    assert rows[4] == ["3", "", "503", ""]
    head, cells = trend_table(shelf.app.works.history.trend("bilibili", A, "view_count", 2))
    assert head[-2:] == [AGE, "growth"] and cells[-1][-2:] == [47, 1]
    authors = shelf.app.works.history.authors(shelf.newest, 1, "view_count", 9)
    text = sheet_file(SheetForm.CSV, "x", *author_table(authors)).decode("utf-8-sig")
    assert "bilibili,'=甲,1,147,1" in text
    book = sheet_file(SheetForm.XLSX, "view", found.head, found.rows())
    assert zipfile.is_zipfile(io.BytesIO(book))


@ONE_ENGINE
def test_what_cannot_be_compared_is_said(app: App) -> None:
    for keys, span in (([], 1), (KEYS * MAX_WORKS, 1), (KEYS, MAX_HOURS + 1)):
        with pytest.raises(InvalidInputError):
            ComparisonRequest(keys=keys, span=span, counter="view_count")
    with pytest.raises(InvalidInputError):
        app.works.comparer.compare(ComparisonRequest(keys=KEYS, span=1, counter="view_count"))
    for text in ("https://b23.tv/abc", "nothing"):
        with pytest.raises(InvalidInputError):
            work_keys([text])
    assert work_keys([A, f"bilibili:{B}"]) == [("bilibili", A), ("bilibili", B)]
