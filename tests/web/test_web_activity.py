"""API and console show what an account works on while it rests between two pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.account_lease import Purpose
from core.messages import Message
from storage.crawling import leases as lease_queries
from storage.crawling import tasks
from storage.crawling.account_leases import PaceState
from storage.crawling.leases import Worker
from storage.models.tasks import Task
from tests.support.apps import add_account
from tests.support.crawler.workbench import DOMAIN, change, claimed, file_crawl
from tests.support.moving_clock import MovingClock
from tests.support.web.web_site import Site, Visitor

PROXY = "http://user:secret@gateway.example:8080"


def page(site: Site, path: str, language: str) -> str:
    answer = site.admin.get(path, headers={"Accept-Language": language, "Accept": "text/html"})
    assert answer.status_code == 200
    return answer.text


@pytest.fixture
def resting(site: Site) -> Task:
    """A crawl in progress whose account has its next turn in 20 s."""
    app = site.app
    account_id = add_account(app, "alice", proxy=PROXY)
    change(app, "UPDATE accounts SET platform_uid='4711' WHERE id=:id", id=account_id)
    task = file_crawl(app)
    claimed(app)
    now = app.clock.now()
    worker = Worker("other", "host", 1, "ingestion", now, now)
    app.database.write(lease_queries.announce, worker)
    leased = app.pool.manager.lease(Purpose.INGESTING, "bilibili", task.id)
    assert leased is not None
    ready_at = now + timedelta(seconds=20)
    pace = PaceState("{}", ready_at, answers=3, day=app.calendar.day(now))
    app.pool.manager.release(leased, pace=pace, keeps_task=True)
    return task


def test_the_api_tells_what_an_account_works_on(site: Site, resting: Task) -> None:
    for path in ("/api/v1/accounts/1", "/api/v1/accounts", "/api/v1/status"):
        answer = site.reader.get(path).json()
        shown = answer if path.endswith("/1") else (answer.get("accounts") or answer["items"])[0]
        assert (shown["status"], shown["activity"]) == ("idle", "ingesting")
        assert shown["working_task_id"] == resting.id and shown["pages_today"] == 3
        assert shown["next_request_at"] == shown["ready_at"] is not None
        assert shown["egress"].startswith("gateway.example:8080#")
        assert shown["platform_uid"] == "4711"
    for path in (f"/api/v1/tasks/{resting.id}", "/api/v1/tasks", "/api/v1/status"):
        answer = site.reader.get(path).json()
        tasks = [answer] if "id" in answer else answer.get("tasks") or answer["items"]
        assert [task["working_accounts"] for task in tasks] == [["alice"]]


def test_the_api_tells_that_an_account_is_idle_when_its_task_has_ended(
    site: Site, resting: Task, admin: Visitor
) -> None:
    admin.post(f"/api/v1/tasks/{resting.id}/cancel")
    shown = site.reader.get("/api/v1/accounts/1").json()
    assert (shown["activity"], shown["working_task_id"]) == ("idle", None)


@pytest.mark.parametrize(
    ("language", "state", "task", "next_request", "pages"),
    [
        ("en", "ingesting", f"crawl {DOMAIN}", "next request in 20 s", "3 pages today"),
        ("zh", "抓取中", f"抓取 {DOMAIN}", "20 秒后发出下一次请求", "今日 3 页"),
    ],
)
def test_the_console_shows_what_an_account_works_on(
    site: Site,
    resting: Task,
    language: str,
    state: str,
    task: str,
    next_request: str,
    pages: str,
) -> None:
    for path in ("/admin", "/admin/accounts", "/admin/accounts/1"):
        text = page(site, path, language)
        assert f'<span class="badge ingesting">{state}</span>' in text, path
        for part in (f"#{resting.id} {task}", next_request, pages, "gateway.example:8080#"):
            assert part in text, (path, part)
        assert "secret" not in text
    assert "4711" in page(site, "/admin/accounts/1", language)
    of_task = page(site, f"/admin/tasks/{resting.id}", language)
    assert f"#{resting.id} {task} · {next_request}" in of_task
    assert "alice" in page(site, "/admin/accounts?status=ingesting", language)
    assert "alice" not in page(site, "/admin/accounts?status=idle", language)


@pytest.mark.parametrize(
    ("language", "heading", "reason"),
    [
        ("en", "How it ended", "3 pages in a row without a new creator"),
        ("zh", "结束说明", "连续 3 页"),
    ],
)
def test_the_page_of_a_task_says_why_it_ended_early(
    site: Site, language: str, heading: str, reason: str
) -> None:
    task = file_crawl(site.app)
    ended = Message.of("stopped_dry", pages=3, page=7)
    site.app.database.write(tasks.set_end_reason, task.id, ended.dump())
    text = page(site, f"/admin/tasks/{task.id}", language)
    assert heading in text and reason in text


def test_the_console_shows_an_idle_account_when_the_process_has_died(
    site: Site, resting: Task, clock: MovingClock
) -> None:
    clock.move(site.app.settings.lease_secs + 1)
    assert '<span class="badge idle">idle</span>' in page(site, "/admin/accounts/1", "en")
