"""A site with something on every page, in every state that a page can show."""

from __future__ import annotations

import threading
from datetime import timedelta

from app.container import App
from core.messages import Message
from crawler.tasks.parents import CANCELLED
from storage.catalogue import works
from storage.catalogue.works import Work
from storage.crawling import task_labels
from storage.creators import observations
from storage.creators.observations import Observation
from storage.distribution import endpoints
from storage.distribution.deliveries import DeliveryKind
from storage.models.accounts import AccountStatus
from storage.operations import alerts
from storage.operations.alerts import AlertKind
from tests.crawler.test_crawler_creators import entry, store
from tests.support.accounts.egress import add_route, open_circuit
from tests.support.apps import add_account
from tests.support.crawler.workbench import change, export, file_crawl, store_rows
from tests.support.web.web_site import Site
from tests.support.works.hour_data import numbers, store_hour
from web.console import SECTIONS
from webhooks.outbox import Report
from works.hour_data.hours import Hour

RECEIVER = "https://receiver.example/hook"
DRAMA = {
    "task_id": "T1",
    "project_id": "P1",
    "title": "短剧",
    "duration": 60,
    "video_url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
    "callback_url": RECEIVER,
}
COMPLETION = {
    "task_id": "T1",
    "user_id": "u1",
    "submission_link": DRAMA["video_url"],
    "verification_details": {"view_count": 12},
}
PAGES = (
    *(section.path for section in SECTIONS),
    "/admin/accounts/new",
    "/admin/accounts/1",
    "/admin/accounts/2",
    "/admin/tasks/2",
    "/admin/tasks/1",
    "/admin/webhooks/1",
    "/admin/webhooks/2",
    "/admin/dramas/T1",
    "/admin/videos/bilibili/BV1xx411c7mD",
    "/admin/videos/compare?works=BV1xx411c7mD",
    "/admin/videos/compare?works=BV1xx411c7mD&by_age=true",
    "/admin/videos/compare?works=无",
    "/admin/videos/authors",
    "/admin/videos/alerts",
    "/admin/videos/failed",
    "/admin/logs/crawl-2026-11-22.log",
    "/admin/tasks?label=客户",
    "/admin/tasks?status=failed&domain=none",
    "/admin/tasks/99",
    "/admin/creators?domain=护肤",
    "/admin/creators?least=很多",
    "/admin/creators/bilibili/7",
    "/admin/creators/bilibili/99",
    "/admin/report?day=今天",
    "/admin/report/ingestion-logs?creators=yes",
    "/admin/report/ingestion-logs?task=甲&day=今天",
)


EXPIRED = Message.of("session_expired", cause=Message.of("session_not_signed_in"))
BANNED = Message.of("account_banned", cause=Message.text("-102"))


def fill(site: Site) -> Site:
    """Put something on every page."""
    app = site.app
    add_account(app, "alice", 100)
    bob = add_account(app, "bob", 100)
    store_rows(app, 23)
    export(app)
    crawl = file_crawl(app, pages=30)
    failed = file_crawl(app, domain="舞蹈")
    change(
        app,
        "UPDATE tasks SET status='failed', open_key=NULL, last_error=:error WHERE id=:id",
        error=CANCELLED,
        id=failed.id,
    )
    app.database.write(task_labels.add, crawl.id, ["客户"])
    app.pool.manager.set_account_status(bob, AccountStatus.DISABLED, EXPIRED)
    _trouble_egress(app)
    _file_reports(app)
    site.admin.post("/api/v1/dramas", json=DRAMA)
    site.admin.post("/api/v1/completions", json=COMPLETION)
    app.distribution.daily_scanner.scan(app.calendar.day(app.clock.now()), threading.Event())
    site.admin.post("/api/v1/completions", json=COMPLETION | {"user_id": "u2"})
    _add_works(app)
    site.admin.post("/api/v1/works/alert_rules", json={"passes": 1000})
    app.jobs.host_presence.announce_once()
    facts = {"account": "bob", "platform": "bilibili", "reason": BANNED.dump(), "username": "bob"}
    now = app.clock.now()
    app.database.write(
        alerts.add,
        AlertKind.ACCOUNT_DISABLED,
        subject="2",
        facts=facts,
        until=None,
        calm_secs=60,
        now=now,
    )
    site.admin.post("/api/v1/jobs/quota_reset/run")
    site.admin.post("/api/v1/daily_stats/scan", json={"dry_run": True})
    app.settings.log_dir.mkdir(parents=True, exist_ok=True)
    line = "2026-11-22T05:00:00.123Z INFO crawl task=3 account=alice page=7\n"
    (app.settings.log_dir / "crawl-2026-11-22.log").write_text(line)
    _store_creators(app)
    return site


def _store_creators(app: App) -> None:
    """Store a page of two creators, with the history of one."""
    store(
        app, entry("7", 12_345, "小鹿", sign="a@b.cn 13800138000"), entry("8", None), domain="护肤"
    )
    today = app.calendar.day(app.clock.now())
    days = [
        Observation(1, day, day, 12_000 + 100 * back, 3, None, None)
        for back, day in enumerate(today - timedelta(days=back) for back in range(3))
    ]
    app.database.write(observations.put, days)


def _trouble_egress(app: App) -> None:
    """Add a route in cooldown and an open circuit."""
    add_route(app, "gate:7000#1f3a9c02")
    app.pool.egress_operator.cool_down("gate:7000#1f3a9c02", timedelta(hours=2))
    open_circuit(app, "bilibili", endpoint="search", secs=86_400)


def _file_reports(app: App) -> None:
    for number in (1, 2):
        url = f"{RECEIVER}{number}"
        report = Report(
            kind=DeliveryKind.DAILY,
            event_id=f"event-{number}",
            url=url,
            task_id="T1",
            stats_date=None,
            body='{"n": 1}',
        )
        app.database.write(app.webhooks.outbox.enqueue, report)  # type: ignore[misc]
    change(
        app,
        "UPDATE webhook_deliveries SET state='dead', last_status=500, last_error=:error WHERE id=2",
        error=Message.of("receiver_refused", status=500).dump(),
    )
    hashed = app.webhooks.service.show(2).delivery.url_hash
    now = app.clock.now()
    app.database.write(endpoints.set_enabled, hashed, now, enabled=False, reason="tired")


def _add_works(app: App) -> None:
    now = app.clock.now()
    found = [
        Work(platform="bilibili", work_id=name, created_at=now, updated_at=now, title=title)
        for name, title in (("BV1xx411c7mD", "一"), ("BV1xx411c7mE", "二"))
    ]
    app.database.write(works.insert, found)
    now_hour = Hour.of(now, app.calendar.zone)
    for back in range(6):
        hour = now_hour.earlier(back)
        seen = numbers("BV1xx411c7mD", hour, 1000 - 10 * back, title="一")
        store_hour(app, hour, [seen])
