"""What only its own process knows: told by an alert that outlives it until its end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alerts.channels import Channel
from alerts.monitor import CALM_SECS
from alerts.notifier import AlertNotifier
from app.container import App
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
    )
    watcher = app.alerts.monitor()
    watcher.channels = [channel.id]
    disable(app)
    watcher.look_once()
    assert notifier.send_once() == 0
    [notice] = rows(app, "SELECT * FROM alert_notices")
    assert notice["state"] == "due" and "ZeroDivisionError" in notice["last_error"]
    assert notifier.send_once() == 0, "it is not due yet"
