"""Ways to make something wrong, and to mend it again, for each kind of alert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from accounts.account_lease import Purpose
from accounts.manager import Cooldown
from accounts.vault import Credentials
from app.container import App
from core.errors import LoginExpiredError, TransportFault
from core.messages import Message
from storage.operations import alerts
from storage.operations.alerts import Alert, AlertKind
from tests.support.accounts.egress import DEAD_PROXY, LOGIN_REFUSED, open_circuit
from tests.support.crawler.workbench import (
    account_of,
    add_account,
    claimed,
    file_crawl,
    file_export,
    once,
    store_rows,
)
from tests.support.moving_clock import MovingClock


@dataclass(frozen=True)
class Cause:
    """`make` and `mend` are given an App and its clock."""

    kind: AlertKind
    make: Callable[[App, MovingClock], Any]
    mend: Callable[[App, MovingClock], Any]

    def __str__(self) -> str:
        return str(self.kind)


EXPIRED = Message.of("session_expired", cause=LoginExpiredError("code -101"))


def disable(app: App, name: str = "acc1", reason: Message | str = EXPIRED) -> None:
    """Disable an account as the platform's answer does."""
    if app.pool.registry.lookup("bilibili", name) is None:
        add_account(app, name)
    leased = app.pool.manager.lease(Purpose.INGESTING, "bilibili")
    while leased is not None and leased.username != name:
        leased = app.pool.manager.lease(Purpose.INGESTING, "bilibili")
    assert leased is not None
    app.pool.manager.disable(leased, Message.text(reason) if isinstance(reason, str) else reason)


def enable(app: App, name: str = "acc1") -> None:
    app.pool.manager.set_account_status(account_of(app, name).id, "idle")


def suspect(app: App, name: str = "acc1") -> None:
    """Let the platform refuse an account alone, as risk control does."""
    if app.pool.registry.lookup("bilibili", name) is None:
        add_account(app, name)
    leased = app.pool.manager.lease_by_id(account_of(app, name).id, Purpose.INGESTING)
    assert leased is not None
    reason = Message.of("risk_control", cause=Message.text("code -352"))
    cooldown = Cooldown(base_secs=900.0, reason=reason, suspect=True)
    app.pool.manager.cool_down(leased, cooldown)


def spend(app: App) -> None:
    """File an export that waits for the next quota day."""
    add_account(app, "acc1", limit=5)
    store_rows(app, 8)
    file_export(app)
    worker = app.crawling.export_worker()
    while once(worker):
        pass


def fail_task(app: App, domain: str = "美妆") -> int:
    """Insert a top-level task that has failed; return its id."""
    task = file_crawl(app, domain=domain)
    app.crawling.scheduler.finish(claimed(app, only=task.id), Message.text("boom"))
    return task.id


def expire(app: App, days: float, name: str = "acc1") -> None:
    """Add an account whose session ends in so many days."""
    ends_at = app.clock.now() + timedelta(days=days)
    session = Credentials(session=f"SESSDATA={name}-{days}")
    account = app.pool.registry.lookup("bilibili", name)
    if account is None:
        app.pool.registry.add("bilibili", name, session, 10, ends_at)
    else:
        app.pool.registry.refresh(account, session, ends_at)


def egress_of(app: App, name: str) -> str:
    """Return the route of an account."""
    return account_of(app, name).egress or ""


def fail_egress(app: App, clock: MovingClock, fault: TransportFault, times: int) -> None:
    """Let the route of an account fail, and each probe of it, so often in all."""
    add_account(app, "acc1", proxy="http://user:secret@gate.example:7000")
    for number in range(times):
        until = app.pool.egress_routes.record_failure(egress_of(app, "acc1"), fault)
        assert until is not None
        if number + 1 < times:
            clock.move_to(until + timedelta(milliseconds=50))


CAUSES = (
    Cause(AlertKind.ACCOUNT_DISABLED, lambda app, _: disable(app), lambda app, _: enable(app)),
    Cause(
        AlertKind.ACCOUNTS_SPENT,
        lambda app, _: spend(app),
        lambda app, _: app.pool.registry.set_limit(account_of(app, "acc1"), 100),
    ),
    Cause(AlertKind.ACCOUNTS_SUSPECT, lambda app, _: suspect(app), lambda app, _: enable(app)),
    Cause(
        AlertKind.CIRCUIT_OPEN,
        lambda app, _: open_circuit(app, "bilibili"),
        lambda app, clock: clock.move(app.settings.risk_cooldown_secs),
    ),
    Cause(
        AlertKind.EGRESS_DOWN,
        lambda app, clock: fail_egress(app, clock, DEAD_PROXY, times=5),
        lambda app, _: app.pool.egress_routes.record_success(egress_of(app, "acc1")),
    ),
    Cause(
        AlertKind.EGRESS_REFUSED,
        lambda app, clock: fail_egress(app, clock, LOGIN_REFUSED, times=1),
        lambda app, _: app.pool.egress_operator.open("gate.example:7000"),
    ),
    Cause(
        AlertKind.INTERNAL_ERROR,
        lambda app, _: app.foundation.errors_of("export").settled(ZeroDivisionError("a bug")),
        lambda _, clock: clock.move(600),
    ),
    Cause(
        AlertKind.SESSION_EXPIRING,
        lambda app, _: expire(app, 2.5),
        lambda app, _: expire(app, 100),
    ),
    Cause(
        AlertKind.TASK_FAILED,
        lambda app, _: fail_task(app),
        lambda app, _: app.crawling.control.resume(1),
    ),
)


def open_alerts(app: App) -> list[Alert]:
    return app.database.read(alerts.all_open)


def open_kinds(app: App) -> list[str]:
    return [alert.kind.value for alert in open_alerts(app)]


def every_alert(app: App) -> list[Alert]:
    """Return every alert, newest first."""
    return app.database.read(alerts.newest, 1000)
