"""Hourly numbers in API and console: side by side, authors, rules of alerts; and hosts."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.container import App
from core.messages import Message
from storage.crawling import leases
from storage.crawling.leases import Worker
from storage.operations import hosts
from storage.views import failures
from storage.views.failures import WorkFailure
from tests.support.moving_clock import MovingClock
from tests.support.web.web_site import Site
from tests.support.works.hour_data import WORKS, numbers, store_hour
from web.console.numbers.failed import ROWS
from works.catalogue.entries import WorkEntry
from works.hour_data.hours import Hour

A, B, _ = WORKS


@pytest.fixture
def counted(site: Site) -> Site:
    """Two works with an author, and three hours of numbers."""
    app = site.app
    newest = Hour.of(app.clock.now(), app.calendar.zone)
    begins = newest.earlier(2).begins(app.calendar.zone)
    app.works.catalogue.put(
        [
            WorkEntry("bilibili", A, author="小鹿", publish_time=begins),
            WorkEntry("bilibili", B, author="小鹿"),
        ]
    )
    for back in (2, 1, 0):
        hour = newest.earlier(back)
        store_hour(app, hour, [numbers(A, hour, 100 - back), numbers(B, hour, 50)])
    return site


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_api_compares_works(counted: Site) -> None:
    get = counted.reader.get
    found = get(f"/api/v1/works/compare?work={A}&work={B}&since=2h").json()
    assert found["series"] == {A: [99, 100], B: [50, 50]} and len(found["hours"]) == 2
    asked = f"work={A}&work=bilibili:{B}&since_publication=true"
    found = get(f"/api/v1/works/compare?{asked}").json()
    assert found == {
        "hours_since_publication": [0, 1, 2],
        "series": {A: [98, 99, 100], B: [None, None, None]},
        "publication_unknown": [B],
    }
    answer = get(f"/api/v1/works/compare.csv?{asked}")
    answer.encoding = "utf-8"
    assert cells(answer.text)[1:] == [["0", "98", ""], ["1", "99", ""], ["2", "100", ""]]
    book = get(f"/api/v1/works/compare.xlsx?{asked}")
    assert zipfile.is_zipfile(io.BytesIO(book.content))
    assert 'filename="compare.xlsx"' in book.headers["Content-Disposition"]
    series = get(f"/api/v1/works/bilibili/{A}/series?hours=1").json()["items"]
    assert series[0]["hours_since_publication"] == 2


@pytest.mark.parametrize(
    "wrong", ["", "work=nothing", f"work={A}&since=soon", "work=https://b23.tv/a"]
)
def test_a_comparison_that_is_none_is_refused(counted: Site, wrong: str) -> None:
    assert counted.reader.get(f"/api/v1/works/compare?{wrong}").status_code == 422
    assert counted.reader.get(f"/api/v1/works/compare.csv?{wrong}").status_code == 422
    assert counted.stranger.get(f"/api/v1/works/compare?work={A}").status_code == 401


def test_the_api_has_the_totals_of_authors(counted: Site) -> None:
    found = counted.reader.get("/api/v1/works/authors?since=1h").json()
    total = {"platform": "bilibili", "author": "小鹿", "works": 2, "total": 150, "growth": 1}
    assert found["items"] == [total]
    answer = counted.reader.get("/api/v1/works/authors.csv?since=1h")
    answer.encoding = "utf-8"
    assert cells(answer.text)[1] == ["bilibili", "小鹿", "2", "150", "1"]


def test_without_numbers_the_api_says_so(site: Site) -> None:
    for path in (f"compare?work={A}", f"compare.csv?work={A}", "authors", "authors.csv"):
        assert site.reader.get(f"/api/v1/works/{path}").status_code == 404


def test_rules_are_added_listed_and_removed_by_the_api(counted: Site) -> None:
    path = "/api/v1/works/alert_rules"
    made = counted.admin.post(path, json={"rises": 500, "author": "小鹿"})
    assert made.status_code == 201
    rule = made.json()
    wanted = {"kind": "rises", "threshold": 500, "scope": "author", "subject": "小鹿"}
    assert rule.items() >= wanted.items() and rule["platform"] is None
    assert counted.reader.get(path).json()["items"] == [rule]
    for wrong in ({}, {"gone": True, "passes": 1}, {"passes": 0}, {"gone": True, "work": "?"}):
        assert counted.admin.post(path, json=wrong).status_code == 422
    assert counted.admin.post(path, json={"rises": 500, "author": "小鹿"}).status_code == 422
    assert counted.reader.post(path, json={"gone": True}).status_code == 403
    assert counted.reader.ask("DELETE", f"{path}/{rule['id']}").status_code == 403
    assert counted.admin.ask("DELETE", f"{path}/{rule['id']}").status_code == 204
    assert counted.admin.ask("DELETE", f"{path}/{rule['id']}").status_code == 404
    actions = counted.admin.get("/api/v1/actions").json()["items"]
    assert {"view_rule.add", "view_rule.remove"} <= {one["action"] for one in actions}


def test_the_console_compares_videos(counted: Site) -> None:
    get = counted.reader.get
    page = get(f"/admin/videos/compare?works={A},%0A{B}，&hours=24").text
    assert f"标题 {A} · {A}" in page and "compare.csv?works=" in page
    page = get(f"/admin/videos/compare?works={A}+{B}&by_age=true&counter=like_count").text
    assert "Hours since publication" in page and "is not known" in page
    assert "aria-invalid" in get("/admin/videos/compare?works=nothing").text
    many = "+".join(f"BV1{n:09d}" for n in range(9))
    assert "aria-invalid" in get(f"/admin/videos/compare?works={many}").text
    answer = get(f"/admin/videos/compare.csv?works={A}+{B}&hours=24")
    answer.encoding = "utf-8"
    assert cells(answer.text)[-1][1:] == ["100", "50"]
    assert "小鹿" in get("/admin/videos/authors").text
    answer = get("/admin/videos/authors.xlsx?hours=1")
    assert zipfile.is_zipfile(io.BytesIO(answer.content))
    assert "/admin/videos/compare?works=bilibili" in get(f"/admin/videos/bilibili/{A}").text


def test_a_rule_is_added_and_removed_in_the_console(counted: Site) -> None:
    admin, form = counted.admin, {"Origin": counted.url}
    path = "/admin/videos/alerts"
    given = {"kind": "passes", "threshold": "10,000", "scope": "work", "subject": A}
    assert admin.post(f"{path}/add", data=given, headers=form).status_code == 303
    [rule] = counted.app.works.rules.every()
    assert (rule.threshold, rule.subject) == (10_000, A)
    page = admin.get(path).text
    assert "10,000 views are passed" in page
    for wrong in (
        {"kind": "passes", "scope": "all"},
        {"kind": "passes", "threshold": "x", "scope": "all"},
        {"kind": "gone", "scope": "platform"},
        {"kind": "gone", "scope": "author"},
        {"kind": "", "scope": "all"},
    ):
        admin.post(f"{path}/add", data=wrong, headers=form)
    assert counted.app.works.rules.every() == [rule]
    assert "/remove" not in counted.reader.get(path).text
    admin.post(f"{path}/{rule.id}/remove", headers=form)
    assert counted.app.works.rules.every() == []


@pytest.fixture
def two_hosts(site: Site) -> Iterator[App]:
    app = site.app
    presence = app.jobs.host_presence
    presence.announce_once()
    replace(presence, host="other<1>", time_zone="Europe/Berlin").announce_once()
    now = app.clock.now()
    worker = Worker("w1", "other<1>", 4711, "ingestion,export", now, now)
    app.database.write(leases.announce, worker)
    yield app


def test_hosts_are_shown_with_what_they_run(site: Site, two_hosts: App, clock: MovingClock) -> None:
    found = site.reader.get("/api/v1/hosts").json()["items"]
    [other] = [one for one in found if one["host"] == "other<1>"]
    assert other["time_zone"] == "Europe/Berlin"
    assert [(one["pid"], one["roles"]) for one in other["processes"]] == [
        (4711, "ingestion,export")
    ]
    page = site.reader.get("/admin/hosts").text
    assert "other&lt;1&gt;" in page and "ingestion,export (4711)" in page
    assert "different time zones" in page and "/forget" not in page
    clock.move(3600)
    assert "gone</span>" in site.reader.get("/admin/hosts").text


def test_a_host_is_forgotten_in_the_console(site: Site, two_hosts: App) -> None:
    form = {"Origin": site.url}
    assert "data-confirm" in site.admin.get("/admin/hosts").text
    site.admin.post("/admin/hosts/forget", data={"host": "other<1>"}, headers=form)
    assert "other<1>" not in [one.host for one in two_hosts.database.read(hosts.every)]
    mine = {"host": two_hosts.host}
    assert site.reader.post("/admin/hosts/forget", data=mine, headers=form).status_code == 403
    assert [one.host for one in two_hosts.database.read(hosts.every)] == [two_hosts.host]


def test_every_failed_work_of_the_newest_hour_stands_with_its_reason(counted: Site) -> None:
    app = counted.app
    newest = Hour.of(app.clock.now(), app.calendar.zone)
    error = Message.of("video_not_found", detail="code -404").dump()
    lost = [WorkFailure("bilibili", f"BV{n:04}", "", error, True) for n in range(ROWS + 1)]
    app.database.write(failures.put, newest.index, lost)
    assert "/admin/videos/failed" in counted.reader.get("/admin/videos").text
    first = counted.reader.get("/admin/videos/failed").text
    second = counted.reader.get("/admin/videos/failed?page=2").text
    assert first.count("not_found: code -404") == ROWS and "page=2" in first
    assert f"BV{ROWS:04}" in second and "BV0000" not in second and "page=1" in second
