"""Days that a passing cause keeps from being counted: held back or marked, named, and made good."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alerts.monitor import AlertMonitor
from app.container import App
from core.messages import Message
from distribution.daily.incomplete import count_due
from distribution.daily.late_completions import scan_late
from distribution.daily.scanner import DailyScanner
from sources.base import Gone, Unavailable
from storage.distribution import daily_stats
from storage.distribution.daily_stats import DailyStats
from storage.operations import alerts
from tests.support.distribution.distribution import (
    FULL,
    GONE,
    NEVER,
    ONE_ENGINE,
    Numbers,
    filed,
    noon,
    posted,
    scanner_of,
    take_posted,
    take_tasks,
    task,
    told_tasks,
    yesterday,
    youtube,
)
from tests.support.messages import english
from tests.support.moving_clock import MovingClock

FIRST_WAIT_SECS, DAY_SECS = 600.0, 86400.0


@pytest.fixture
def numbers() -> Numbers:
    """A platform that answers for no video for now."""
    return Numbers({youtube(n): "HTTP 503" for n in range(1, 10)})


@pytest.fixture
def scanner(app: App, numbers: Numbers) -> DailyScanner:
    return scanner_of(app, numbers)


def two_tasks(app: App) -> None:
    """t1 has a video that was verified and one that must be fetched, t2 a verified one."""
    take_tasks(app, task("t1"), task("t2"))
    at = noon(app)
    take_posted(
        app,
        posted("t1", "u1", youtube(1), at),
        posted("t1", "u2", youtube(11), at, FULL),
        posted("t2", "u1", youtube(12), at, FULL),
    )


def day_of(app: App, task_id: str = "t1") -> DailyStats:
    return app.database.read(daily_stats.newest_of_task, task_id, 1)[0]


def test_an_outage_holds_the_report_back_until_the_day_is_counted(
    app: App, scanner: DailyScanner, numbers: Numbers, clock: MovingClock
) -> None:
    two_tasks(app)
    began = clock.now()
    scan = scanner.scan(yesterday(app), NEVER)
    assert (scan.recounted, scan.held, told_tasks(filed(app))) == (1, 1, ["t2"])
    held = day_of(app)
    assert held.is_held and held.incomplete is not None and held.counts["yt_view_count"] == 100
    assert (english(held.incomplete.cause), held.incomplete.tries) == ("HTTP 503", 1)
    assert abs(held.incomplete.since - began) < timedelta(seconds=1)
    assert english(count_due(scanner, NEVER)) == "no incomplete day is due"
    clock.move(FIRST_WAIT_SECS)
    assert "counted again later 1 (reports held 1)" in english(count_due(scanner, NEVER))
    clock.move(FIRST_WAIT_SECS)
    assert english(count_due(scanner, NEVER)) == "no incomplete day is due", (
        "it waits twice as long"
    )
    clock.move(FIRST_WAIT_SECS)
    numbers.answers.clear()
    assert "tasks 1 (new 0, changed 1" in english(count_due(scanner, NEVER))
    healed = day_of(app)
    assert (healed.incomplete, healed.is_partial, healed.revision) == (None, False, 1)
    report = filed(app)[1].body
    assert report["stats"][0]["yt_view_count"] == 107 and "incomplete" not in report
    clock.move(DAY_SECS)
    assert english(count_due(scanner, NEVER)) == "no incomplete day is due"
    assert told_tasks(filed(app)) == ["t2", "t1"]


@ONE_ENGINE
def test_a_day_that_raises_something_unexpected_keeps_no_other_from_being_counted(
    app: App, scanner: DailyScanner, numbers: Numbers, clock: MovingClock
) -> None:
    take_tasks(app, task("t1"), task("t2"))
    at = noon(app)
    take_posted(
        app,
        posted("t1", "u1", youtube(1), at - timedelta(days=1)),
        posted("t2", "u1", youtube(2), at),
    )
    for day in (yesterday(app) - timedelta(days=1), yesterday(app)):
        scanner.scan(day, NEVER)
    numbers.answers.clear()
    clock.move(FIRST_WAIT_SECS)

    def fail_once() -> None:
        numbers.on_fetch = lambda: None
        raise ZeroDivisionError("one day's")

    numbers.on_fetch = fail_once
    with pytest.raises(ZeroDivisionError):
        count_due(scanner, NEVER)
    assert day_of(app, "t1").incomplete is not None
    assert day_of(app, "t2").incomplete is None


@ONE_ENGINE
@pytest.mark.parametrize("tries", [0, 1])
def test_after_some_tries_it_is_reported_marked_once_and_then_whole(
    tries: int, make_app: Any, numbers: Numbers, clock: MovingClock
) -> None:
    app = make_app(incomplete_hold_tries=tries)
    scanner = scanner_of(app, numbers)
    two_tasks(app)
    scanner.scan(yesterday(app), NEVER)
    for _ in range(3):
        clock.move(DAY_SECS)
        count_due(scanner, NEVER)
    marked = [one.body for one in filed(app) if "incomplete" in one.body]
    assert [(body["incomplete"], told_tasks_of(body)[-1:]) for body in marked] == [
        (["t1"], ["t1"] if tries else ["t2"])
    ]
    assert set(marked[0]) == {"site_name", "event", "stats", "incomplete"}
    assert "incomplete" not in marked[0]["stats"][0], "entries have the fields of the documents"
    numbers.answers[youtube(1)] = GONE
    clock.move(DAY_SECS)
    count_due(scanner, NEVER)
    whole = filed(app)[-1].body
    assert told_tasks_of(whole) == ["t1"] and "incomplete" not in whole
    assert whole["stats"][0] == marked[0]["stats"][0], "the sums are the same: it is told even so"
    assert (day_of(app).revision, len({one.event_id for one in filed(app)})) == (2, 3 - (not tries))


def told_tasks_of(body: dict[str, Any]) -> list[str]:
    return [entry["task_id"] for entry in body["stats"]]


@ONE_ENGINE
def test_a_day_that_was_counted_keeps_its_sums_in_an_outage(
    app: App, scanner: DailyScanner, numbers: Numbers, clock: MovingClock
) -> None:
    two_tasks(app)
    scanner_of(app, Numbers()).scan(yesterday(app), NEVER)
    whole = day_of(app)
    take_posted(app, posted("t1", "u3", youtube(13), noon(app), FULL))
    scanner.scan(yesterday(app), NEVER)
    kept = day_of(app)
    assert (kept.counts, kept.revision, kept.is_partial) == (whole.counts, 1, False)
    assert kept.event_id == whole.event_id and kept.incomplete is not None
    assert len(filed(app)) == 1, "nothing smaller is told"
    numbers.answers.clear()
    clock.move(FIRST_WAIT_SECS)
    count_due(scanner, NEVER)
    assert (day_of(app).counts["yt_view_count"], day_of(app).revision) == (207, 2)


@ONE_ENGINE
@pytest.mark.parametrize("was_counted", [False, True])
def test_after_a_month_in_vain_a_day_counts_as_it_is(
    was_counted: bool, app: App, scanner: DailyScanner, clock: MovingClock
) -> None:
    two_tasks(app)
    if was_counted:
        scanner_of(app, Numbers()).scan(yesterday(app), NEVER)
    scanner.scan(yesterday(app), NEVER)
    tries = 0
    for _ in range(60):
        clock.move(DAY_SECS)
        tries += "tasks 1" in english(count_due(scanner, NEVER))
    assert tries == 31 and app.database.read(daily_stats.incomplete_days) == []
    day, last = day_of(app), filed(app)[-1].body
    assert (day.is_partial, day.counts["yt_view_count"]) == (False, 107 if was_counted else 100)
    assert "incomplete" not in last and (len(filed(app)) == 1) == was_counted


@ONE_ENGINE
def test_lasting_causes_count_as_they_are(
    app: App, scanner: DailyScanner, numbers: Numbers
) -> None:
    two_tasks(app)
    hidden = Unavailable(Gone.HIDDEN, Message.text("private"), final=False)
    for gone in (GONE, hidden):
        numbers.answers[youtube(1)] = gone
        scan = scanner.scan(yesterday(app), NEVER)
        assert (scan.incomplete, scan.recounted) == (1, 0)
    assert told_tasks(filed(app)) == ["t1", "t2"] and day_of(app).incomplete is None


@ONE_ENGINE
def test_a_video_that_the_platform_did_not_answer_for_is_counted_again(
    app: App, scanner: DailyScanner, numbers: Numbers
) -> None:
    two_tasks(app)
    failed = Message.text("HTTP 500")
    for detail in (failed, Message.of("not_asked_after", cause=failed)):
        numbers.answers[youtube(1)] = Unavailable(
            Gone.UNKNOWN, detail, final=False, unanswered=True
        )
        scan = scanner.scan(yesterday(app), NEVER)
        assert (scan.held, told_tasks(filed(app))) == (1, ["t2"])
    incomplete = day_of(app).incomplete
    assert incomplete is not None


@ONE_ENGINE
def test_an_outage_in_the_middle_of_a_scan_concerns_its_tasks_only(
    app: App, numbers: Numbers, clock: MovingClock
) -> None:
    take_tasks(app, *(task(f"t{n}") for n in range(1, 5)))
    take_posted(app, *(posted(f"t{n}", "u", youtube(n), noon(app)) for n in range(1, 5)))
    outage, calls = dict(numbers.answers), []
    numbers.answers.clear()

    def fall_over() -> None:
        calls.append(1)
        if len(calls) > 2:
            numbers.answers.update(outage)

    numbers.on_fetch = fall_over
    scanner = scanner_of(app, numbers, part_tasks=1)
    scan = scanner.scan(yesterday(app), NEVER)
    assert (scan.recounted, told_tasks(filed(app))) == (2, ["t1", "t2"])
    numbers.on_fetch = lambda: None
    numbers.answers.clear()
    asked = len(numbers.asked)
    clock.move(FIRST_WAIT_SECS)
    count_due(scanner, NEVER)
    assert numbers.asked[asked:] == [youtube(3), youtube(4)], "what was counted is not paid again"
    assert told_tasks(filed(app)) == ["t1", "t2", "t3", "t4"]


def test_two_hosts_at_once_count_one_try_and_the_whole_sums_win(
    app: App, numbers: Numbers, clock: MovingClock
) -> None:
    two_tasks(app)
    day = yesterday(app)
    other = scanner_of(app, Numbers())
    down = scanner_of(app, numbers)
    # The other host reads the completions first, and stores last.
    fetched = []

    def overtaken() -> None:
        if not fetched:
            fetched.append(1)
            clock.move(1.0)
            down.scan(day, NEVER)
            down.scan(day, NEVER)

    other.fetcher.on_fetch = overtaken  # type: ignore[attr-defined]
    scan = other.scan(day, NEVER)
    assert (scan.recounted, day_of(app).counts["yt_view_count"]) == (0, 107)
    assert day_of(app).incomplete is None and sorted(told_tasks(filed(app))) == ["t1", "t2"]
    take_posted(app, posted("t1", "u5", youtube(2), noon(app)))
    down.scan(day, NEVER)
    down.scan(day, NEVER)
    incomplete = day_of(app).incomplete
    assert incomplete is not None and incomplete.tries == 1


@ONE_ENGINE
def test_late_completions_of_an_incomplete_day_wait_for_its_turn(
    app: App, scanner: DailyScanner, numbers: Numbers, clock: MovingClock
) -> None:
    two_tasks(app)
    clock.move(3600.0)
    scanner.run(NEVER)
    clock.move(60.0)
    take_posted(app, posted("t1", "u9", youtube(19), noon(app), FULL))
    assert english(scan_late(scanner, 7, NEVER)) == "no late completions"
    numbers.answers.clear()
    clock.move(FIRST_WAIT_SECS)
    count_due(scanner, NEVER)
    assert day_of(app).counts["yt_view_count"] == 207


@ONE_ENGINE
def test_a_day_that_turns_during_the_scan_stays_the_day(
    app: App, numbers: Numbers, clock: MovingClock
) -> None:
    two_tasks(app)
    numbers.answers.clear()
    numbers.on_fetch = lambda: clock.move(DAY_SECS)
    scanner, day = scanner_of(app, numbers), yesterday(app)
    scanner.run(NEVER)
    assert day_of(app).stats_date == day and len(filed(app)) == 1
    numbers.on_fetch = lambda: None
    assert str(day + timedelta(days=1)) in english(scanner.run(NEVER)), (
        "the next day is not left out"
    )


def test_an_incomplete_day_is_an_alert_that_ends_by_itself(
    app: App, scanner: DailyScanner, numbers: Numbers, clock: MovingClock
) -> None:
    monitor: AlertMonitor = app.alerts.monitor()
    monitor.look_once()
    two_tasks(app)
    scanner.scan(yesterday(app), NEVER)
    assert monitor.look_once() == 1
    [alert] = app.database.read(alerts.all_open)
    assert (alert.kind, alert.subject) == ("day_incomplete", f"day:{yesterday(app)}")
    assert app.alerts.messages.headline(alert) == (
        f"{yesterday(app)} is not counted in full, nor all of its reports sent: tasks 1: HTTP 503"
    )
    numbers.answers.clear()
    clock.move(FIRST_WAIT_SECS)
    count_due(scanner, NEVER)
    monitor.look_once()
    clock.move(FIRST_WAIT_SECS)
    assert monitor.look_once() == 1
    assert app.database.read(alerts.all_open) == []
