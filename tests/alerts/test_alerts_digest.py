"""The daily digest: once a day for all hosts, in the operator's language, later when a channel
fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from pydantic import SecretStr

from alerts.digests import LEASE_SECS
from alerts.retries import BACKOFF_BASE_SECS, GIVE_UP_AFTER
from app.container import App
from crawler.creators.day_report import DayReport
from jobs.due import Job
from presentation import digest
from presentation.digest import Digest, digest_message
from presentation.i18n.renderer import renderer_for
from storage.creators.day_totals import ExportedShare, IngestedShare
from storage.operations.digest_totals import CountedDay
from tests.support.apps import add_account
from tests.support.crawler.workbench import (
    ONE_ENGINE,
    at_once,
    column,
    export,
    file_crawl,
    store_rows,
)
from tests.support.jobs.job_tools import english
from tests.support.moving_clock import MovingClock
from tests.support.notice_sink import NoticeSink
from tests.web.test_web_parts import file_reports

Apps = Callable[..., App]


@pytest.fixture
def sink() -> Iterator[NoticeSink]:
    server = NoticeSink()
    yield server
    server.close()


@pytest.fixture
def telling(make_app: Apps, sink: NoticeSink) -> Apps:
    """Processes that tell the sink."""

    def make(**settings: object) -> App:
        return make_app(notify_urls=SecretStr(sink.url), **({"language": "en"} | settings))

    return make


def job_of(app: App) -> Job:
    return next(job for job in app.jobs.all if job.name == "daily_digest")


def run_job(app: App) -> str:
    return english(app.jobs.runner.run_now(job_of(app)).result)


def send(app: App) -> int:
    return app.alerts.notifiers()[0].digests.send_once()


def states(app: App) -> list[str]:
    return column(app, "SELECT state FROM digest_notices ORDER BY id")


def test_a_day_is_told_with_the_tables_of_its_report(
    telling: Apps, sink: NoticeSink, clock: MovingClock
) -> None:
    app = telling()
    add_account(app, "alice", 100)
    store_rows(app, 8)
    export(app)
    file_reports(app, 3)
    clock.move(86_400)
    day = app.calendar.day(clock.now()) - timedelta(days=1)
    assert run_job(app) == f"digest of {day}, channels 1"
    assert [send(app) for _ in range(2)] == [1, 0]
    assert sink.titles == [f"Baton: report of {day}"]
    lines = sink.text.splitlines()
    assert "Export: 8 rows, 1 files" in lines
    assert any(line.startswith("- alice, bilibili, 美妆: 8 rows") for line in lines)
    assert "Reports: 3 were filed" in lines and "- daily: pending 3" in lines
    assert "hunter2" not in sink.text and "receiver.example/" not in sink.text
    assert sink.got[0]["type"] == "success"


def test_many_hosts_tell_it_once(telling: Apps, sink: NoticeSink, clock: MovingClock) -> None:
    hosts = [telling(host="one"), telling(host="other")]
    job = job_of(hosts[0])
    for app in hosts:
        app.jobs.runner.run_due(job)
    clock.move(86_400)
    at_once(*(lambda app=app: app.jobs.runner.run_due(job) for app in hosts))
    at_once(*(lambda app=app: send(app) for app in hosts))
    assert len(sink.got) == 1 and states(hosts[0]) == ["told"]
    assert run_job(hosts[1]).startswith("the digest of ")
    assert [send(app) for app in hosts] == [0, 0]


@ONE_ENGINE
def test_a_channel_that_fails_gets_it_later(
    telling: Apps, sink: NoticeSink, clock: MovingClock
) -> None:
    app = telling()
    sink.status = 500
    run_job(app)
    assert send(app) == 0 and send(app) == 0 and len(sink.got) == 1
    clock.move(BACKOFF_BASE_SECS)
    sink.status = 200
    assert send(app) == 1 and states(app) == ["told"]


@ONE_ENGINE
def test_it_is_given_up_after_a_day(telling: Apps, sink: NoticeSink, clock: MovingClock) -> None:
    app = telling()
    sink.status = 500
    run_job(app)
    clock.move(GIVE_UP_AFTER.total_seconds())
    send(app)
    assert states(app) == ["given_up"]


def test_a_process_that_dies_while_it_tells_is_replaced(
    telling: Apps, sink: NoticeSink, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, other = telling(), telling()
    run_job(app)
    with monkeypatch.context() as patch:
        patch.setattr("alerts.digests.digest_notices.mark_sent", _dies)
        with pytest.raises(SystemExit):
            send(app)
    assert send(other) == 0, "the lease of the dead one holds"
    clock.move(LEASE_SECS + 1)
    assert send(other) == 1 and states(app) == ["told"]


def _dies(*_given: object) -> bool:
    raise SystemExit


@ONE_ENGINE
def test_it_is_told_in_the_operators_language(
    telling: Apps, sink: NoticeSink, clock: MovingClock
) -> None:
    app = telling(language="zh")
    file_crawl(app)
    run_job(app)
    send(app)
    assert sink.titles[0].startswith("Baton 日报：")
    assert "入库：0 个达人（新 0），0 页" in sink.text and "目前：一切正常" in sink.text


@ONE_ENGINE
def test_without_a_channel_the_job_says_so_and_can_be_switched_off(make_app: Apps) -> None:
    assert run_job(make_app()) == "no notification channel is set up"
    assert not job_of(make_app(digest_enabled=False)).enabled


@ONE_ENGINE
def test_a_long_day_fits_into_a_chat_message(app: App) -> None:
    """The largest rows stand first, and the others are counted."""
    day = date(2026, 11, 22)
    ingested = tuple(
        IngestedShare(
            account_id=n,
            account=f"账号{n:03}" * 20,
            platform="bilibili",
            domain="美妆" * 60,
            pages=1,
            seen=n,
            new_count=0,
        )
        for n in range(300)
    )
    exported = tuple(
        ExportedShare(
            account_id=n, account="b", platform="bilibili", domain="d", files=1, exported_count=n
        )
        for n in range(300)
    )
    found = Digest(
        report=DayReport(day=day, is_today=False, ingested=ingested, exported=exported),
        filed=(),
        counted=CountedDay(0, 0, 0),
        health=app.report_health.read(),
        alerts=0,
    )
    message = digest_message(found, renderer_for("zh", app.calendar.zone))
    assert len(f"{message.title}\n{message.body}".encode()) <= digest.MAX_BYTES
    rows = [line for line in message.body.splitlines() if line.startswith("- ")]
    assert rows[0].startswith("- 账号299") and "：299（" in rows[0]
    assert sum(line.startswith("- 另有") for line in rows) == 2
    assert sum(line.startswith("- b，") for line in rows) >= 3
