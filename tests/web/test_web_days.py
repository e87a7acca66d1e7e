"""Incomplete days and videos that were handed in twice: by API, on their pages, by command."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.container import App
from storage.distribution import daily_stats
from tests.support.distribution.distribution import (
    FULL,
    NEVER,
    Numbers,
    noon,
    posted,
    scanner_of,
    take_posted,
    take_tasks,
    task,
    yesterday,
    youtube,
)
from tests.support.web.web_site import Site


@pytest.fixture
def days(site: Site) -> App:
    """t1 and t2 cannot be counted for two causes; u2 handed a video of u1 in for t3."""
    app = site.app
    take_tasks(app, task("t1"), task("t2"), task("t3"))
    at = noon(app)
    take_posted(
        app,
        posted("t1", "u1", youtube(1), at),
        posted("t2", "u1", youtube(2), at),
        posted("t3", "u1", youtube(3), at, FULL),
        posted("t3", "u2", youtube(3), at, FULL),
    )
    numbers = Numbers({youtube(1): "HTTP 503", youtube(2): "<b>budget</b>"})
    scanner_of(app, numbers).scan(yesterday(app), NEVER)
    return app


def test_incomplete_days_are_listed_by_task_and_cause(site: Site, days: App) -> None:
    url = "/api/v1/daily_stats?incomplete=true"
    found = {one["task_id"]: one for one in site.admin.get(url).json()["items"]}
    assert set(found) == {"t1", "t2"}
    one = found["t1"]
    assert (one["incomplete"], one["is_partial"], one["is_held"]) == (True, True, True)
    assert (one["incomplete_cause"], one["incomplete_cause_code"]) == ("HTTP 503", "text")
    since, due = (
        datetime.fromisoformat(one[name]) for name in ("incomplete_since", "next_count_at")
    )
    assert (one["incomplete_tries"], due - since) == (1, timedelta(minutes=10))
    for asked, names in (("task_id=t2", {"t2"}), ("cause=text", {"t1", "t2"}), ("cause=no", set())):
        listed = site.admin.get(f"{url}&{asked}").json()["items"]
        assert {one["task_id"] for one in listed} == names, asked
    whole = site.admin.get("/api/v1/daily_stats?task_id=t3").json()["items"][0]
    assert (whole["incomplete"], whole["incomplete_cause"], whole["is_held"]) == (
        False,
        None,
        False,
    )
    page = site.admin.get("/admin/incomplete_days").text
    assert "HTTP 503" in page and "&lt;b&gt;budget" in page and "held back" in page
    assert (
        "HTTP 503"
        not in site.admin.get("/admin/incomplete_days?task=t2").text.partition('id="tasks"')[2]
    )
    assert site.admin.get("/admin/incomplete_days?day=x&before=no").status_code < 500
    assert site.reader.get("/admin/incomplete_days").status_code == 200
    days.database.write(lambda tx: tx.execute("UPDATE task_daily_stats SET incomplete_since=NULL"))
    assert days.database.read(daily_stats.incomplete_days) == []
    assert "Every day was counted in full." in site.admin.get("/admin/incomplete_days").text


def test_a_video_of_two_users_is_listed(site: Site, days: App) -> None:
    [one] = site.admin.get("/api/v1/completions/shared_videos").json()["items"]
    assert (one["task_id"], one["user_id"], one["first_user_id"]) == ("t3", "u2", "u1")
    assert one["is_counted"] is True
    assert site.admin.get("/api/v1/completions/shared_videos?same_task=true").json()["items"]
    page = site.admin.get("/admin/shared_videos").text
    assert youtube(3) in page and "Each of them counts" in page
