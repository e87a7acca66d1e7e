"""Looking at the numbers: the documented queries as they stand, ours, and the gaps."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.messages import Message
from presentation.i18n.renderer import renderer_for
from storage.catalogue import view_history
from storage.catalogue.view_data import open_view_data
from storage.engines.transactions import Database
from tests.support.messages import english
from tests.support.moving_clock import MovingClock
from tests.support.works.hour_data import WORKS, failed, numbers, put, put_hours, report
from tests.support.works.views_fixtures import quiet
from works.hourly.crawl_journal import HourJournal
from works.hourly.entries import reason_of
from works.hourly.files import HourFiles
from works.hourly.gaps import HourState, ViewGaps
from works.hourly.hours import Hour
from works.hourly.importer import HourlyImporter

ROOT = Path(__file__).resolve().parents[2]
QUERIES = re.findall(
    r"^([^\n]+):\n\n```sql\n(.*?)```", (ROOT / "docs/views.md").read_text("utf-8"), re.M | re.S
)
LAST = Hour.parse("2026-11-22", "05")
HOURS = [LAST.earlier(n) for n in range(47, -1, -1) if n not in (3, 4)]
A, B, C = WORKS  # B grows by 101 an hour
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)  # 05:30 in Shanghai


class Desk:
    def __init__(self, folder: Path) -> None:
        self.files = HourFiles(folder / "views")
        self.path = folder / "view_data.sqlite3"
        self.data: Database = open_view_data(self.path, MovingClock())

    def take_in(self) -> None:
        HourlyImporter(files=self.files, data=self.data).import_missing(threading.Event(), quiet())

    def gaps(self, hours: int, now: datetime = NOW, zone: ZoneInfo = SHANGHAI):
        return ViewGaps(files=self.files, data=self.data, zone=zone).look(now, hours)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.data.close()


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
    rows = filled.data.read(view_history.history, "bilibili", B, "view_count", 5)
    assert [row["crawl_hour"] for row, _ in rows] == ["23", "00", "03", "04", "05"]
    assert [growth for _, growth in rows] == [101] * 5
    rows = filled.data.read(view_history.history, "bilibili", B, "view_count", 999)
    assert len(rows) == len(HOURS) and rows[0].growth is None
    none = filled.data.read(view_history.history, "youtube", B, "view_count", 5)
    assert none == []


def test_top_puts_what_is_not_known_last(filled: Desk) -> None:
    hour = LAST.earlier(-1)
    counts = {A: None, B: 5, C: 9}
    put(filled.files, hour, report(hour, [numbers(work, hour, n) for work, n in counts.items()]))
    filled.take_in()

    def top(limit: int, counter: str = "view_count") -> list[str]:
        at = hour.date_text, hour.hour_text
        rows = filled.data.read(lambda tx: view_history.top_of_hour(tx, *at, counter, limit))
        return [row["work_id"] for row in rows]

    assert (top(9), top(1)) == ([C, B, A], [C])
    assert filled.data.read(view_history.newest_hour) == (hour.date_text, hour.hour_text)
    with pytest.raises(ValueError, match="no counter"):
        top(1, "view_count; DROP TABLE work_metrics")


def test_days_grow_by_what_was_there_the_day_before(filled: Desk) -> None:
    newcomer = numbers("BVnew", LAST, 1_000_000)
    data = [*(numbers(work, LAST, 20_000) for work in WORKS), newcomer]
    put(filled.files, LAST, report(LAST, data))
    filled.take_in()
    days = filled.data.read(view_history.daily, "2026-11-22", "view_count")
    assert [(one["crawl_date"], one["hours"], one["works"]) for one in days] == [
        ("2026-11-22", 4, 4)
    ]
    before = sum(10_000 + HOURS.index(Hour.parse("2026-11-21", "23")) * (100 + n) for n in range(3))
    assert (days[0]["total"], days[0]["growth"]) == (1_060_000, 60_000 - before)
    of_work = filled.data.read(view_history.daily, "2026-11-20", "view_count", ("bilibili", B))
    assert (of_work[0]["works"], of_work[0]["growth"]) == (1, None)
    assert of_work[-1]["total"] == 20_000


def test_risers_are_compared_between_their_first_and_last_hour(filled: Desk) -> None:
    since = LAST.earlier(24)
    rows = filled.data.read(
        view_history.risers, (since.date_text, since.hour_text), "view_count", 2
    )
    assert [(row["work_id"], row["growth"]) for row in rows] == [(C, 22 * 102), (B, 22 * 101)]
    assert (rows[0]["from_hour"], rows[0]["to_hour"]) == (str(since), str(LAST))
    assert rows[0]["to_count"] - rows[0]["from_count"] == rows[0]["growth"]


def test_every_hour_is_judged_with_its_reason(filled: Desk) -> None:
    hours = {n: LAST.earlier(n) for n in range(12)}
    put(filled.files, hours[6], report(hours[6], [numbers(A, hours[6], 1)], minute=23))
    put(filled.files, hours[7], report(hours[7], [], [failed(A, "no way"), failed(B, "no way")]))
    put(filled.files, hours[8], report(hours[8], [numbers(A, hours[8], 1)], [failed(B, "lost")]))
    filled.take_in()
    put_hours(filled.files, [hours[3]])
    put(filled.files, LAST.earlier(-1), "{")
    journal = HourJournal.take(filled.files.journal_path(LAST.earlier(-2)))
    assert journal is not None
    journal.begin({"session_id": "x"})
    journal.close()
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
        "02": ("missing", "its file is there and not imported; import i"),
        "03": ("observed", ""),
        "04": ("observed", ""),
        "05": ("observed", ""),
        "06": ("missing", str(filled.files.path(LAST.earlier(-1)))[:44]),
        "07": ("missing", "a run was cut short or is at work; the next "),
        "08": ("missing", "nothing ran in this hour"),
        "09": ("expected", "nothing has run yet"),
    }


def test_the_reason_of_an_hour_can_be_read_in_chinese() -> None:
    cause = Message.of("video_not_found", detail="gone")
    stored = {"error": "not_found: gone", **{f"error_{k}": v for k, v in cause.as_json().items()}}
    older = {"error": "not_found: gone"}
    causes = [reason_of(failure) for failure in (stored, older)]  # type: ignore[arg-type]
    assert [english(cause) for cause in causes] == ["not_found: gone"] * 2
    faults = [
        Message.of("crawl_begun_late", minutes=12),
        Message.of("some_works_failed", works=1_200, cause=causes[0]),
    ]
    why = Message.load(Message.of("hour_faults", faults=faults).dump())
    chinese = renderer_for("zh").sentence(why)
    assert chinese == "整点后 12 分钟才开始；1,200 个作品失败，多为：视频不存在：gone"


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
