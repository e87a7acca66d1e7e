"""Older days become packed rows, and every question is answered as before."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from app.container import App
from commands.doctor.hourly_checks import hourly_findings
from commands.framework.reader import in_english
from core.cancellation import StoppedSignal
from storage.engines.transactions import Tx
from storage.views import days, failures, identities, points
from storage.views.days import WorkDay
from tests.support.moving_clock import MovingClock
from tests.support.works.hour_data import WORKS, failed, numbers, put_hours, report
from tests.support.works.stand_in_statistics import Statistics
from works.hour_data.hours import Hour

NEVER = threading.Event()
A, B, C = WORKS


@pytest.fixture
def filled(app: App, clock: MovingClock) -> Statistics:
    """Twelve days of two hours each, and then the clock nine days later."""
    made = Statistics(app)
    now = Hour.of(app.clock.now(), app.calendar.zone)
    put_hours(made.files, [now.earlier(24 * day + n) for day in range(11, -1, -1) for n in (1, 0)])
    made.missing()
    return made


def asked(desk: Statistics) -> object:
    history, newest = desk.app.works.history, desk.app.works.history.newest_hour()
    assert newest is not None
    old = newest.earlier(24 * 10)
    untimed = [
        {name: value for name, value in one.items() if name != "crawl_time"}
        for one in history.top(old, "view_count", 2)
    ]
    trend = [
        (one.row["view_count"], one.growth)
        for one in history.trend("bilibili", B, "view_count", 99)
    ]
    return (
        untimed,
        trend,
        history.daily(old.day, "view_count"),
        history.daily(old.day, "like_count", ("bilibili", C)),
    )


def rows(app: App) -> int:
    return app.database.read(lambda tx: tx.number("SELECT COUNT(*) FROM view_points"))


def test_packed_days_answer_as_their_rows_did(filled: Statistics) -> None:
    before = asked(filled)
    files = {hour: filled.files.path(hour).read_bytes() for hour in filled.files.hours()}
    assert rows(filled.app) == 24 * 3
    filled.app.works.roll_up.run(NEVER)
    assert rows(filled.app) == 9 * 2 * 3, "today and eight days before it"
    assert asked(filled) == before
    filled.project()
    assert {hour: filled.files.path(hour).read_bytes() for hour in filled.files.hours()} == files


def test_growth_over_packed_days_counts_from_the_end_of_the_first(filled: Statistics) -> None:
    history = filled.app.works.history
    newest = history.newest_hour()
    assert newest is not None
    by_rows = history.risers(newest.earlier(24 * 10), "view_count", 1)
    filled.app.works.roll_up.run(NEVER)
    by_days = history.risers(newest.earlier(24 * 10), "view_count", 1)
    assert by_days[0]["work_id"] == by_rows[0]["work_id"] == C
    assert by_days[0]["from_hour"] == by_rows[0]["from_hour"] == str(newest.earlier(24 * 10))
    assert by_days[0]["growth"] == by_rows[0]["growth"] == 20 * 102


def test_a_roll_up_that_is_cut_short_is_continued(filled: Statistics) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedSignal):
        filled.app.works.roll_up.run(stop)
    before = asked(filled)
    filled.app.works.roll_up.run(NEVER)
    filled.app.works.roll_up.run(NEVER)
    assert asked(filled) == before


def test_an_hour_that_comes_into_a_packed_day_keeps_the_others(filled: Statistics) -> None:
    filled.app.works.roll_up.run(NEVER)
    oldest = filled.files.hours()[0]
    extra = oldest.earlier(1)
    late = [numbers(A, extra, 1), numbers("BVnew", extra, 7)]
    filled.take(extra, report(extra, late, [failed(B)]), replace=False)
    again = [numbers(A, oldest, 1), numbers("BVnew", oldest, 8)]
    filled.take(oldest, report(oldest, again), replace=False)
    filled.app.works.roll_up.run(NEVER)
    trend = filled.app.works.history.trend("bilibili", A, "view_count", 99)
    assert [one.row["view_count"] for one in trend][:2] == [1, 10_000], "what came first stays"
    newcomer = filled.app.works.history.trend("bilibili", "BVnew", "view_count", 99)
    assert [one.row["view_count"] for one in newcomer] == [7, 8]
    assert filled.app.database.read(failures.count, extra.index) == 0, "older than it is kept"


def test_an_hour_of_a_packed_day_can_be_replaced(filled: Statistics) -> None:
    filled.app.works.roll_up.run(NEVER)
    oldest = filled.files.hours()[0]
    edited = report(oldest, [numbers(A, oldest, 5)])
    filled.take(oldest, edited)
    assert [one["work_id"] for one in filled.app.works.history.top(oldest, "view_count", 9)] == [A]
    filled.app.works.roll_up.run(NEVER)
    assert [
        (one["work_id"], one["view_count"])
        for one in filled.app.works.history.top(oldest, "view_count", 9)
    ] == [(A, 5)]
    kept = filled.app.works.history.top(filled.files.hours()[1], "view_count", 9)
    assert [one["work_id"] for one in kept] == [C, B, A]


def test_a_packed_day_that_is_damaged_costs_only_itself(
    filled: Statistics, logs: Callable[[], str]
) -> None:
    filled.app.works.roll_up.run(NEVER)
    first = filled.files.hours()[0]

    def spoil(tx: Tx) -> None:
        tx.execute("UPDATE view_days SET packed=:x WHERE work=1 AND packed IS NOT NULL", x=b"xx")

    filled.app.database.write(spoil)
    named = [one["work_id"] for one in filled.app.works.history.top(first, "view_count", 9)]
    assert len(named) == 2
    assert f"packed_day_damaged: work=bilibili:{C}, day={first.date_text}" in logs()


@pytest.mark.parametrize("damage", ["cut off", "another format", "empty", "hours of another day"])
def test_a_damaged_day_is_named_by_doctor_and_mended_by_its_files(
    filled: Statistics, damage: str
) -> None:
    app, first = filled.app, filled.files.hours()[0]
    history, before = app.works.history, asked(filled)
    whole = history.daily(first.day, "view_count", ("bilibili", A))
    app.works.roll_up.run(NEVER)
    assert list(hourly_findings(app)) == []

    def spoil(tx: Tx) -> None:
        work = identities.ids_of(tx, [("bilibili", A)])["bilibili", A]
        packed = days.packed_of_works(tx, first.day_index, work, work)[work]
        spoilt = {
            "cut off": packed[:-9],
            "another format": b"\x09" + packed[1:],
            "empty": b"",
            "hours of another day": packed[:1] + b"\xff\xff\xff" + packed[4:],
        }[damage]
        tx.execute(
            "UPDATE view_days SET packed=:packed WHERE day=:day AND work=:work",
            packed=spoilt,
            day=first.day_index,
            work=work,
        )

    app.database.write(spoil)
    [finding] = hourly_findings(app)
    assert in_english(finding.detail) == (
        f"1 packed day that cannot be read: {first.date_text} of bilibili:{A}"
    )
    assert finding.advice is not None and "views import FOLDER" in in_english(finding.advice)
    assert [one["work_id"] for one in history.top(first, "view_count", 9)] == [C, B]
    assert len(history.trend("bilibili", A, "view_count", 99)) == 24 - 2, "its other days"
    assert history.daily(first.day, "view_count", ("bilibili", A)) == whole
    folder = filled.files.path(first).parent
    app.works.hourly.import_from(folder, NEVER)
    app.works.roll_up.run(NEVER)
    assert list(hourly_findings(app)) == []
    assert asked(filled) == before


def test_a_lost_file_of_a_packed_day_says_that_it_was_rebuilt(filled: Statistics) -> None:
    filled.app.works.roll_up.run(NEVER)
    oldest = filled.files.hours()[0]
    filled.files.path(oldest).unlink()
    filled.app.works.hourly.project(oldest)
    found = filled.files.read(oldest).report
    assert (found["rebuilt"], found["success_count"]) == (True, 3)
    times = filled.rows(
        "SELECT DISTINCT crawl_time FROM work_metrics WHERE crawl_date<'2026-11-12'"
    )
    assert {time[0][3:] for time in times} == {"00:07"}, "the statistics file keeps what it knew"


def test_packed_hours_go_when_they_are_kept_no_longer_and_days_stay(
    filled: Statistics, make_app: Callable[..., App]
) -> None:
    filled.app.works.roll_up.run(NEVER)
    before = filled.app.works.history.daily(filled.files.hours()[0].day, "view_count")
    other = make_app(views_keep_hours_days=9, views_sqlite_days=5)
    other.works.roll_up.run(NEVER)
    assert other.works.history.daily(filled.files.hours()[0].day, "view_count") == before
    packed = "SELECT COUNT(*) FROM view_days WHERE packed IS NOT NULL"
    assert other.database.read(lambda tx: tx.number(packed)) == 3
    [oldest] = filled.rows("SELECT MIN(crawl_date) FROM work_metrics")
    assert oldest[0] == filled.files.hours()[-1].earlier(24 * 5).date_text


def test_rows_that_come_while_a_day_is_packed_are_not_lost(
    filled: Statistics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction is run again, and finds them then."""
    oldest = filled.files.hours()[0]
    put_days, seen = days.put, []

    def put_late(tx: Tx, day: int, found: list[WorkDay]) -> None:
        put_days(tx, day, found)
        seen.append(day)
        if len(seen) == 1:  # as a transaction that committed just now
            points.insert(tx, oldest.earlier(1).index, [points.Point(1, 0, (9,) * 7)])

    monkeypatch.setattr(days, "put", put_late)
    filled.app.works.roll_up.run(NEVER)
    assert seen.count(oldest.day_index) == 2
