"""Retention of egress routes: those that nobody uses any more go after 90 days."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from app.container import App
from core.errors import FaultUnit, TransportFault
from core.messages import Message
from sources.transport.egress import direct_egress
from storage.crawling import proxies
from storage.engines.datetimes import to_sql
from storage.operations import retention
from tests.support.apps import add_account
from tests.support.messages import english
from tests.support.moving_clock import MovingClock

DAYS = 90
URL = "http://{}:p@gate:7000"


def note(app: App, user: str) -> str:
    """Make a route known now, as a request by it does; return its name."""
    route = app.foundation.egress.of(URL.format(user))
    app.pool.egress_routes.note(route)
    return route.name


def known(app: App) -> set[str]:
    return {route.egress for route in app.database.read(proxies.all_of)}


def prune(app: App) -> str:
    return english(app.jobs.scheduled.retention.run(threading.Event()))


def set_column(app: App, egress: str, assignment: str, **params: object) -> None:
    app.database.write(
        lambda tx: tx.execute(
            f"UPDATE proxies SET {assignment} WHERE egress=:egress", egress=egress, **params
        )
    )


def test_a_route_that_nobody_uses_goes_after_ninety_days(app: App, clock: MovingClock) -> None:
    old = note(app, "old")
    clock.move_to(clock.now() + timedelta(days=DAYS, seconds=-1))
    young = note(app, "young")
    assert prune(app) == "nothing was old enough to be deleted"
    clock.move(2)
    assert prune(app) == "deleted: egress routes 1"
    assert known(app) == {young} and old != young


@pytest.mark.parametrize("status", ["idle", "disabled"])
def test_the_route_of_an_account_stays(app: App, clock: MovingClock, status: str) -> None:
    account = add_account(app, "acc1", proxy=URL.format("used"))
    used = app.pool.registry.find("acc1").egress
    app.pool.manager.set_account_status(account, status)
    clock.move_to(clock.now() + timedelta(days=3 * DAYS))
    assert "egress routes" not in prune(app)
    assert known(app) == {used}


def test_a_route_that_an_operator_added_or_holds_stays(app: App, clock: MovingClock) -> None:
    added, held, direct = note(app, "added"), note(app, "held"), direct_egress("gone-host")
    app.pool.egress_routes.note(direct)
    set_column(app, added, "added_at=:at", at=to_sql(clock.now()))
    set_column(app, held, "cooldown_until=:at", at=to_sql(clock.now() + timedelta(days=3 * DAYS)))
    clock.move_to(clock.now() + timedelta(days=2 * DAYS))
    assert prune(app) == "deleted: egress routes 1"
    assert known(app) == {added, held}
    clock.move_to(clock.now() + timedelta(days=1.5 * DAYS))
    assert prune(app) == "nothing was old enough to be deleted", "its cooldown ended lately"
    clock.move_to(clock.now() + timedelta(days=DAYS))
    assert prune(app) == "deleted: egress routes 1"
    assert known(app) == {added}


@pytest.mark.parametrize("news", ["good", "bad"])
def test_a_route_of_which_something_was_heard_stays(
    app: App, clock: MovingClock, news: str
) -> None:
    egress, routes = note(app, "one"), app.pool.egress_routes
    clock.move_to(clock.now() + timedelta(days=DAYS))
    if news == "good":
        routes.record_success(egress)
    else:
        reason = Message.of("proxy_answered", status=407)
        routes.record_failure(egress, TransportFault(FaultUnit.EXIT, reason, is_certain=True))
    clock.move_to(clock.now() + timedelta(days=DAYS - 1))
    assert prune(app) == "nothing was old enough to be deleted"


def test_a_route_that_an_account_begins_to_use_in_that_moment_stays(
    app: App, clock: MovingClock
) -> None:
    used, unused = note(app, "used"), note(app, "unused")
    clock.move_to(clock.now() + timedelta(days=2 * DAYS))
    found = app.database.read(retention.old_routes, clock.now() - timedelta(days=DAYS), 10)
    assert len(found) == 2
    add_account(app, "acc1", proxy=URL.format("used"))
    assert app.pool.registry.find("acc1").egress == used
    assert app.database.write(retention.drop_routes, found) == 1
    assert known(app) == {used} and used != unused
