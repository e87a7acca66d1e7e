"""What only its own process knows: told by an alert that outlives it until its end."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import requests

from alerts.channels import Channel
from alerts.digests import DigestSender
from alerts.monitor import CALM_SECS
from alerts.notifier import AlertNotifier
from app.container import App
from app.web import web_server
from core.clock import iso_utc
from core.leases import Lease, LeaseKind
from storage.operations.alerts import AlertKind
from tests.support.alerts.alert_causes import disable, open_alerts
from tests.support.crawler.workbench import ONE_ENGINE, rows
from tests.support.moving_clock import MovingClock


def fail(app: App, component: str = "export") -> None:
    app.foundation.errors_of(component).settled(ZeroDivisionError("cookie=hunter2"))


def test_an_internal_error_is_told_while_it_is_new(app: App, clock: MovingClock) -> None:
    watcher = app.alerts.monitor()
    fail(app)
    assert watcher.look_once() == 1
    [alert] = open_alerts(app)
    assert alert.kind is AlertKind.INTERNAL_ERROR
    headline = app.alerts.messages.headline(alert)
    assert "export" in headline and "test-host" in headline and "ZeroDivisionError" in headline
    assert "hunter2" not in headline
    clock.move(600)
    assert watcher.look_once() == 0
    clock.move(CALM_SECS)
    assert watcher.look_once() == 1
    assert open_alerts(app) == []


def test_more_of_them_are_one_alert_that_lasts_longer(app: App, clock: MovingClock) -> None:
    watcher = app.alerts.monitor()
    fail(app)
    assert watcher.look_once() == 1
    for _ in range(5):
        clock.move(300)
        fail(app)
        assert watcher.look_once() == 0
    [alert] = open_alerts(app)
    assert alert.facts["times"] == 2
    assert alert.well_since is None


@ONE_ENGINE
def test_other_processes_keep_the_alert_until_its_end(
    make_app: Callable[..., App], clock: MovingClock
) -> None:
    one, other = make_app(), make_app(host="other-host")
    fail(one)
    assert one.alerts.monitor().look_once() == 1
    watcher = other.alerts.monitor()
    clock.move(599)
    assert watcher.look_once() == 0
    assert [alert.well_since for alert in open_alerts(other)] == [None]
    fail(other)
    assert watcher.look_once() == 1
    assert len(open_alerts(other)) == 2, "each host has its own"


@ONE_ENGINE
def test_a_channel_that_fails_in_its_own_way_is_told_later(
    app: App, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Channel):
        id = name = "broken"

        def __init__(self) -> None:
            pass

        def send(self, message: object) -> None:
            raise ZeroDivisionError("a bug of ours")

    channel = Broken()
    notifier = AlertNotifier(
        database=app.database,
        clock=app.clock,
        channel=channel,
        renderer=app.alerts.messages,
        owner=app.owner,
        host=app.host,
        errors=app.foundation.errors_of("notices"),
        digests=DigestSender(
            database=app.database,
            clock=app.clock,
            channel=channel,
            compose=app.alerts.digest_of,
            owner=app.owner,
            errors=app.foundation.errors_of("digests"),
        ),
    )
    watcher = app.alerts.monitor()
    watcher.channels = [channel.id]
    disable(app)
    watcher.look_once()
    assert notifier.send_once() == 0
    [notice] = rows(app, "SELECT * FROM alert_notices")
    assert notice["state"] == "due" and "ZeroDivisionError" in notice["last_error"]
    assert notifier.send_once() == 0, "it is not due yet"


@ONE_ENGINE
def test_work_that_hangs_is_told_by_alert_and_health_until_it_goes_on(
    app: App, clock: MovingClock
) -> None:
    hangs, go_on, worked, end = (threading.Event() for _ in range(4))

    def work(_stop: threading.Event) -> None:
        lease = Lease(kind=LeaseKind.TASK, row_id=7, token=1, deadline=0.0)
        app.leases.add(lease)
        app.clock.now()
        hangs.set()
        go_on.wait(60)
        app.clock.now()
        worked.set()
        end.wait(60)

    server = web_server(app, "127.0.0.1", 0)
    watcher = app.alerts.monitor()
    thread = threading.Thread(
        target=app.foundation.progress.followed(work),
        args=(threading.Event(),),
        name="ingestion-1",
        daemon=True,
    )
    thread.start()
    assert hangs.wait(30)
    began = iso_utc(clock.now())

    def ask(path: str) -> requests.Response:
        return requests.get(f"{server.url}{path}", timeout=30)

    server.start()
    try:
        assert ask("/healthz").json() == {"status": "ok"}
        clock.move(app.settings.stalled_after_secs + 1)
        for path in ("/healthz", "/readyz"):
            answer = ask(path)
            assert answer.status_code == 200
            assert answer.json() == {
                "status": "stalled",
                "stalled": [
                    {"what": "thread ingestion-1", "since": began},
                    {"what": "task 7", "since": began},
                ],
            }
        assert watcher.look_once() == 2
        headlines = [app.alerts.messages.headline(alert) for alert in open_alerts(app)]
        assert any("task 7 on test-host makes no progress since" in one for one in headlines)
        go_on.set()
        assert worked.wait(30)
        assert ask("/readyz").json() == {"status": "ok"}
    finally:
        server.stop()
        server.join(30)
        end.set()
        thread.join(30)
    clock.move(91)
    watcher.look_once()
    assert all(alert.well_since is not None for alert in open_alerts(app))
