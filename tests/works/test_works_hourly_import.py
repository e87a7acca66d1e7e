"""Taking hourly files in: in one transaction, once, and only what is sound."""

from __future__ import annotations

import json
import logging
import re
import shutil
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from app.container import App
from core.errors import (
    BusyError,
    DamagedFileError,
    DatabaseContentionError,
    DatabaseError,
    InvalidInputError,
    SchemaMismatchError,
)
from storage.engines import sqlite
from storage.views import hours, points
from tests.support.crawler.workbench import ONE_ENGINE
from tests.support.messages import english, raises_saying
from tests.support.works.hour_data import WORKS, failed, numbers, put, put_hours, report
from tests.support.works.stand_in_statistics import LOG, Statistics
from works.hour_data.hours import Hour

pytestmark = ONE_ENGINE
HOUR = Hour.parse("2026-11-22", "05")


@pytest.fixture
def desk(app: App) -> Statistics:
    return Statistics(app)


def test_the_tables_are_as_agreed(desk: Statistics) -> None:
    desk.project()
    columns = {
        table: [row[0] for row in desk.rows(f"SELECT name FROM pragma_table_info('{table}')")]
        for table in ("work_metrics", "crawl_sessions")
    }
    assert columns == {
        "work_metrics": [
            "id",
            "platform",
            "work_id",
            "title",
            "crawl_date",
            "crawl_hour",
            "crawl_time",
            "view_count",
            "danmaku_count",
            "comment_count",
            "like_count",
            "coin_count",
            "favorite_count",
            "share_count",
            "created_at",
        ],
        "crawl_sessions": [
            "id",
            "session_id",
            "crawl_date",
            "crawl_hour",
            "start_time",
            "end_time",
            "total_count",
            "success_count",
            "fail_count",
            "created_at",
        ],
    }
    indexes = dict(desk.rows("SELECT name, sql FROM sqlite_master WHERE name LIKE 'idx_%'"))
    shapes = {name: re.sub(r".* ON ", "", sql) for name, sql in indexes.items()}
    assert shapes == {
        "idx_work_metrics_platform_work_id": "work_metrics (platform, work_id)",
        "idx_work_metrics_crawl_date": "work_metrics (crawl_date)",
        "idx_work_metrics_crawl_hour": "work_metrics (crawl_date, crawl_hour)",
        "idx_crawl_sessions_date": "crawl_sessions (crawl_date)",
        "idx_crawl_sessions_hour": "crawl_sessions (crawl_date, crawl_hour)",
    }
    assert desk.rows("PRAGMA journal_mode") == [("delete",)]


def test_a_file_becomes_rows_and_a_session(desk: Statistics) -> None:
    data = [numbers("BV1", HOUR, 7, share_count=None), numbers("BV2", HOUR, None)]
    content = report(HOUR, data, [failed("BV3")], end_time="2026-11-22T05:02:00+08:00")
    put(desk.files, HOUR, content)
    done = desk.importer.import_hour(HOUR, LOG)
    desk.project()
    assert (done.rows, done.fresh) == (2, True)
    counts = "view_count, danmaku_count, share_count"
    found = f"SELECT platform, work_id, title, crawl_date, crawl_hour, crawl_time, {counts}"
    assert desk.rows(f"{found} FROM work_metrics ORDER BY id") == [
        ("bilibili", "BV1", "标题 BV1", "2026-11-22", "05", "05:00:07", 7, 3, None),
        ("bilibili", "BV2", "标题 BV2", "2026-11-22", "05", "05:00:07", None, None, None),
    ]
    assert desk.rows(
        "SELECT session_id, crawl_date, crawl_hour, start_time, end_time,"
        " total_count, success_count, fail_count FROM crawl_sessions"
    ) == [
        (
            "crawl_202611220500" + "05",
            "2026-11-22",
            "05",
            "2026-11-22T05:00:05+08:00",
            "2026-11-22T05:02:00+08:00",
            3,
            2,
            1,
        )
    ]


