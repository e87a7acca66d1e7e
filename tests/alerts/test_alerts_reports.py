"""Alerts about reports: receivers that are gone, what was given up or waits, a broadcast that is
stale; and about jobs that failed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alerts.monitor import CALM_SECS
from app.container import App
from core.cancellation import StoppedSignal
from core.errors import SettingsError
from jobs.due import JobContext
from presentation.i18n.alert_messages import AlertRenderer
from presentation.i18n.renderer import renderer_for
from storage.crawling.job_runs import RunState
from storage.distribution.endpoints import Reopened
from storage.operations.alerts import Alert, AlertKind
from tests.support.alerts.alert_causes import every_alert, open_alerts
from tests.support.crawler.workbench import ONE_ENGINE
from tests.support.distribution.distribution import (
    GONE,
    NEVER,
    Numbers,
    broadcaster_of,
    take_tasks,
    task,
    youtube,
)
from tests.support.jobs.job_tools import hourly, runs
from tests.support.moving_clock import MovingClock
from tests.support.webhooks.post_office import PostOffice
from webhooks.requests import ReplayRequest

HOST = "127.0.0.1"


def look(app: App) -> list[Alert]:
    """Let the monitor look, and return the alerts whose cause is present."""
    app.alerts.monitor().look_once()
    return [alert for alert in open_alerts(app) if alert.is_present(app.clock.now())]


def headlines(app: App) -> list[str]:
    renderer = AlertRenderer(renderer_for("en", app.calendar.zone))
    return [renderer.headline(alert) for alert in look(app)]


def test_a_receiver_that_is_gone_is_told_until_its_url_is_enabled(
    office: PostOffice, clock: MovingClock
) -> None:
    look(office.app)
    office.order("gone", "gone", times=1)
    delivery, _ = office.file(office.url("gone"), "a"), office.file(office.url("gone"), "b")
    office.send()
    [alert] = look(office.app)
    assert alert.kind is AlertKind.RECEIVER_GONE
    assert (alert.facts["host"], alert.facts["delivery"]) == (HOST, delivery)
    assert headlines(office.app) == [
        f"nothing is sent to {HOST} any more: the receiver said HTTP 410 Gone"
    ]
    clock.move(86_400)
    assert len(look(office.app)) == 1, "what waits for it is no alert of its own"
    enabled = office.app.webhooks.service.enable(office.url("gone"))
    assert enabled == Reopened(waiting=1, resent=1, given_up=0)
    assert office.send() == 2
    assert look(office.app) == []
    clock.move(CALM_SECS)
    look(office.app)
    assert [one.resolved_at is not None for one in every_alert(office.app)] == [True]


@ONE_ENGINE
def test_a_url_that_the_operator_disabled_is_no_alert(office: PostOffice) -> None:
    look(office.app)
    office.file(office.url("ok"), "a")
    office.app.webhooks.service.disable(office.url("ok"), "receiver_gone, says the operator")
    assert look(office.app) == []


def test_reports_that_were_given_up_are_counted_by_receiver(office: PostOffice) -> None:
    look(office.app)
    office.order("bad", "drop")
    lost = [office.file(office.url("ok", "bad"), name) for name in "ab"]
    office.app.database.write(
        lambda tx: tx.execute("UPDATE webhook_deliveries SET attempts=99, not_before=created_at")
    )
    office.send()
    [alert] = look(office.app)
    assert (alert.kind, alert.facts["host"]) == (AlertKind.REPORTS_GIVEN_UP, HOST)
    assert headlines(office.app)[0].startswith(f"2 reports to {HOST} were given up: ")
    office.order("bad", "ok")
    office.app.webhooks.service.replay(ReplayRequest(ids=lost))
    office.send()
    assert look(office.app) == []


@ONE_ENGINE
def test_a_broadcast_that_a_later_one_replaced_is_no_loss(office: PostOffice) -> None:
    look(office.app)
    office.order("bad", "drop")
    url = office.url("ok", "bad")
    office.file(url, "a", kind="broadcast")
    office.app.database.write(
        lambda tx: tx.execute("UPDATE webhook_deliveries SET attempts=99, not_before=created_at")
    )
    office.send()
    assert [alert.kind for alert in look(office.app)] == [AlertKind.REPORTS_GIVEN_UP]
    office.order("bad", "ok")
    office.file(url, "a", kind="broadcast")
    office.send()
    assert look(office.app) == []


def test_a_report_that_waits_for_an_hour_is_told(office: PostOffice, clock: MovingClock) -> None:
    look(office.app)
    office.order("bad", "error")
    office.file(office.url("ok", "bad"), "a")
    office.send()
    clock.move(3590)
    assert look(office.app) == []
    clock.move(20)
    [alert] = look(office.app)
    assert alert.kind is AlertKind.REPORTS_LATE
    office.order("bad", "ok")
    office.send()
    assert look(office.app) == []


@ONE_ENGINE
def test_reports_that_no_process_sends_are_told(office: PostOffice, clock: MovingClock) -> None:
    look(office.app)
    office.file(office.url("ok"), "a")
    clock.move(3700)
    assert headlines(office.app)[0].endswith("no process sends them")


@ONE_ENGINE
def test_zero_seconds_turn_the_alert_about_waiting_reports_off(
    make_office: Callable[..., PostOffice], clock: MovingClock
) -> None:
    office = make_office(webhook_late_secs=0)
    look(office.app)
    office.file(office.url("ok"), "a")
    clock.move(86_400)
    assert look(office.app) == []


def test_a_stale_broadcast_is_told_and_ends_with_a_round(app: App, clock: MovingClock) -> None:
    look(app)
    take_tasks(app, task("t1", video_url=youtube(1)))
    caster = broadcaster_of(app, Numbers())
    caster.start()
    clock.move(541)
    assert headlines(app)[0].endswith("no round has ended")
    broadcaster_of(app, Numbers({youtube(1): GONE})).trigger(NEVER)
    assert "none of 1 active tasks has numbers: not_found: deleted" in headlines(app)[0]
    caster.trigger(NEVER)
    assert look(app) == []
    clock.move(600)
    caster.stop()
    assert look(app) == [], "it is off"


def test_a_job_that_failed_is_told_until_it_succeeds(app: App, clock: MovingClock) -> None:
    look(app)
    name = app.jobs.all[0].name

    def fails(_context: JobContext) -> str:
        raise SettingsError("notify_url_malformed")

    app.jobs.runner.run_now(hourly(fails, name=name))
    [alert] = look(app)
    assert (alert.kind, alert.subject) == (AlertKind.JOB_FAILED, f"job:{name}")
    began = alert.since_at
    clock.move(3600)
    app.jobs.runner.run_now(hourly(fails, name=name))
    [again] = look(app)
    assert (again.id, again.since_at) == (alert.id, began), "it is the same trouble"
    clock.move(3600)
    app.jobs.runner.run_now(hourly(lambda context: "done", name=name))
    assert look(app) == []


@ONE_ENGINE
def test_a_failed_job_that_is_not_run_any_more_is_forgotten_in_a_week(
    app: App, clock: MovingClock
) -> None:
    look(app)

    def fails(_context: JobContext) -> str:
        raise SettingsError("notify_url_malformed")

    app.jobs.runner.run_now(hourly(fails, name=app.jobs.all[0].name))
    assert len(look(app)) == 1
    clock.move(8 * 86_400)
    assert look(app) == []


@ONE_ENGINE
def test_a_job_that_its_caller_interrupted_did_not_fail(app: App) -> None:
    look(app)

    def stops(_context: JobContext) -> str:
        raise StoppedSignal

    name = app.jobs.all[0].name
    app.jobs.runner.run_now(hourly(stops, name=name))
    assert [run.state for run in runs(app, name)] == [RunState.FAILED] and look(app) == []


@ONE_ENGINE
def test_an_alert_does_not_end_because_more_receivers_are_gone(
    office: PostOffice, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.report_trouble.MAX_GONE", 1)
    look(office.app)
    for name in ("first", "second"):
        office.file(office.url("gone", name), "a")
        office.send()
        clock.move(60)
        [alert] = look(office.app)
    assert alert.facts["delivery"] == 1, "the first one's"
