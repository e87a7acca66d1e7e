"""Alerts: raised once per cause, over when the cause stays away, quiet about the past."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.account_lease import Purpose
from alerts.monitor import CALM_SECS, LOOK_EVERY_SECS
from app.container import App
from core.attribution import CircuitCause, CircuitUnit
from core.errors import DatabaseError
from core.messages import Message
from storage.crawling import source_states
from storage.crawling.source_states import CircuitState
from storage.operations import alerts
from storage.operations.alerts import NOT_RAISED, AlertKind
from tests.support.accounts.egress import DEAD_PROXY, LOGIN_REFUSED, open_circuit
from tests.support.alerts.alert_causes import (
    CAUSES,
    Cause,
    disable,
    egress_of,
    enable,
    every_alert,
    expire,
    fail_egress,
    fail_task,
    open_alerts,
    open_kinds,
    spend,
    suspect,
)
from tests.support.crawler.workbench import (
    ONE_ENGINE,
    account_of,
    add_account,
    at_once,
    claimed,
    file_crawl,
    file_export,
    pieces_of,
    store_rows,
)
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock


@pytest.mark.parametrize("cause", CAUSES, ids=str)
def test_each_kind_is_raised_once_and_is_over_when_it_stays_away(
    app: App, clock: MovingClock, cause: Cause
) -> None:
    watcher = app.alerts.monitor()
    assert watcher.look_once() == 0
    cause.make(app, clock)
    assert [watcher.look_once() for _ in range(3)] == [1, 0, 0]
    assert open_kinds(app) == [cause.kind]
    cause.mend(app, clock)
    assert watcher.look_once() == 0
    assert open_kinds(app) == [cause.kind], "over at once"
    clock.move(CALM_SECS - 1)
    assert watcher.look_once() == 0
    clock.move(1)
    assert [watcher.look_once() for _ in range(2)] == [1, 0]
    [alert] = every_alert(app)
    assert alert.resolved_at is not None and open_alerts(app) == []


@pytest.mark.parametrize("cause", CAUSES, ids=str)
@ONE_ENGINE
def test_two_processes_raise_and_end_it_once(
    make_app: Callable[..., App], clock: MovingClock, cause: Cause
) -> None:
    one, other = make_app(), make_app()
    watchers = [app.alerts.monitor() for app in (one, other)]
    at_once(*(watcher.look_once for watcher in watchers))
    cause.make(one, clock)
    raised = at_once(*(watcher.look_once for watcher in watchers))
    assert sum(raised) == 1 and len(every_alert(one)) == 1
    cause.mend(one, clock)
    at_once(*(watcher.look_once for watcher in watchers))
    clock.move(CALM_SECS)
    ended = at_once(*(watcher.look_once for watcher in watchers))
    assert sum(ended) == 1 and open_alerts(one) == []


def test_who_comes_second_raises_nothing(
    make_app: Callable[..., App], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has looked before the first has written."""
    one, other = make_app(), make_app()
    first, second = one.alerts.monitor(), other.alerts.monitor()
    first.look_once()
    disable(one)
    assert first.look_once() == 1
    monkeypatch.setattr(alerts, "all_open", lambda tx: [])
    assert second.look_once() == 0
    assert len(every_alert(one)) == 1


@ONE_ENGINE
def test_what_failed_before_the_first_look_is_no_news(app: App, clock: MovingClock) -> None:
    add_account(app, "old")
    disable(app, "old")
    expire(app, 1, "gone")
    fail_task(app, "游戏")
    clock.move(2 * 86400)
    watcher = app.alerts.monitor()
    assert watcher.look_once() == 0
    disable(app, "new")
    fail_task(app, "美妆")
    assert watcher.look_once() == 2
    assert {alert.facts.get("account", "task") for alert in open_alerts(app)} == {"new", "task"}


@ONE_ENGINE
def test_the_past_begins_at_the_first_look_of_all(
    make_app: Callable[..., App], clock: MovingClock
) -> None:
    """What fails while nobody watches is news for the next who does."""
    make_app().alerts.monitor().look_once()
    clock.move(3 * 86400)
    later = make_app()
    disable(later)
    clock.move(86400)
    assert make_app().alerts.monitor().look_once() == 1