def test_a_file_is_taken_once_and_its_numbers_that_came_first_stay(desk: Statistics) -> None:
    put(desk.files, HOUR, report(HOUR, [numbers("BV1", HOUR, 7)], [failed("BV2"), failed("BV3")]))
    assert desk.importer.import_hour(HOUR, LOG).fresh
    assert not desk.importer.import_hour(HOUR, LOG).fresh
    again = [numbers("BV1", HOUR, 8, title="新标题"), numbers("BV2", HOUR, 9)]
    put(desk.files, HOUR, report(HOUR, again))
    assert desk.importer.import_hour(HOUR, LOG).fresh
    desk.project()
    assert desk.rows("SELECT work_id, title, view_count FROM work_metrics") == [
        ("BV1", "标题 BV1", 7),
        ("BV2", "标题 BV2", 9),
    ]
    assert desk.rows("SELECT success_count, fail_count FROM crawl_sessions") == [(2, 1)]


def test_a_file_replaces_an_hour_when_that_is_asked_for(desk: Statistics) -> None:
    desk.take(HOUR, report(HOUR, [numbers("BV1", HOUR, 7), numbers("BV3", HOUR, 1)]))
    before = desk.rows("SELECT id FROM work_metrics WHERE work_id='BV1'")
    edited = report(HOUR, [numbers("BV1", HOUR, 8, title="新标题"), numbers("BV2", HOUR, 9)])
    desk.take(HOUR, edited)
    assert desk.rows("SELECT work_id, title, view_count FROM work_metrics ORDER BY 1") == [
        ("BV1", "新标题", 8),
        ("BV2", "标题 BV2", 9),
    ]
    assert desk.rows("SELECT id FROM work_metrics WHERE work_id='BV1'") == before
    done = desk.importer.import_hour(HOUR, LOG, replace_numbers=True)
    assert not done.fresh, "the second time changes nothing"
    [day] = desk.app.works.history.daily(HOUR.day, "view_count")
    assert (day["works"], day["total"]) == (2, 17), "BV3 has left the day's sums"


def test_an_hour_that_is_crawled_is_left_alone(desk: Statistics) -> None:
    put(desk.files, HOUR, report(HOUR, [numbers("BV1", HOUR, 7)]))
    now = desk.app.clock.now()
    until = now + timedelta(seconds=30)
    lease = {"owner": "o", "host": "h", "session_id": "s", "now": now, "until": until}
    assert desk.app.database.write(hours.claim, HOUR.index, **lease) is not None
    with raises_saying(BusyError, "is being crawled"):
        desk.importer.import_hour(HOUR, LOG)


def test_missing_takes_what_the_database_does_not_know(desk: Statistics) -> None:
    wanted = [HOUR.earlier(n) for n in (3, 2, 1, 0)]
    put_hours(desk.files, wanted)
    desk.importer.import_hour(wanted[1], LOG)
    assert desk.missing() == [str(wanted[0]), str(wanted[2]), str(wanted[3])]
    assert desk.missing() == []
    assert desk.rows("SELECT COUNT(*) FROM work_metrics") == [(4 * len(WORKS),)]


def test_a_lost_statistics_file_is_written_anew(desk: Statistics) -> None:
    put_hours(desk.files, [HOUR.earlier(1), HOUR])
    desk.missing()
    whole = desk.rows("SELECT work_id, crawl_hour, crawl_time, view_count FROM work_metrics")
    desk.app.works.view_data.close()
    desk.path.unlink()
    desk.project()
    assert (
        desk.rows("SELECT work_id, crawl_hour, crawl_time, view_count FROM work_metrics") == whole
    )


