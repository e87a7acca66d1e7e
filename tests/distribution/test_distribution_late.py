"""Completions that come after their day was reported: found, counted, and told once."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from app.container import App
from distribution.daily.late_completions import scan_late
from distribution.daily.scanner import DailyScanner
from tests.support.distribution.distribution import (
    FULL,
    NEVER,
    ONE_ENGINE,
    Numbers,
    filed,
    noon,
    posted,
    rows,
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

HOUR_SECS = 3600.0


@pytest.fixture
def scanner(app: App, clock: MovingClock) -> DailyScanner:
    """One whose nightly job has reported yesterday, when t1 was completed, an hour ago."""
    take_tasks(app, task("t1"), task("t2"), task("t3"))
    take_posted(app, posted("t1", "u1", youtube(1), noon(app), FULL))
    clock.move(HOUR_SECS)
    scanner = scanner_of(app, Numbers())
    scanner.run(NEVER)
    clock.move(HOUR_SECS)
    return scanner


def revisions(app: App) -> list[tuple[str, int, int]]:
    return [
        (row["task_id"], row["revision"], row["yt_view_count"])
        for row in rows(app, "task_daily_stats")
    ]


def test_what_came_or_was_verified_late_is_counted_and_told_once(
    app: App, scanner: DailyScanner, clock: MovingClock
) -> None:
    late = partial(scan_late, scanner, 7)
    day, at = yesterday(app), noon(app)
    assert english(late(NEVER)) == "no late completions"
    take_posted(app, posted("t2", "u", youtube(2), at, FULL))
    take_posted(app, posted("t3", "u", youtube(3), noon(app, day + timedelta(days=1)), FULL))
    clock.move(HOUR_SECS)
    told = english(late(NEVER))
    assert told.startswith(f"{day}: tasks 1 (new 1, changed 0, unchanged 0), completions 1")
    assert english(late(NEVER)) == "no late completions"
    take_posted(app, posted("t1", "u1", youtube(1), at, FULL | {"view_count": 150}))
    take_posted(app, posted("t2", "u", youtube(2), at, FULL | {"note": "the same numbers"}))
    clock.move(HOUR_SECS)
    assert "tasks 2 (new 0, changed 1, unchanged 1)" in english(late(NEVER))
    assert revisions(app) == [("t1", 2, 150), ("t2", 1, 100)]
    reports = filed(app, "daily")
    assert told_tasks(reports) == ["t1", "t2", "t1"]
    assert len({one.event_id for one in reports}) == 3
    assert english(late(NEVER)) == "no late completions"


@ONE_ENGINE
def test_what_came_while_it_was_counted_is_late(app: App, clock: MovingClock) -> None:
    take_tasks(app, task("t1"))
    take_posted(app, posted("t1", "u1", youtube(1), noon(app)))
    clock.move(HOUR_SECS)

    def one_more() -> None:
        take_posted(app, posted("t1", "u2", youtube(2), noon(app), FULL))
        clock.move(HOUR_SECS)  # the fetch takes its time

    scanner = scanner_of(app, Numbers(on_fetch=one_more))
    scanner.run(NEVER)
    assert rows(app, "task_daily_stats")[0]["completion_count"] == 1
    late = partial(scan_late, scanner_of(app, Numbers()), 7)
    assert "changed 1" in english(late(NEVER))
    assert rows(app, "task_daily_stats")[0]["completion_count"] == 2


@ONE_ENGINE
def test_a_scan_that_read_before_another_does_not_overwrite_it(
    app: App, clock: MovingClock
) -> None:
    take_tasks(app, task("t1"))
    day, at = yesterday(app), noon(app)
    take_posted(app, posted("t1", "u1", youtube(1), at))

    def another_is_faster() -> None:
        clock.move(HOUR_SECS)
        take_posted(app, posted("t1", "u2", youtube(2), at, FULL))
        scanner_of(app, Numbers()).scan(day, NEVER)

    scan = scanner_of(app, Numbers(on_fetch=another_is_faster)).scan(day, NEVER)
    assert [one.change for one in scan.tasks] == ["unchanged"]
    assert revisions(app) == [("t1", 1, 107)] and len(filed(app, "daily")) == 1


@ONE_ENGINE
def test_days_too_old_or_never_reported_by_itself_are_left_alone(
    app: App, scanner: DailyScanner, clock: MovingClock
) -> None:
    day = yesterday(app)
    before = day - timedelta(days=1)
    take_posted(app, posted("t1", "u", youtube(5), noon(app, before), FULL))
    take_posted(app, posted("t1", "u", youtube(6), noon(app, day), FULL))
    clock.move(7 * 86400)
    scanner.run(NEVER)
    late = partial(scan_late, scanner, 7)
    assert english(late(NEVER)) == "no late completions", "it is the eighth day"
    late = partial(scan_late, scanner, 8)
    assert english(late(NEVER)).startswith(f"{day}: tasks 1 (new 0, changed 1")
    late = partial(scan_late, scanner, 30)
    assert english(late(NEVER)) == "no late completions"


@ONE_ENGINE
def test_the_job_is_run_by_the_schedule_and_a_setting_turns_it_off(make_app: Any) -> None:
    [job] = [one for one in make_app().jobs.all if one.name == "late_completions"]
    run = make_app().jobs.runner.run_now(job)
    assert job.enabled and english(run.result) == "no late completions"
    [off] = [one for one in make_app(late_completions_days=0).jobs.all if one.name == job.name]
    assert not off.enabled and off.switch == "BATON_LATE_COMPLETIONS_DAYS"


@ONE_ENGINE
def test_a_report_that_was_pruned_is_not_filed_again(
    app: App, scanner: DailyScanner, clock: MovingClock
) -> None:
    day: date = yesterday(app)
    app.database.write(
        lambda tx: tx.execute(
            "UPDATE webhook_deliveries SET state='delivered', finished_at=created_at"
        )
    )
    clock.move(31 * 86400)
    assert english(app.jobs.scheduled.retention.run(NEVER)) == "deleted: reports 1"
    assert scanner.scan(day, NEVER).reports == 0 and filed(app) == []