@ONE_ENGINE
def test_what_the_operator_disables_is_no_alert(app: App, clock: MovingClock) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    add_account(app, "mine")
    expire(app, 1, "mine")
    app.pool.manager.set_account_status(account_of(app, "mine").id, "disabled", "banned: I say so")
    assert watcher.look_once() == 0
    disable(app, "theirs")
    assert watcher.look_once() == 1
    app.pool.manager.set_account_status(account_of(app, "theirs").id, "disabled")
    watcher.look_once()
    clock.move(CALM_SECS)
    watcher.look_once()
    assert open_alerts(app) == [], "the operator has taken it in hand"


@ONE_ENGINE
def test_a_cause_that_comes_and_goes_is_one_alert(app: App, clock: MovingClock) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    for _ in range(20):
        disable(app)
        watcher.look_once()
        clock.move(CALM_SECS / 2)
        enable(app)
        watcher.look_once()
        clock.move(CALM_SECS / 2)
        watcher.look_once()
    assert len(every_alert(app)) == 1
    clock.move(CALM_SECS)
    assert watcher.look_once() == 1


@ONE_ENGINE
def test_a_cause_that_comes_back_soon_must_stay_away_twice_as_long(
    app: App, clock: MovingClock
) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()

    def raised_and_over(after_secs: float) -> int:
        clock.move(after_secs)
        disable(app)
        watcher.look_once()
        enable(app)
        watcher.look_once()
        calm_secs = every_alert(app)[0].calm_secs
        clock.move(calm_secs)
        assert watcher.look_once() == 1
        return calm_secs

    assert [raised_and_over(60) for _ in range(6)] == [300, 600, 1200, 2400, 3600, 3600]
    assert raised_and_over(3600) == 300


@ONE_ENGINE
def test_an_open_circuit_is_one_alert_for_all_processes(
    make_app: Callable[..., App], clock: MovingClock
) -> None:
    one, other = make_app(), make_app()
    watchers = [app.alerts.monitor() for app in (one, other)]
    for watcher in watchers:
        watcher.look_once()
    open_circuit(one, "bilibili")
    assert [watcher.look_once() for watcher in watchers] == [1, 0]
    [alert] = open_alerts(other)
    assert alert.kind == "breaker_open" and alert.subject == "platform:bilibili"
    clock.move(899)
    watchers[1].look_once()
    assert open_alerts(other)[0].well_since is None
    clock.move(1)
    watchers[1].look_once()
    clock.move(CALM_SECS)
    assert watchers[1].look_once() == 1


@ONE_ENGINE
def test_one_egress_and_one_endpoint_are_named_apart_from_the_whole_platform(app: App) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    open_circuit(app, "bilibili")
    open_circuit(app, "bilibili", egress="10.0.0.8:3128#1f3a9c02")
    open_circuit(app, "bilibili", endpoint="search", cause="throttle")
    open_circuit(app, "bilibili", egress="10.0.0.8:3128#1f3a9c02", endpoint="view")
    open_circuit(app, "bilibili", endpoint="medialist", cause="unusable")
    assert watcher.look_once() == 4
    told = {app.alerts.messages.headline(alert).split(" until ")[0] for alert in open_alerts(app)}
    assert told == {
        "bilibili is left alone",
        "by egress route 10.0.0.8:3128#1f3a9c02 bilibili is left alone",
        "bilibili, endpoint search, is left alone",
        "by egress route 10.0.0.8:3128#1f3a9c02 endpoint view of bilibili is left alone",
    }


@ONE_ENGINE
def test_an_alert_of_before_circuits_can_still_be_read(app: App, clock: MovingClock) -> None:
    facts = {"platform": "bilibili", "way": None}
    app.database.write(
        alerts.add,
        AlertKind("breaker_open"),
        subject="platform:bilibili",
        facts=facts,
        until=clock.now(),
        calm_secs=300,
        now=clock.now(),
    )
    assert app.alerts.messages.headline(open_alerts(app)[0]).endswith(": risk control")


@ONE_ENGINE
def test_a_route_that_never_worked_is_an_alert_at_once_and_only_while_it_is_used(
    app: App, clock: MovingClock
) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    fail_egress(app, clock, DEAD_PROXY, times=1)
    assert watcher.look_once() == 1
    [alert] = open_alerts(app)
    assert alert.subject.startswith("egress:gate.example:7000#")
    app.pool.manager.set_account_status(account_of(app, "acc1").id, "disabled")
    watcher.look_once()
    assert open_alerts(app)[0].well_since is not None, "nobody leaves by it"