def test_a_statistics_file_that_is_lost_under_a_running_process_is_written_anew(
    desk: Statistics,
) -> None:
    put_hours(desk.files, [HOUR.earlier(1), HOUR])
    desk.missing()
    whole = desk.rows("SELECT work_id, crawl_hour, view_count FROM work_metrics")
    desk.path.unlink()
    desk.project()
    assert desk.rows("SELECT work_id, crawl_hour, view_count FROM work_metrics") == whole
    other = desk.path.with_name("other.sqlite3")
    desk.path.rename(other)
    desk.project()
    assert desk.rows("SELECT work_id, crawl_hour, view_count FROM work_metrics") == whole


def test_a_lost_folder_is_written_anew(desk: Statistics) -> None:
    put_hours(desk.files, [HOUR.earlier(1), HOUR])
    desk.missing()
    kept = {hour: desk.files.path(hour).read_bytes() for hour in desk.files.hours()}
    shutil.rmtree(desk.files.folder)
    desk.project()
    assert {hour: desk.files.path(hour).read_bytes() for hour in desk.files.hours()} == kept


def test_a_file_that_knows_more_than_the_database_is_kept(desk: Statistics) -> None:
    desk.take(HOUR, report(HOUR, [numbers("BV1", HOUR, 7)]))
    (desk.files.folder / ".version").unlink()
    path = put(desk.files, HOUR, report(HOUR, [numbers("BV2", HOUR, 7)]))
    content = path.read_bytes()
    desk.project()
    assert path.with_name(f"{path.name}.before").read_bytes() == content
    assert b"BV1" in path.read_bytes()


def test_a_stop_leaves_the_rest_for_later(desk: Statistics) -> None:
    put_hours(desk.files, [HOUR.earlier(n) for n in range(5)])
    stop = threading.Event()
    done = desk.app.works.hourly.import_missing(
        stop, lambda place, total: stop.set() if place == 2 else None
    )
    assert (len(done.imported), done.interrupted) == (2, True)
    assert len(desk.missing()) == 3


def good() -> dict[str, Any]:
    return report(HOUR, [numbers("BV1", HOUR, 7), numbers("BV2", HOUR, 8)], [failed("BV3")])


def edited(**changes: Any) -> str:
    return json.dumps(good() | changes)


def with_entry(**changes: Any) -> str:
    content = good()
    content["data"][1] |= changes
    return json.dumps(content)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("", "is empty"),
        (json.dumps(good())[:-20], "Invalid JSON: EOF .* line 1 column"),
        (json.dumps(good(), indent=2).replace('"BV2",', '"BV2"'), "line 26 column 7"),
        ("[]", "should be an object"),
        ("{}", "data: Input should be a valid list"),
        (edited(crawl_hour="06"), "crawl_hour is '06', the file's name says '05'"),
        (edited(crawl_hour="24"), "crawl_hour"),
        (edited(data=None), "data: "),
        (edited(errors={}), "errors: "),
    ],
)
def test_what_is_no_data_file_of_the_hour_is_refused_with_the_place(
    desk: Statistics, content: str, place: str
) -> None:
    put_hours(desk.files, [HOUR.earlier(1)])
    path = put(desk.files, HOUR, content)
    with raises_saying(DamagedFileError, place) as caught:
        desk.importer.import_hour(HOUR, LOG)
    assert str(path) in english(caught.value) and "mend it" in english(caught.value)
    done = desk.app.works.hourly.import_missing(threading.Event())
    assert [one.hour for one in done.imported] == [HOUR.earlier(1)], "it holds up no other"
    assert len(done.refused) == 1
    assert desk.rows(f"SELECT * FROM work_metrics WHERE crawl_hour='{HOUR.hour_text}'") == []


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (with_entry(view_count="8"), r"data\[1\].view_count: .*integer, got '8'"),
        (with_entry(view_count=-1), r"data\[1\].view_count"),
        (with_entry(view_count=True), r"data\[1\].view_count"),
        (with_entry(like_count=1.5), r"data\[1\].like_count"),
        (with_entry(coin_count=2**63), r"data\[1\].coin_count"),
        (with_entry(work_id=""), r"data\[1\].work_id"),
        (with_entry(work_id=None), r"data\[1\].work_id"),
        (with_entry(work_id=5), r"data\[1\].work_id"),
        (with_entry(platform=[]), r"data\[1\].platform"),
        (with_entry(crawl_time="5 o'clock"), r"data\[1\].crawl_time"),
        (with_entry(status="failed"), r"data\[1\].status"),
        (edited(data=[good()["data"][0], "BV2"], success_count=2), r"data\[1\]: .*dictionary"),
    ],
)
def test_a_wrong_entry_is_left_out_and_told_and_the_rest_comes_in(
    desk: Statistics, content: str, place: str
) -> None:
    put(desk.files, HOUR, content)
    done = desk.importer.import_hour(HOUR, LOG)
    desk.project()
    assert (done.rows, len(done.problems)) == (1, 1)
    assert re.search(place, english(done.problems[0]))
    assert desk.rows("SELECT work_id, view_count FROM work_metrics") == [("BV1", 7)]
    counts = "total_count, success_count, fail_count"
    assert desk.rows(f"SELECT {counts} FROM crawl_sessions") == [(3, 1, 2)]


