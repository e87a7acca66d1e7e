"""Jobs, webhooks, videos, dramas, the broadcaster and alerts: by API and on their pages."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.container import App
from core.messages import Message
from core.schedule import Schedule
from jobs.due import Job, JobContext
from jobs.launcher import JobLauncher
from storage.catalogue import works
from storage.catalogue.works import Work
from storage.operations import alerts
from storage.operations.alerts import AlertKind
from storage.views import failures
from storage.views.failures import WorkFailure
from tests.support.apps import add_account
from tests.support.crawler.workbench import change, rows
from tests.support.web.web_site import Site, Visitor
from tests.support.works.hour_data import numbers, store_hour
from webhooks.outbox import Report
from works.hour_data.hours import Hour

Browse = Callable[..., Page]
VIDEO = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
DRAMA = {"task_id": "T1", "project_id": "P1", "title": "<b>first</b>", "duration": 60}
COMPLETION = {
    "task_id": "T1",
    "user_id": "u1",
    "submission_link": VIDEO,
    "verification_details": {"view_count": 12},
}


def file_reports(app: App, count: int, task: str = "T1") -> None:
    url = "https://receiver.example/hook?token=hunter2"
    for number in range(count):
        report = Report(
            kind="daily",
            event_id=f"{task}-{number}",
            url=url,
            task_id=task,
            stats_date=None,
            body='{"n": 1, "token": "abc"}',
        )
        app.database.write(app.webhooks.outbox.enqueue, report)


def states(app: App) -> list[str]:
    return [row["state"] for row in rows(app, "SELECT state FROM webhook_deliveries ORDER BY id")]


def test_dramas_and_completions_are_taken_in_singly_and_in_bulk(site: Site) -> None:
    admin = site.admin
    assert admin.post("/api/v1/dramas", json=DRAMA).json()["created"] == 1
    again = admin.post("/api/v1/dramas", json=[DRAMA, DRAMA | {"task_id": "T2"}])
    assert again.status_code == 200 and again.json()["created"] == 1
    mixed = admin.post("/api/v1/completions", json=[COMPLETION, COMPLETION | {"task_id": "T9"}, 7])
    assert mixed.status_code == 207
    assert mixed.json()["created"] == 1
    assert [one["position"] for one in mixed.json()["problems"]] == [1, 2]
    assert "T9" in mixed.json()["problems"][0]["reason"]
    assert admin.post("/api/v1/completions", json={"task_id": "T9"}).status_code == 422
    assert admin.post("/api/v1/completions", json="text").status_code == 422
    assert admin.post("/api/v1/users", json={"user_id": "u1", "name": "n"}).json()["created"] == 1
    listed = admin.get("/api/v1/completions?task_id=T1").json()["items"]
    assert [one["verification_details"] for one in listed] == [{"view_count": 12}]
    assert admin.get("/api/v1/completions?user_id=else").json()["items"] == []


def test_a_secret_of_a_drama_goes_in_and_never_comes_out(site: Site) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    told = DRAMA | {"callback_url": "https://receiver.example/hook", "callback_secret": secret}
    assert site.admin.post("/api/v1/dramas", json=told).json()["created"] == 1
    for path in ("/api/v1/dramas", "/api/v1/dramas/T1", "/admin/dramas", "/admin/dramas/T1"):
        answer = site.admin.get(path)
        assert answer.status_code == 200
        assert secret not in answer.text and "gAAAA" not in answer.text, path
    assert site.admin.get("/api/v1/dramas/T1").json()["has_secret"] is True


def test_a_drama_is_paused_and_its_days_are_shown(site: Site) -> None:
    site.admin.post("/api/v1/dramas", json=DRAMA)
    site.admin.post("/api/v1/completions", json=COMPLETION)
    today = site.app.calendar.day(site.app.clock.now())
    site.app.distribution.daily_scanner.scan(today, threading.Event())
    (day,) = site.admin.get(f"/api/v1/daily_stats?day={today}").json()["items"]
    assert (day["task_id"], day["yt_view_count"]) == ("T1", 12)
    assert site.admin.get("/api/v1/daily_stats?day=2001-01-01").json()["items"] == []
    assert site.admin.post("/api/v1/dramas/T1/pause").json()["status"] == "paused"
    page = site.admin.get("/admin/dramas/T1").text
    assert "&lt;b&gt;first&lt;/b&gt;" in page and "data-chart" in page and "<b>first" not in page
    assert site.admin.post("/api/v1/dramas/T9/pause").status_code == 404


def test_the_broadcasters_four_calls(site: Site) -> None:
    admin = site.admin
    site.admin.post("/api/v1/dramas", json=DRAMA)
    assert admin.get("/api/broadcaster/status").json()["is_on"] is False
    started = admin.post("/api/broadcaster/start").json()
    assert started["success"] is True and "on" in started["message"]
    assert site.reader.get("/api/broadcaster/status").json()["is_on"] is True
    triggered = admin.post("/api/broadcaster/trigger").json()
    assert triggered["success"] is True
    assert {"total", "succeeded", "failed", "time"} <= set(triggered)
    assert admin.post("/api/broadcaster/stop").json()["success"] is True
    assert admin.get("/api/broadcaster/status").json()["is_on"] is False


def test_tasks_without_numbers_are_listed_with_the_reason(site: Site) -> None:
    callback = {"callback_url": "https://r.example/hook"}
    links = [f"https://www.youtube.com/watch?v=gone{n:07}" for n in range(3)]
    for number, link in enumerate(links):
        site.admin.post("/api/v1/dramas", json=DRAMA | callback | {"task_id": f"T{number}"})
        change(
            site.app,
            "UPDATE drama_tasks SET video_url=:url WHERE task_id=:id",
            url=link,
            id=f"T{number}",
        )
    assert site.admin.post("/api/broadcaster/trigger").json()["failed"] == 3
    first = site.reader.get("/api/broadcaster/failures?limit=2").json()
    rest = site.reader.get(first["next"]).json()
    assert [one["task_id"] for one in first["items"] + rest["items"]] == ["T0", "T1", "T2"]
    assert rest["next"] is None
    assert all(one["reason"] and one["reason_code"] and one["since"] for one in first["items"])


def test_the_broadcasters_button_follows_its_state(site: Site, browse: Browse) -> None:
    page = browse("/broadcaster")
    expect(page.locator(".badge.big")).to_have_text("is off")
    page.get_by_role("button", name="Start broadcasting").click()
    expect(page.locator(".badge.big")).to_have_text("is on")
    page.get_by_role("button", name="Stop broadcasting").click()
    expect(page.get_by_role("button", name="Start broadcasting")).to_be_visible()
    assert site.app.distribution.broadcaster.status()["is_on"] is False


def test_a_round_is_followed_to_its_result(
    site: Site, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.admin.post("/api/v1/dramas", json=DRAMA | {"callback_url": "https://r.example/hook"})
    change(site.app, "UPDATE drama_tasks SET video_url=:url", url=VIDEO)
    go_on = threading.Event()
    monkeypatch.setattr(
        "distribution.broadcast.broadcaster.LiveCounters.fetch", lambda *_: go_on.wait(60)
    )
    monkeypatch.setattr(
        "distribution.broadcast.broadcaster.LiveCounters.get",
        lambda *_: Message.of("video_unanswered"),
    )
    page = browse("/broadcaster")
    page.get_by_role("button", name="Send once now").click()
    expect(page.locator("#note")).to_have_text("A round is begun; its result is shown here.")
    expect(page.locator(".operation")).to_contain_text("under way")
    expect(page.locator("#round")).to_contain_text("under way since")
    expect(page.get_by_role("button", name="Send once now")).to_be_disabled()
    begun = site.admin.get("/api/v1/operations").json()["items"]
    assert [(one["kind"], one["state"]) for one in begun] == [("broadcaster.trigger", "running")]
    assert site.admin.post("/api/broadcaster/trigger").json()["success"] is False
    go_on.set()
    expect(page.locator("#round")).to_contain_text(re.compile(r"Failed\s*1"))
    expect(page.locator("#operations")).to_contain_text("1 tasks: 0 with numbers, 1 without.")
    noted = site.admin.get("/api/v1/actions").json()["items"]
    rounds = [one["outcome"] for one in noted if one["action"] == "broadcaster.trigger"]
    assert rounds == ["done", "done"]


def test_deliveries_are_listed_and_shown_without_secrets(site: Site) -> None:
    file_reports(site.app, 2)
    first = site.admin.get("/api/v1/webhooks?limit=1").json()
    assert first["items"][0]["event_id"] == "T1-1" and first["next"]
    assert site.admin.get("/api/v1/webhooks?state=dead&state=failed").json()["items"] == []
    for path in ("/api/v1/webhooks", "/api/v1/webhooks/1", "/admin/webhooks", "/admin/webhooks/1"):
        answer = site.admin.get(path)
        assert answer.status_code == 200 and "hunter2" not in answer.text, path
    assert site.admin.get("/api/v1/webhooks/99").status_code == 404


def test_replaying_respects_the_filters(site: Site) -> None:
    file_reports(site.app, 2, "T1")
    file_reports(site.app, 2, "T2")
    change(site.app, "UPDATE webhook_deliveries SET state='dead'")
    change(site.app, "UPDATE webhook_deliveries SET state='delivered' WHERE id=2")
    nothing = site.admin.post("/api/v1/webhooks/replay", json={})
    assert nothing.status_code == 422 and "say which" in nothing.json()["detail"]
    done = site.admin.post("/api/v1/webhooks/replay", json={"task_id": "T1"})
    assert done.json() == {"replayed": 1}
    assert states(site.app) == ["pending", "delivered", "dead", "dead"]
    assert site.admin.post("/api/v1/webhooks/replay", json={"ids": [2]}).json() == {"replayed": 1}


def test_all_that_match_are_sent_again_from_the_page(site: Site, browse: Browse) -> None:
    file_reports(site.app, 2, "T1")
    file_reports(site.app, 30, "T2")
    change(site.app, "UPDATE webhook_deliveries SET state='dead'")
    change(site.app, "UPDATE webhook_deliveries SET state='delivered' WHERE id=5")
    page = browse("/webhooks?task=T2")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Send again all that match").click()
    expect(page.locator("#note")).to_have_text("29 deliveries are due again.")
    assert states(site.app) == ["dead"] * 2 + ["pending"] * 2 + ["delivered"] + ["pending"] * 27


def test_jobs_are_listed_and_run_now(site: Site, admin: Visitor) -> None:
    names = [one["name"] for one in admin.get("/api/v1/jobs").json()["items"]]
    assert "quota_reset" in names
    answer = admin.post("/api/v1/jobs/quota_reset/run")
    assert answer.status_code == 202 and answer.json()["run"]["cause"] == "manual"
    runs = admin.get("/api/v1/jobs/runs?job=quota_reset").json()["items"]
    assert [one["state"] for one in runs] == ["succeeded"]
    assert admin.get("/api/v1/jobs/runs?state=failed").json()["items"] == []
    assert admin.post("/api/v1/jobs/nothing/run").status_code == 404
    assert "quota_reset" in admin.get("/admin/jobs").text


def test_a_job_that_runs_is_not_started_twice(site: Site, admin: Visitor) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_context: JobContext) -> str:
        begun.set()
        go_on.wait(30)
        return "slept"

    job = Job(
        name="slow",
        description=Message.text("sleep"),
        schedule=Schedule("0 0 1 1 *", site.app.calendar.zone),
        run=slow,
    )
    launcher = JobLauncher(jobs=[job], runner=site.app.jobs.runner)
    site.use_launcher(launcher)
    assert admin.post("/api/v1/jobs/slow/run").status_code == 202
    assert begun.wait(30)
    second = admin.post("/api/v1/jobs/slow/run")
    assert second.status_code == 409
    go_on.set()
    assert launcher.join(30)
    assert admin.get("/api/v1/jobs/runs").json()["items"][0]["result"] == "slept"


def test_alerts_lead_the_overview(site: Site, admin: Visitor) -> None:
    add_account(site.app, "alice")
    facts = {"account": "alice", "platform": "bilibili", "reason": "banned", "username": "alice"}
    now = site.app.clock.now()
    site.app.database.write(
        alerts.add,
        AlertKind.ACCOUNT_DISABLED,
        subject="1",
        facts=facts,
        until=None,
        calm_secs=60,
        now=now,
    )
    assert "alice" in admin.get("/admin").text.partition('class="alerts"')[2]
    assert admin.get("/admin/alerts").status_code == 200
    (alert,) = admin.get("/api/v1/alerts?only_open=true").json()["items"]
    assert alert["kind"] == "account_disabled"
    site.app.database.write(lambda tx: alerts.resolve(tx, 1, now + timedelta(seconds=60)))
    assert admin.get("/api/v1/alerts?only_open=true").json()["items"] == []
    assert 'class="alerts"' not in admin.get("/admin").text


def work(app: App, work_id: str, **facts: Any) -> Work:
    now = app.clock.now()
    return Work(platform="bilibili", work_id=work_id, created_at=now, updated_at=now, **facts)


def test_works_are_listed_and_taken_off_the_list(site: Site, admin: Visitor) -> None:
    found = [work(site.app, "BV1a", title="<i>one</i>"), work(site.app, "BV1b", is_valid=False)]
    site.app.database.write(works.insert, found)
    listed = admin.get("/api/v1/works?is_valid=true").json()["items"]
    assert [one["work_id"] for one in listed] == ["BV1a"]
    assert admin.post("/api/v1/works/bilibili/BV1a/disable").json() == {"changed": 1}
    assert admin.get("/api/v1/works?is_valid=true").json()["items"] == []
    assert admin.post("/api/v1/works/bilibili/BV1a/enable").json() == {"changed": 1}
    assert admin.post("/api/v1/works/bilibili/BV9/disable").status_code == 404
    page = admin.get("/admin/videos").text
    assert "&lt;i&gt;one" in page and "views --full" in page
    missing = admin.get("/api/v1/works/bilibili/BV1a/series")
    assert missing.status_code == 404 and missing.json()["code"] == "no_hourly_numbers"


def test_a_works_numbers_are_drawn(site: Site, admin: Visitor, browse: Browse) -> None:
    for number, views in ((1, 100), (2, 150), (3, None), (5, 190)):
        hour = Hour(date(2026, 11, 22), number)
        store_hour(site.app, hour, [numbers("BV1a", hour, views)])
    series = admin.get("/api/v1/works/bilibili/BV1a/series").json()["items"]
    assert [one["growth"] for one in series] == [None, 50, None, None]
    assert admin.get("/api/v1/works/top").json()["items"][0]["view_count"] == 190
    assert admin.get("/api/v1/works/growth?since=24h").json()["items"][0]["growth"] == 90
    assert admin.get("/api/v1/works/growth?since=soon").status_code == 422
    assert admin.get("/api/v1/works/gaps").status_code == 200
    hour = Hour(date(2026, 11, 22), 5)
    why = WorkFailure(
        "bilibili", "BVlost", "lost", Message.of("video_not_found", detail="x").dump(), True
    )
    site.app.database.write(failures.put, hour.index, [why])
    assert "not_found: x" in admin.get("/admin/videos").text
    page = browse("/videos/bilibili/BV1a")
    assert page.locator("canvas").count() == 4  # views, their growth, and two more counters
    page.get_by_text("As a table").first.click()
    shown = page.locator("#chart-1 details td").all_text_contents()
    assert shown == ["190", "–", "–", "150", "100"]
    assert page.locator("#chart-2 details td").all_text_contents() == ["–", "–", "–", "50", "–"]