@ONE_ENGINE
def test_a_route_that_worked_is_an_alert_when_its_probe_fails_too(
    app: App, clock: MovingClock
) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    add_account(app, "acc1", proxy="http://user:secret@gate.example:7000")
    route, good_at = egress_of(app, "acc1"), clock.now()
    app.pool.egress_routes.record_success(route)
    clock.move(600)
    until = app.pool.egress_routes.record_failure(route, DEAD_PROXY)
    assert until is not None and watcher.look_once() == 0
    clock.move_to(until + timedelta(seconds=1))
    assert app.pool.egress_routes.record_failure(route, DEAD_PROXY)
    assert watcher.look_once() == 1
    assert open_alerts(app)[0].since_at == good_at, "nothing has come by it since then"


@ONE_ENGINE
def test_what_is_wrong_is_listed_though_no_process_looks(app: App, clock: MovingClock) -> None:
    app.alerts.monitor().look_once()
    clock.move(60)
    began = clock.now()
    open_circuit(app, "bilibili", secs=600)
    clock.move(30)
    reader = app.alerts.monitor()
    [alert] = reader.open_now()
    assert (alert.id, alert.since_at, open_alerts(app)) == (NOT_RAISED, began, [])
    assert app.alerts.monitor().look_once() == 1
    reopened = {"cause": CircuitCause.RISK, "now": clock.now(), "times": 2}
    until = clock.now() + timedelta(seconds=1800)
    unit = CircuitUnit("bilibili")
    app.database.write(
        lambda tx: source_states.set_state(tx, unit, CircuitState.OPEN, until=until, **reopened)
    )
    [raised], [now] = open_alerts(app), reader.open_now()
    assert raised.id == now.id and raised.since_at == now.since_at == began
    assert raised.until_at == began + timedelta(seconds=600)
    assert now.until_at == until, "it was opened again"
    clock.move(1800)
    [over] = reader.open_now()
    assert not over.is_present(clock.now())


@ONE_ENGINE
def test_a_silent_proxy_is_an_alert_until_an_answer_comes_by_it(
    app: App, clock: MovingClock
) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    add_account(app, "acc1", proxy="http://user:secret@gate.example:7000")
    route = egress_of(app, "acc1")
    open_circuit(app, "bilibili", egress=route, cause="no_answer", secs=60)
    watcher.look_once()
    clock.move(61)
    watcher.look_once()
    [alert] = open_alerts(app)
    assert alert.is_present(clock.now()) and alert.until_at is None
    assert app.alerts.messages.headline(alert).endswith("its next request tries it again")


@ONE_ENGINE
def test_accounts_that_are_refused_alone_are_one_alert_of_their_platform(app: App) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    suspect(app, "acc1")
    assert watcher.look_once() == 1
    [alert] = open_alerts(app)
    assert app.alerts.messages.headline(alert).startswith(
        "bilibili refuses account acc1 itself, which rests until "
    )
    assert app.alerts.messages.advice(alert).endswith("accounts enable acc1")
    suspect(app, "acc2")
    assert watcher.look_once() == 0
    [alert] = open_alerts(app)
    assert "2 accounts" in app.alerts.messages.headline(alert)
    assert "(acc1, acc2)" in app.alerts.messages.headline(alert)


@ONE_ENGINE
def test_a_refusing_gateway_is_one_alert_with_what_to_do(app: App, clock: MovingClock) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    fail_egress(app, clock, LOGIN_REFUSED, times=1)
    assert watcher.look_once() == 1
    [alert] = open_alerts(app)
    name = egress_of(app, "acc1")
    assert app.alerts.messages.advice(alert).endswith(f"egress open '{name}'")
    add_account(app, "acc2", proxy="http://other:secret@gate.example:7000")
    app.pool.egress_routes.record_failure(egress_of(app, "acc2"), LOGIN_REFUSED)
    assert watcher.look_once() == 0
    [alert] = open_alerts(app)
    assert app.alerts.messages.headline(alert).startswith("the provider refuses gate.example:7000:")
    assert "secret" not in str(alert)


@ONE_ENGINE
def test_what_an_operator_leaves_alone_is_no_alert(app: App) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    add_account(app, "acc1", proxy="http://user:secret@gate.example:7000")
    app.pool.egress_operator.cool_down("gate.example:7000", timedelta(hours=5))
    assert watcher.look_once() == 0