@pytest.mark.parametrize(
    ("content", "told", "counts"),
    [
        (edited(success_count=3), "success_count is 3, but there are 2", (3, 2, 1)),
        (edited(total_count=2), "total_count is 2, but there are 3", (3, 2, 1)),
        (edited(fail_count=0), "fail_count is 0, but there are 1", (3, 2, 1)),
        (edited(total_count="3"), "total_count: .*got '3'", (3, 2, 1)),
        (edited(errors=[{}]), r"errors\[0\].work_id", (3, 2, 1)),
    ],
)
def test_counts_that_contradict_the_lists_are_told_and_cost_no_row(
    desk: Statistics, content: str, told: str, counts: tuple[int, int, int]
) -> None:
    put(desk.files, HOUR, content)
    done = desk.importer.import_hour(HOUR, LOG)
    desk.project()
    assert done.rows == 2
    assert [re.search(told, english(problem)) is not None for problem in done.problems] == [True]
    names = "total_count, success_count, fail_count"
    assert desk.rows(f"SELECT {names} FROM crawl_sessions") == [counts]


def test_a_failure_in_the_middle_leaves_nothing_of_the_file(
    desk: Statistics, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **_named: object) -> None:
        raise RuntimeError("the power went")

    put_hours(desk.files, [HOUR])
    monkeypatch.setattr(hours, "put_imported", broken)
    with pytest.raises(RuntimeError):
        desk.importer.import_hour(HOUR, LOG)
    assert desk.app.database.read(points.count, HOUR.index) == 0
    monkeypatch.undo()
    assert desk.missing() == [str(HOUR)]


def test_a_full_disk_leaves_what_was_there_and_the_rows_follow_later(desk: Statistics) -> None:
    put_hours(desk.files, [HOUR.earlier(1)])
    desk.missing()
    before = desk.rows("SELECT * FROM work_metrics")
    many = [numbers(f"BV{n}", HOUR, n, title="长" * 200) for n in range(500)]
    put(desk.files, HOUR, report(HOUR, many))
    data = desk.app.works.view_data
    [pages] = desk.rows("PRAGMA page_count")
    data.read(lambda tx: tx.all(f"PRAGMA max_page_count={pages[0]}"))
    with raises_saying(DatabaseError, "the disk is full; make room"):
        desk.missing()
    assert desk.rows("SELECT * FROM work_metrics") == before
    data.read(lambda tx: tx.all("PRAGMA max_page_count=1000000"))
    desk.project()
    assert desk.rows("SELECT COUNT(*) FROM work_metrics WHERE crawl_hour='05'") == [(500,)]


