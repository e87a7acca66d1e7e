"""Settlements in API and console: lists, sums, files, one day, and the way back from a delivery."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import openpyxl
import pytest

from app.container import App
from tests.support.apps import AppFactory
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
from tests.support.webhooks.receiver import receiver

PAGES = ("/admin/settlement", "/admin/settlement/sums", "/admin/settlement/completions")


@pytest.fixture
def app(make_app: AppFactory) -> Iterator[App]:
    """Two tasks of one receiver: a day of each is counted, reported and answered."""
    with receiver() as there:
        app = make_app(threads=8, webhook_allowed_hosts=("127.0.0.1",))
        take_tasks(
            app,
            task("1001", title="First", callback_url=there.url),
            task("1003", title="<b>短剧</b>", callback_url=there.url),
        )
        at = noon(app)
        take_posted(
            app,
            posted("1001", "u1", youtube(1), at, FULL),
            posted("1003", "u1", youtube(2), at, FULL),
            report=True,
        )
        scanner_of(app, Numbers()).scan(yesterday(app), NEVER)
        while app.webhooks.sender.send_once():
            pass
        yield app


def test_the_api_answers_the_three_questions_and_leads_both_ways(site: Site) -> None:
    day = str(yesterday(site.app))
    api = "/api/v1/settlement"
    first = site.reader.get(f"{api}?limit=1").json()
    [newest] = first["items"]
    assert (newest["task_id"], newest["state"], newest["is_sent"]) == ("1003", "delivered", True)
    assert newest["response"] == "200 read" and newest["share_count"] is None
    [older] = site.reader.get(first["next"]).json()["items"]
    assert older["task_id"] == "1001" and older["event_id"] == newest["event_id"]
    delivery = site.reader.get(f"/api/v1/webhooks/events/{newest['event_id']}").json()
    assert delivery["id"] == newest["delivery_id"]
    assert [one["task_id"] for one in delivery["tasks"]] == ["1001", "1003"]
    assert [(one["task_id"], one["stats_date"]) for one in delivery["days"]] == [
        ("1001", day),
        ("1003", day),
    ]
    for query in ("task_id=1003", f"day={day}", f"event_id={newest['event_id']}"):
        trace = site.reader.get(f"{api}/trace?{query}").json()
        assert newest["event_id"] in {one["event_id"] for one in trace["days"]}, query
        assert [one["status"] for one in trace["reports"][0]["attempt_log"]] == [200], query
    details = site.reader.get(f"{api}/{day}/1003").json()
    assert details["reports"][0]["told"]["yt_view_count"] == 100
    [completion] = details["completions"]
    assert (completion["task_id"], completion["stats_date"]) == ("1003", day)
    [total] = site.reader.get(f"{api}/sums?from={day}&to={day}").json()["items"]
    assert (total["view_count"], total["task_days"], total["unaccepted_days"]) == (200, 2, 0)
    by_title = site.reader.get("/api/v1/webhooks?title=短剧&kind=daily").json()["items"]
    assert [one["id"] for one in by_title] == [delivery["id"]]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/webhooks/events/daily_1", 404),
        ("/api/v1/settlement/trace?event_id=daily_1", 404),
        ("/admin/webhooks/events/daily_1", 404),
        ("/api/v1/settlement/2026-11-21/none", 404),
        ("/api/v1/settlement/soon/1001", 422),
        ("/api/v1/settlement/trace", 422),
        ("/api/v1/settlement?from=soon", 422),
        ("/api/v1/settlement?after=x", 422),
        ("/api/v1/settlement?event_id=%ED%A0%BD", 422),
        ("/api/v1/settlement/sums?from=2020-01-01&to=2026-01-01", 422),
    ],
)
def test_what_is_wrong_or_unknown_is_refused(site: Site, path: str, status: int) -> None:
    answer = site.reader.get(path)
    assert answer.status_code == status, answer.text
    assert "Traceback" not in answer.text


def test_the_pages_lead_from_a_day_to_its_delivery_and_back(site: Site) -> None:
    day = str(yesterday(site.app))
    listed = site.reader.get(f"{PAGES[0]}?title=短剧").text
    assert f"/admin/settlement/{day}/1003" in listed and ">1001<" not in listed
    assert "<b>短剧</b>" not in listed and "&lt;b&gt;" in listed
    about = site.reader.get(f"/admin/settlement/{day}/1003").text
    [delivery] = site.reader.get("/api/v1/webhooks?kind=daily").json()["items"]
    assert f"/admin/webhooks/{delivery['id']}" in about and youtube(2) in about
    assert "200 read" in about
    back = site.reader.get(f"/admin/webhooks/{delivery['id']}").text
    assert f"/admin/settlement/{day}/1001" in back and "/admin/dramas/1003" in back
    assert f"/admin/settlement/{day}/1003" in site.reader.get("/admin/dramas/1003").text
    assert f"/admin/settlement/{day}/1003" in site.reader.get(PAGES[2]).text
    assert "No delivery has the event id" in site.reader.get("/admin/webhooks?event=daily_1").text
    assert "No counted day fits" in site.reader.get(f"{PAGES[0]}?event=daily_1").text
    assert "no day" in site.reader.get(f"{PAGES[0]}?from=soon").text
    lead = site.reader.get(f"/admin/webhooks/events/{delivery['event_id']}")
    assert lead.headers["location"] == f"/admin/webhooks/{delivery['id']}"


def test_the_files_have_what_the_pages_have(site: Site) -> None:
    day = str(yesterday(site.app))
    for base in ("/api/v1/settlement", "/admin/settlement"):
        csv = site.reader.get(f"{base}/days.csv?from={day}").content.decode("utf-8-sig")
        assert [line.split(",")[1] for line in csv.splitlines()[1:]] == ["1003", "1001"]
        sums = site.reader.get(f"{base}/sums.csv?by=task&from={day}&to={day}").text
        assert len(sums.splitlines()) == 3
        for name in ("days", "sums"):
            content = site.reader.get(f"{base}/{name}.xlsx?from={day}&to={day}").content
            sheet = openpyxl.load_workbook(io.BytesIO(content)).active
            assert sheet is not None and sheet.max_row >= 2


def test_a_task_is_counted_again_alone(site: Site) -> None:
    day = str(yesterday(site.app))
    assert 'name="task" value="1003"' in site.admin.get(f"/admin/settlement/{day}/1003").text
    site.admin.post("/admin/settlement/scan", data={"day": day, "task": "1003"})
    both = {"day": day, "tasks": ["1003", "1001"]}
    site.admin.post("/api/v1/daily_stats/scan", json=both).raise_for_status()
    assert sorted(one["result"]["tasks"] for one in ended(site, 2)) == [1, 2]
    for unknown in ("7777", "x" * 65):
        asked = {"day": day, "tasks": [unknown]}
        refused = site.admin.post("/api/v1/daily_stats/scan", json=asked)
        assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, refused.text


def ended(site: Site, count: int) -> list[Any]:
    """Wait until so many operations have ended, and return them."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = site.admin.get("/api/v1/operations").json()["items"]
        done = [one for one in found if one["result"] is not None]
        if len(done) == count:
            return done
        time.sleep(0.02)
    raise AssertionError(found)


def test_only_who_may_act_counts_again(site: Site) -> None:
    assert "/admin/settlement/scan" not in site.reader.get(PAGES[0]).text
    assert "/admin/settlement/scan" in site.admin.get(PAGES[0]).text
    refused = site.reader.post("/admin/settlement/scan", data={"day": "2026-11-21"})
    assert refused.status_code == HTTPStatus.FORBIDDEN
    for path in (*PAGES, "/api/v1/settlement"):
        assert site.stranger.get(path).status_code in (303, 401), path
