"""How reports are doing: on the overview, by API and in the metrics; the broadcaster's one page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from core.messages import Message
from storage.distribution import broadcast_failures
from storage.distribution.broadcast_failures import NewFailure
from storage.engines.datetimes import to_sql
from tests.support.apps import add_account
from tests.support.crawler.workbench import change, rows
from tests.support.web.web_site import Site
from tests.web.test_web_parts import file_reports

Browse = Callable[..., Page]
EVERY_MS = 30_000
GONE = Message.of("receiver_gone").dump()


@pytest.fixture
def troubled(site: Site) -> Site:
    """A site whose only receiver is gone: one report waits for it, one was refused."""
    app = site.app
    app.alerts.monitor().look_once()
    file_reports(app, 2)
    change(app, "UPDATE webhook_endpoints SET is_enabled=0, reason=:reason", reason=GONE)
    change(
        app,
        "UPDATE webhook_deliveries SET state='dead', last_status=410, not_before=NULL,"
        " finished_at=created_at WHERE id=1",
    )
    app.alerts.monitor().look_once()
    return site


def test_the_state_of_reports_is_told_by_api_and_metrics(troubled: Site) -> None:
    reports = troubled.reader.get("/api/v1/status").json()["reports"]
    assert (reports["waiting"], reports["held"], reports["given_up"]) == (0, 1, 1)
    (closed,) = reports["closed_endpoints"]
    assert closed["reason_code"] == "receiver_gone" and closed["waiting"] == 1
    assert "hunter2" not in str(reports)
    metrics = troubled.admin.get("/metrics").text
    for line in (
        "baton_receivers_disabled 1.0",
        "baton_reports_held 1.0",
        "baton_reports_given_up 1.0",
        "baton_reports_oldest_waiting_seconds 0.0",
        "baton_broadcast_stale 0.0",
        "baton_incomplete_days 0.0",
    ):
        assert line in metrics, line


def test_reports_on_their_way_have_an_age(site: Site) -> None:
    file_reports(site.app, 3)
    change(
        site.app,
        "UPDATE webhook_deliveries SET created_at=:then WHERE id=1",
        then=to_sql(site.app.clock.now() - timedelta(hours=2)),
    )
    reports = site.reader.get("/api/v1/status").json()["reports"]
    assert reports["waiting"] == 3 and reports["oldest_waiting_at"] is not None
    (line,) = [
        line
        for line in site.admin.get("/metrics").text.splitlines()
        if line.startswith("baton_reports_oldest_waiting_seconds ")
    ]
    assert 7190 < float(line.split()[1]) < 7210


def test_a_receiver_that_is_gone_is_enabled_on_the_overview(troubled: Site, browse: Browse) -> None:
    page = browse("")
    expect(page.locator("#alerts")).to_contain_text("nothing is sent to receiver.example any more")
    expect(page.locator("#reports")).to_contain_text("1 reports wait for them")
    page.get_by_role("button", name="Send to this URL again").click()
    expect(page.locator("#note")).to_have_text(
        "This URL is sent to again: 1 waiting, 1 refused by HTTP 410."
    )
    states = [row["state"] for row in rows(troubled.app, "SELECT state FROM webhook_deliveries")]
    assert states == ["pending", "pending"]


def test_who_reports_nothing_sees_nothing_of_reports(site: Site) -> None:
    add_account(site.app, "alice")
    assert "Reports to receivers" not in site.admin.get("/admin").text


def fail_tasks(site: Site, count: int) -> None:
    failures = [
        NewFailure(f"T{n}", Message.of("video_unanswered").dump(), False) for n in range(count)
    ]
    site.app.database.write(broadcast_failures.replace, failures, site.app.clock.now())


def test_the_log_has_fifty_rows_and_a_time_range(site: Site, browse: Browse) -> None:
    file_reports(site.app, 60)
    change(
        site.app,
        "UPDATE webhook_deliveries SET created_at='2020-01-01 00:00:00.000' WHERE id<=55",
    )
    page = browse("/broadcaster")
    expect(page.locator("#deliveries tbody tr")).to_have_count(50)
    expect(page.get_by_label("Rows shown")).to_have_value("50")
    page.get_by_label("Time range").select_option("24h")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#deliveries tbody tr")).to_have_count(5)


def test_failed_tasks_are_listed_page_by_page(site: Site, browse: Browse) -> None:
    fail_tasks(site, 60)
    page = browse("/broadcaster")
    expect(page.locator("#failures tbody tr")).to_have_count(50)
    page.locator("#failures").get_by_role("link", name="More").click()
    expect(page.locator("#failures tbody tr")).to_have_count(10)
    expect(page.locator("#failures tbody tr").first).to_contain_text("T50")


def test_refreshing_keeps_the_place_and_what_is_typed(site: Site, browse: Browse) -> None:
    file_reports(site.app, 40)
    page = browse("/broadcaster", viewport={"width": 1280, "height": 500})
    page.clock.install()
    page.reload()
    page.get_by_label("every 30 s").check()
    page.get_by_label("Time range").select_option("7d")
    page.evaluate("scrollTo(0, 600)")
    before = page.evaluate("scrollY")
    page.locator("#controls").evaluate("one => { one.dataset.mark = 'same'; }")
    file_reports(site.app, 1, task="later")
    page.clock.fast_forward(EVERY_MS)
    expect(page.locator("#deliveries")).to_contain_text("later")
    expect(page.get_by_label("Time range")).to_have_value("7d")
    assert page.locator("#controls").get_attribute("data-mark") == "same", "it was not drawn anew"
    assert abs(page.evaluate("scrollY") - before) < 120


def test_a_reason_that_is_being_typed_survives_a_refresh(site: Site, browse: Browse) -> None:
    file_reports(site.app, 1)
    page = browse("/webhooks/1")
    page.get_by_label("Reason").fill("on holiday")
    change(site.app, "UPDATE webhook_deliveries SET last_error='no answer'")
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#delivery")).to_contain_text("no answer")
    expect(page.get_by_label("Reason")).to_have_value("on holiday")
    expect(page.get_by_role("button", name="Refresh")).to_be_focused()


def test_the_page_speaks_the_documents_chinese(site: Site, browse: Browse) -> None:
    fail_tasks(site, 1)
    page = browse("/broadcaster", locale="zh-CN")
    for words in ("启动分发数据回传", "立即回传一次", "刷新数据"):
        expect(page.get_by_role("button", name=words)).to_be_visible()
    for words in ("分发数据回传", "时间范围", "显示条数", "自动刷新（30 秒）", "Webhook 回调日志"):
        expect(page.locator("main")).to_contain_text(words)
    page.get_by_role("button", name="启动分发数据回传").click()
    expect(page.get_by_role("button", name="停止分发数据回传")).to_be_visible()
    expect(page.locator("#broadcaster")).to_contain_text("已启动")