def test_a_work_that_changes_its_title_has_each_hours_and_is_called_by_the_newest(
    desk: Statistics,
) -> None:
    for hour, title in ((HOUR.earlier(1), "old"), (HOUR, "new")):
        put(desk.files, hour, report(hour, [numbers("BV1", hour, hour.number, title=title)]))
    desk.missing()
    told = desk.rows("SELECT crawl_hour, title FROM work_metrics ORDER BY crawl_hour")
    assert told == [("04", "old"), ("05", "new")]
    [riser] = desk.app.works.history.risers(HOUR.earlier(1), "view_count", 5)
    assert (riser["title"], riser["growth"]) == ("new", 1)


def test_a_file_has_a_line_for_each_work(desk: Statistics) -> None:
    content = report(HOUR, [numbers("BV1", HOUR, 1), numbers("BV2", HOUR, 2)], [failed("BV3")])
    path = desk.files.write(HOUR, content)  # type: ignore[arg-type]
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == content
    assert [line[:4] for line in text.splitlines() if '"work_id"' in line] == ["    "] * 3
    empty = desk.files.write(HOUR, report(HOUR, []))  # type: ignore[arg-type]
    assert json.loads(empty.read_text(encoding="utf-8")) == report(HOUR, [])


def test_an_hour_without_a_file_is_named(desk: Statistics) -> None:
    with raises_saying(DamagedFileError, r"2026-11-22-05_views_data.json is not there"):
        desk.importer.import_hour(HOUR, LOG)
    with raises_saying(InvalidInputError, "no data files below"):
        desk.importer.newest()
    put_hours(desk.files, [HOUR, HOUR.earlier(30)])
    assert desk.importer.newest() == HOUR


def test_other_tables_of_these_names_are_left_alone(desk: Statistics) -> None:
    desk.path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(desk.path)) as connection:
        connection.execute("CREATE TABLE work_metrics (id, bvid, crawl_date, platform, work_id)")
        connection.execute("ALTER TABLE work_metrics ADD COLUMN crawl_hour")
    put_hours(desk.files, [HOUR])
    with raises_saying(SchemaMismatchError, "have other columns; nothing was changed"):
        desk.missing()


def test_what_is_no_database_is_named(desk: Statistics) -> None:
    desk.path.write_text("Not a database. " * 100)
    put_hours(desk.files, [HOUR])
    with raises_saying(DatabaseError, r"view_data.sqlite3: file is not a database"):
        desk.missing()


def test_a_statistics_file_that_another_program_holds_follows_later(
    desk: Statistics, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_hours(desk.files, [HOUR.earlier(1)])
    desk.missing()
    put_hours(desk.files, [HOUR])
    with closing(sqlite3.connect(desk.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECS", 0.02)
        desk.app.works.view_data.close()
        with raises_saying(DatabaseContentionError, "another process holds it for long"):
            desk.missing()
    desk.project()
    assert desk.rows("SELECT COUNT(*) FROM work_metrics") == [(2 * len(WORKS),)]


def test_times_of_other_forms_are_understood(desk: Statistics) -> None:
    forms = ("05:01:02", "2026-11-22 05:01:02", "2026-11-22T05:01:02.123+08:00")
    data = [numbers(f"BV{n}", HOUR, 1, crawl_time=form) for n, form in enumerate(forms)]
    put(desk.files, HOUR, report(HOUR, data))
    desk.importer.import_hour(HOUR, LOG)
    desk.project()
    assert set(desk.rows("SELECT crawl_time FROM work_metrics")) == {("05:01:02",)}


def test_the_log_names_the_file(desk: Statistics, caplog: pytest.LogCaptureFixture) -> None:
    put_hours(desk.files, [HOUR])
    log = logging.getLogger("test-import")
    with caplog.at_level(logging.INFO):
        desk.importer.import_hour(HOUR, log)
    assert caplog.messages == ["2026-11-22-05_views_data.json: 3 rows"]
