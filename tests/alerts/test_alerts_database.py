"""Alerts about the database and the disk: raised when they can be, over by themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.container import App
from core.errors import (
    DatabaseRefusedError,
    DatabaseUnavailableError,
    DatabaseUnclassifiedError,
    NoRoomError,
)
from storage.models.tasks import TaskStatus, TaskType, WaitingFor
from storage.operations import database_clock
from storage.operations.alerts import AlertKind
from tests.support.alerts.alert_causes import open_alerts, open_kinds
from tests.support.crawler.workbench import (
    ONE_ENGINE,
    add_account,
    claimed,
    file_export,
    store_rows,
    task_of,
)
from tests.support.moving_clock import MovingClock

AWAY = DatabaseUnavailableError("database_unavailable", where="mysql://here", detail="away")
UNKNOWN = DatabaseUnclassifiedError(
    "database_error_unclassified", where="mysql://here", number=3999, detail="x"
)
FULL = NoRoomError("export_not_writable", path="/out", detail="No space left on device")


LOCKED_OUT = DatabaseRefusedError("database_login_refused", where="mysql://here")


@ONE_ENGINE
def test_a_login_that_was_refused_is_told_when_it_is_let_in_again(
    app: App, clock: MovingClock
) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    app.database.outages.failed(LOCKED_OUT, writing=True)
    clock.move(700)
    app.database.outages.failed(LOCKED_OUT, writing=False)
    app.database.outages.succeeded(writing=True)
    assert watcher.look_once() == 1
    [alert] = open_alerts(app)
    assert alert.kind is AlertKind.DATABASE_UNAVAILABLE
    assert "wrong user or password" in app.alerts.messages.headline(alert)


@pytest.mark.parametrize(("secs", "is_told"), [(5, False), (300, True)])
@ONE_ENGINE
def test_an_outage_is_told_when_it_is_over(
    app: App, clock: MovingClock, secs: int, is_told: bool
) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    app.database.outages.failed(AWAY, writing=True)
    clock.move(secs)
    app.database.outages.succeeded(writing=True)
    assert watcher.look_once() == int(is_told)
    if is_told:
        [alert] = open_alerts(app)
        assert (alert.kind, alert.facts["secs"]) == (AlertKind.DATABASE_UNAVAILABLE, secs)
        headline = app.alerts.messages.headline(alert)
        assert headline == (
            "the database could not be used for 300 s, seen from test-host: mysql://here: away"
        )
        clock.move(121)
        watcher.look_once()
        clock.move(300)
        watcher.look_once()
        assert open_alerts(app) == []


@ONE_ENGINE
def test_two_processes_tell_of_one_outage_once(make_app, clock: MovingClock) -> None:
    apps = [make_app(host=f"box-{n}") for n in range(2)]
    watchers = [app.alerts.monitor() for app in apps]
    for watcher in watchers:
        watcher.look_once()
    for app in apps:
        app.database.outages.failed(AWAY, writing=True)
    clock.move(60)
    for app in apps:
        app.database.outages.succeeded(writing=True)
    assert [watcher.look_once() for watcher in watchers * 2] == [1, 0, 0, 0]


@ONE_ENGINE
def test_an_error_that_nobody_knows_is_told_with_its_number(app: App) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    app.database.outages.failed(UNKNOWN, writing=True)
    assert watcher.look_once() == 1
    [alert] = open_alerts(app)
    assert alert.kind is AlertKind.DATABASE_UNKNOWN_ERROR
    assert "error 3999" in app.alerts.messages.headline(alert)


def test_an_export_that_waits_for_its_disk_is_told_and_never_fails(
    app: App, clock: MovingClock
) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    add_account(app, "acc1")
    store_rows(app, 3)
    task = file_export(app)
    for _ in range(60):
        lease = claimed(app, TaskType.EXPORT)
        app.crawling.scheduler.wait_for_room(lease, FULL)
        clock.move(60)
    row = task_of(app, task.id)
    assert (row.status, row.waiting_for, row.attempts) == (
        TaskStatus.PENDING,
        WaitingFor.DISK,
        0,
    )
    assert watcher.look_once() == 1
    assert open_kinds(app) == [AlertKind.DISK_FULL]
    [alert] = open_alerts(app)
    assert "No space left on device" in app.alerts.messages.headline(alert)
    app.crawling.scheduler.finish(claimed(app, TaskType.EXPORT))
    watcher.look_once()
    clock.move(300)
    assert watcher.look_once() == 1 and open_alerts(app) == []


@ONE_ENGINE
def test_a_clock_that_went_back_is_told(app: App, clock: MovingClock) -> None:
    watcher, renewer = app.alerts.monitor(), app.crawling.lease_renewer("")
    watcher.look_once()
    renewer.renew_once()
    assert watcher.look_once() == 0
    ahead = app.clock.now() + timedelta(hours=1)
    app.database.write(database_clock.note_highest, ahead)
    assert watcher.look_once() == 1
    assert open_kinds(app) == [AlertKind.CLOCK_WENT_BACK]
    now = app.clock.now()
    app.database.write(database_clock.mend, now, app.calendar.day(now), lease=timedelta(0))
    watcher.look_once()
    clock.move(300)
    assert watcher.look_once() == 1