@ONE_ENGINE
def test_a_failed_piece_is_told_by_its_task_and_a_cancelled_one_not_at_all(app: App) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    split = file_crawl(app, pages=20)
    for piece in pieces_of(app, split.id):
        app.crawling.scheduler.finish(claimed(app, only=piece.id), Message.text("boom"))
    cancelled = file_crawl(app, domain="游戏")
    app.crawling.control.cancel(cancelled.id)
    watcher.look_once()
    assert [alert.subject for alert in open_alerts(app)] == [f"task:{split.id}"]


@ONE_ENGINE
def test_a_failed_task_is_over_when_it_is_cancelled_or_filed_anew(
    app: App, clock: MovingClock
) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    cancelled, anew, other = (fail_task(app, domain) for domain in ("一", "二", "三"))
    assert watcher.look_once() == 3
    app.crawling.control.resume(cancelled)
    app.crawling.control.cancel(cancelled)
    file_crawl(app, domain="二")
    file_export(app, domain="三")  # another type of task
    watcher.look_once()
    clock.move(CALM_SECS)
    watcher.look_once()
    assert [alert.subject for alert in open_alerts(app)] == [f"task:{other}"]
    assert anew != other


@ONE_ENGINE
def test_many_failures_later_an_old_one_is_still_open(
    app: App, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.rules.MAX_FAILED_TASKS", 2)
    watcher = app.alerts.monitor()
    watcher.look_once()
    for number in range(4):
        fail_task(app, f"domain {number}")
        watcher.look_once()
    clock.move(CALM_SECS)
    watcher.look_once()
    assert len(open_alerts(app)) == 4


@ONE_ENGINE
def test_spent_accounts_are_an_alert_only_while_an_export_waits(
    app: App, clock: MovingClock
) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    spend(app)
    assert watcher.look_once() == 1
    [alert] = open_alerts(app)
    assert alert.until_at == app.calendar.next_day_starts(clock.now())
    app.crawling.control.pause(1)
    watcher.look_once()
    assert open_alerts(app)[0].well_since is not None
    store_rows(app, 1, "游戏")
    add_account(app, "busy", limit=5)
    held = app.pool.manager.lease(Purpose.EXPORTING, "bilibili")
    assert held is not None
    app.crawling.control.resume(1)
    watcher.look_once()
    assert open_alerts(app)[0].well_since is not None, "one may still export"


@ONE_ENGINE
def test_sessions_are_warned_of_as_early_as_set(
    make_app: Callable[..., App], clock: MovingClock
) -> None:
    silent, early = make_app(session_warning_days=0), make_app(session_warning_days=30)
    silent.alerts.monitor().look_once()
    expire(silent, 10)
    assert make_app().alerts.monitor().look_once() == 0
    assert early.alerts.monitor().look_once() == 1
    [alert] = open_alerts(early)
    assert alert.kind is AlertKind.SESSION_EXPIRING and alert.until_at is not None
    expire(silent, 0.5, "acc2")
    clock.move(86400)
    assert silent.alerts.monitor().look_once() == 0


@ONE_ENGINE
def test_what_an_alert_says_follows_its_cause(app: App) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    disable(app, reason="session expired: x")
    watcher.look_once()
    enable(app)
    disable(app, reason="banned: y")
    assert watcher.look_once() == 0
    assert [english_text(alert.facts["reason"]) for alert in every_alert(app)] == ["banned: y"]


@ONE_ENGINE
def test_raising_and_ending_are_logged_without_secrets(
    app: App, clock: MovingClock, logs: Callable[[], str]
) -> None:
    watcher = app.alerts.monitor()
    watcher.look_once()
    disable(app, reason="banned: cookie SESSDATA=geheim; see http://u:geheim@host/")
    watcher.look_once()
    enable(app)
    watcher.look_once()
    clock.move(CALM_SECS)
    watcher.look_once()
    lines = [line for line in logs().splitlines() if " alerts " in line]
    assert [line.split()[1] for line in lines] == ["WARNING", "INFO"]
    assert "kind=account_disabled account acc1 (bilibili) is disabled" in lines[0]
    assert "geheim" not in logs()


@ONE_ENGINE
def test_database_trouble_does_not_end_the_watch(
    app: App, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher, stop = app.alerts.monitor(), threading.Event()
    looks = iter([DatabaseError("away"), None, stop])

    def look() -> int:
        found = next(looks)
        if isinstance(found, DatabaseError):
            raise found
        return 0 if found is None else found.set() or 0

    monkeypatch.setattr(watcher, "look_once", look)
    watcher.run(stop)
    assert clock.waits == [LOOK_EVERY_SECS] * 2
