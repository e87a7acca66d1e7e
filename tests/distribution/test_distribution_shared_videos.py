"""A video handed in twice, by two users or for two tasks: counted by the setting, and listed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.container import App
from core.messages import Message
from distribution.daily.incomplete import count_due
from sources.links import VideoLink
from storage.operations.listings import Slice
from tests.support.distribution.distribution import (
    DOUYIN_FULL,
    NEVER,
    ONE_ENGINE,
    Numbers,
    douyin,
    filed,
    noon,
    posted,
    rows,
    scanner_of,
    take_posted,
    take_tasks,
    task,
    yesterday,
)
from tests.support.moving_clock import MovingClock

SHORT = "https://v.douyin.com/abc1234/"
VIDEO = VideoLink("douyin", douyin(1).rpartition("/")[2])


def handed_in(app: App) -> None:
    """One video: by u1 the day before, by u2 of the task, by u1 for t2, and by u3's short link."""
    take_tasks(app, task("t1"), task("t2"))
    at = noon(app)
    for name, user, link, when in (
        ("t1", "u1", douyin(1), at - timedelta(days=1)),
        ("t1", "u2", douyin(1), at),
        ("t2", "u1", douyin(1), at),
        ("t2", "u3", SHORT, at),
        ("t2", "u3", douyin(2), at),
    ):
        take_posted(app, posted(name, user, link, when, DOUYIN_FULL))


def views(app: App) -> dict[str, tuple[int, int]]:
    return {
        f"{row['task_id']} {row['stats_date']}": (row["dy_view_count"], row["account_count"])
        for row in rows(app, "task_daily_stats")
    }


@pytest.mark.parametrize(
    ("once_per", "counts"),
    [
        ("user", [(100, 1), (100, 1), (300, 2)]),
        ("task", [(100, 1), (0, 0), (200, 2)]),
        ("all", [(100, 1), (0, 0), (100, 1)]),
    ],
)
def test_a_video_counts_once_for_whom_the_setting_says(
    once_per: str, counts: list[tuple[int, int]], make_app: Any
) -> None:
    app = make_app(count_video_once_per=once_per)
    handed_in(app)
    scanner = scanner_of(app, Numbers(short={SHORT: VIDEO}), part_tasks=1)
    day = yesterday(app)
    for _ in range(2):
        # The newer day first: who was first does not depend on what was counted before.
        scanner.scan(day, NEVER)
        scanner.scan(day - timedelta(days=1), NEVER)
    before = day - timedelta(days=1)
    assert views(app) == dict(zip((f"t1 {before}", f"t1 {day}", f"t2 {day}"), counts, strict=True))
    assert {row["revision"] for row in rows(app, "task_daily_stats")} == {1}


def test_what_was_handed_in_before_is_listed_whatever_the_setting(
    make_app: Any,
) -> None:
    listed = {}
    for once_per in ("user", "task", "all"):
        app = make_app(count_video_once_per=once_per)
        if not listed:
            handed_in(app)
            scanner_of(app, Numbers(short={SHORT: VIDEO})).scan(yesterday(app), NEVER)
        service = app.distribution.service
        listed[once_per] = app.database.read(service.shared_videos, Slice(limit=9))
        assert app.database.read(service.shared_videos, Slice(limit=9, since=app.clock.now())) == []
        within = app.database.read(
            lambda tx, s=service: s.shared_videos(tx, Slice(limit=9), same_task=True)
        )
        assert [(one.completion.user_id, one.first_user) for one in within][-1] == ("u2", "u1")
    found = [
        (one.completion.task_id, one.completion.user_id, one.first_task, one.first_user)
        for one in listed["user"]
    ]
    assert ("t1", "u2", "t1", "u1") in found and ("t2", "u1", "t1", "u1") in found
    assert [one.is_counted for one in listed["user"]] == [True] * len(found)
    assert [one.is_counted for one in listed["all"]] == [False] * len(found)
    task_rows = {
        (one.completion.task_id, one.completion.user_id): one.is_counted for one in listed["task"]
    }
    assert (task_rows["t1", "u2"], task_rows["t2", "u1"]) == (False, True)


@ONE_ENGINE
def test_a_short_link_that_cannot_be_resolved_now_waits(make_app: Any, clock: MovingClock) -> None:
    app = make_app(count_video_once_per="all")
    handed_in(app)
    numbers = Numbers(short={SHORT: Message.text("HTTP 503")})
    scanner = scanner_of(app, numbers)
    scan = scanner.scan(yesterday(app), NEVER)
    assert [(one.drama.task_id, one.passing is None) for one in scan.tasks] == [
        ("t1", True),
        ("t2", False),
    ]
    numbers.short[SHORT] = VIDEO
    clock.move(600)
    count_due(scanner, NEVER)
    assert filed(app)[-1].body["stats"][0]["dy_view_count"] == 100
    known = {row["submission_link"]: row["video_hash"] for row in rows(app, "task_completions")}
    assert known[SHORT] == rows(app, "task_completions")[0]["link_hash"]
