"""Cooldowns of egress routes: what begins one, how long it lasts, who probes, what ends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from accounts.account_lease import Purpose
from accounts.egress.operator import RouteState
from accounts.egress.routes import EgressRoutes
from app.container import App
from core.cancellation import OutOfTurnSignal
from core.errors import Evidence, FaultUnit, RetryableError, SourceError, TransportFault
from core.messages import Message
from sources.circuits import Asker
from storage.crawling import proxies, source_states
from storage.crawling.proxies import EgressRoute
from storage.engines.transactions import Tx
from tests.accounts.conftest import PLATFORM, Pool
from tests.support.accounts.circuit_pool import NEVER
from tests.support.apps import AppFactory, add_account
from tests.support.crawler.workbench import at_once
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock

DEAD = TransportFault(
    FaultUnit.EGRESS, Message.of("proxy_unreachable"), is_certain=True, through_proxy=True
)
EXIT = TransportFault(
    FaultUnit.EXIT, Message.of("proxy_exit_failed", status=502), is_certain=True, through_proxy=True
)
LOGIN = TransportFault(
    FaultUnit.GATEWAY, Message.of("proxy_login_refused"), is_certain=True, through_proxy=True
)
PLAN = TransportFault(
    FaultUnit.GATEWAY,
    Message.of("proxy_plan_used_up", status=402),
    is_certain=True,
    through_proxy=True,
)
MINUTE = 60
HOUR = 3600


class Gate:
    """A gateway with some exits, each of which an account uses."""

    def __init__(self, app: App, users: str = "abc", host: str = "gate.example") -> None:
        self.app = app
        self.urls = {user: f"http://{user}:secret@{host}:7000" for user in users}
        self.accounts = {user: add_account(app, user, proxy=url) for user, url in self.urls.items()}

    @property
    def routes(self) -> EgressRoutes:
        return self.app.pool.egress_routes

    def name(self, user: str) -> str:
        return self.app.pool.manager.egress.of(self.urls[user]).name

    def row(self, user: str) -> EgressRoute:
        found = self.app.database.read(proxies.find, self.name(user))
        assert found is not None
        return found

    def fail(self, user: str, fault: TransportFault = DEAD) -> float | None:
        """Return the seconds of the cooldown; None for none."""
        until = self.routes.record_failure(self.name(user), fault)
        return None if until is None else (until - self.app.clock.now()).total_seconds()

    def works(self, user: str) -> None:
        self.routes.record_success(self.name(user))

    def cooling(self) -> set[str]:
        return {user for user in self.urls if self.routes.cooling_until(self.name(user))}


@pytest.fixture
def gate(app: App) -> Gate:
    return Gate(app)


def lease(app: App) -> str | None:
    leased = app.pool.manager.lease(Purpose.INGESTING, PLATFORM)
    return None if leased is None else leased.username


@pytest.mark.parametrize(
    ("fault", "first", "longest"),
    [(DEAD, MINUTE, HOUR), (EXIT, MINUTE, HOUR), (LOGIN, 10 * MINUTE, 6 * HOUR)],
    ids=["egress", "exit", "gateway"],
)
def test_each_cooldown_in_a_row_is_twice_as_long_up_to_a_limit(
    gate: Gate, clock: MovingClock, fault: TransportFault, first: int, longest: int
):
    seen = []
    for _ in range(12):
        secs = gate.fail("a", fault)
        assert secs is not None
        seen.append(round(secs))
        clock.move(secs)
    assert seen == [min(first * 2**number, longest) for number in range(12)]
    gate.works("a")
    assert gate.cooling() == set() and gate.row("a").bad_in_row == 0
    assert gate.fail("a", fault) == pytest.approx(first, abs=0.01)


@pytest.mark.parametrize(
    "fault",
    [
        TransportFault(FaultUnit.EGRESS, DEAD.message, through_proxy=True),
        TransportFault(FaultUnit.CONNECTION, DEAD.message, is_certain=True, through_proxy=True),
        TransportFault(FaultUnit.OURSELVES, DEAD.message, is_certain=True),
    ],
    ids=["uncertain", "connection", "ourselves"],
)
def test_only_what_is_certainly_the_proxys_counts(gate: Gate, fault: TransportFault):
    assert gate.fail("a", fault) is None
    assert gate.row("a").last_bad_at is None


def test_an_unknown_route_is_no_error(gate: Gate):
    assert gate.routes.record_failure("nobody:1#00000000", DEAD) is None
    gate.routes.record_success("nobody:1#00000000")


def test_failures_of_requests_under_way_make_no_cooldown_longer(gate: Gate, clock: MovingClock):
    assert gate.fail("a") == pytest.approx(60, abs=0.01)
    clock.move(15)
    assert gate.fail("a") == pytest.approx(45, abs=0.01)
    assert (gate.row("a").bad_in_row, gate.row("a").cooldowns) == (1, 1)


def test_many_processes_that_fail_at_once_begin_one_cooldown(make_app: AppFactory):
    gate = Gate(make_app())
    name = gate.name("a")
    others = [make_app() for _ in range(6)]
    fail = EgressRoutes.record_failure
    ends = at_once(*(partial(fail, app.pool.egress_routes, name, DEAD) for app in others))
    assert None not in ends
    assert gate.row("a").cooldowns == 1


def test_good_answers_are_written_once_a_minute(
    gate: Gate, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
):
    written: list[str] = []
    note_good = proxies.note_good
    monkeypatch.setattr(
        proxies, "note_good", lambda *args, **more: written.append("x") or note_good(*args, **more)
    )
    for _ in range(120):
        gate.works("a")
        clock.move(1)
    assert len(written) == 2


def test_the_reason_is_kept_without_secrets(gate: Gate):
    gate.fail("a", EXIT)
    row = gate.row("a")
    assert row.fault is FaultUnit.EXIT and "secret" not in str(row)
    assert "502" in english_text(row.last_error or "")


# A gateway as a whole.


def test_one_refused_login_holds_back_one_route(gate: Gate):
    gate.fail("a", LOGIN)
    assert gate.cooling() == {"a"}


def test_a_second_refused_route_holds_back_its_whole_gateway(app: App, gate: Gate):
    other = Gate(app, "z", "other.example")
    gate.fail("a", LOGIN)
    gate.fail("b", LOGIN)
    assert gate.cooling() == {"a", "b", "c"} and other.cooling() == set()
    assert english_text(gate.row("c").last_error or "") == english_text(LOGIN.message)


def test_two_different_refusals_are_not_the_gateways(gate: Gate):
    gate.fail("a", LOGIN)
    gate.fail("b", PLAN)
    assert gate.cooling() == {"a", "b"}


def test_a_good_answer_of_the_gateway_in_between_parts_two_refusals(gate: Gate, clock: MovingClock):
    gate.works("c")
    clock.move(5)
    gate.fail("a", LOGIN)
    clock.move(5)
    gate.works("c")  # less than a minute after the last one that was written
    clock.move(5)
    gate.fail("b", LOGIN)
    assert gate.cooling() == {"a", "b"}


def test_one_probe_ends_the_cooldown_of_the_gateway(app: App, gate: Gate, clock: MovingClock):
    gate.fail("a", LOGIN)
    gate.fail("b", LOGIN)
    assert lease(app) is None
    clock.move(10 * MINUTE)
    probing = lease(app)
    assert probing is not None and lease(app) is None, "one probe for the whole gateway"
    gate.works("c")
    assert gate.cooling() & {"c"} == set()


# Rotating proxies.


def test_a_rotating_proxy_may_fail_twice(app: App, gate: Gate):
    app.database.write(lambda tx: tx.execute("UPDATE proxies SET is_rotating=1"))
    assert [gate.fail("a") for _ in range(2)] == [None, None]
    gate.works("a")
    assert [gate.fail("a") is None for _ in range(3)] == [True, True, False]


# Leases.


def test_accounts_of_a_route_in_cooldown_are_passed_over(app: App, gate: Gate, pool: Pool):
    gate.fail("a")
    gate.fail("b")
    assert [lease(app) for _ in range(2)] == ["c", None]
    by_id = app.pool.manager.lease_by_id(gate.accounts["a"], Purpose.INGESTING)
    assert by_id is None
    assert app.pool.manager.lease_unchecked(PLATFORM) is None
    exporting = {pool.must_lease(Purpose.EXPORTING).username for _ in range(2)}
    assert exporting == {"a", "b"}, "exports send no requests"


def test_the_end_of_a_cooldown_is_probed_by_one_process(make_app: AppFactory, clock: MovingClock):
    apps = [make_app() for _ in range(4)]
    gate = Gate(apps[0], "a")
    for number in range(5):  # more accounts of the same route
        add_account(apps[0], f"more{number}", proxy=gate.urls["a"])
    gate.fail("a")
    clock.move(MINUTE)
    names = at_once(*(lambda app=app: lease(app) for app in apps))
    assert sum(name is not None for name in names) == 1
    clock.move(29)
    assert lease(apps[1]) is None
    clock.move(2)
    assert lease(apps[1]) is not None, "the process that probed may be dead"


def test_a_probe_that_fails_makes_the_cooldown_longer(app: App, gate: Gate, clock: MovingClock):
    gate.fail("a")
    clock.move(MINUTE)
    assert "a" in [lease(app) for _ in range(3)]
    assert gate.fail("a") == pytest.approx(2 * MINUTE, abs=0.01)


def test_a_probe_that_succeeds_opens_the_route(app: App, clock: MovingClock):
    gate = Gate(app, "a")
    add_account(app, "second", proxy=gate.urls["a"])
    gate.fail("a")
    clock.move(MINUTE)
    assert lease(app) == "a" and lease(app) is None
    gate.works("a")
    assert lease(app) == "second"


def test_a_cooldown_far_ahead_counts_as_over(app: App, gate: Gate):
    until = app.clock.now() + timedelta(hours=26)
    app.database.write(proxies.set_cooldown, gate.name("a"), until, app.clock.now())
    assert gate.cooling() == set()
    assert {lease(app) for _ in range(3)} == {"a", "b", "c"}


def open_circuit(app: App, egress: str, endpoint: str = "*", secs: int = 900) -> None:
    now = app.clock.now()
    app.database.write(
        lambda tx: tx.add(
            "source_states",
            platform=PLATFORM,
            egress=egress,
            endpoint=endpoint,
            state="open",
            cause="risk",
            since_at=str(now)[:19],
            until_at=str(now + timedelta(seconds=secs))[:19],
            updated_at=str(now)[:19],
        )
    )


def test_open_circuits_of_a_route_hold_its_accounts_back(app: App, gate: Gate, clock: MovingClock):
    open_circuit(app, gate.name("a"))
    open_circuit(app, gate.name("b"), "search")
    lease_for = app.pool.manager.lease
    leased = lease_for(Purpose.INGESTING, PLATFORM, endpoints=("search",))
    assert leased is not None and leased.username == "c"
    assert lease_for(Purpose.INGESTING, PLATFORM, endpoints=("search",)) is None
    assert lease(app) == "b", "another endpoint"
    clock.move(900)
    assert lease(app) == "a"
    assert len(app.database.read(source_states.all_of, app.clock.now())) == 2


def test_a_direct_route_of_another_host_holds_nobody_back_here(make_app: AppFactory):
    here, there = make_app(egress_name="here"), make_app(egress_name="there")
    add_account(there, "plain")
    open_circuit(here, "direct@there")
    assert lease(there) is None
    assert lease(here) == "plain"


def test_a_lease_by_a_new_route_in_cooldown_sends_nothing(app: App, gate: Gate, pool: Pool):
    app.database.write(lambda tx: tx.execute("UPDATE accounts SET egress=NULL WHERE username='a'"))
    gate.fail("a")
    leased = pool.must_lease(Purpose.INGESTING)
    assert leased.username == "a"
    with pytest.raises(OutOfTurnSignal):
        app.pool.manager.record_egress(leased, gate.urls["a"])
    app.pool.manager.release(leased, worked=False)
    assert {lease(app) for _ in range(2)} == {"b", "c"} and lease(app) is None


# Why nobody is leased.


def test_the_shortage_names_the_routes_and_their_end(app: App, clock: MovingClock):
    gate = Gate(app, "ab")
    gate.fail("a", LOGIN)
    gate.fail("b", EXIT)
    shortage = app.pool.manager.shortage(Purpose.INGESTING, PLATFORM)
    assert shortage.until is not None and not shortage.busy
    assert (shortage.until - clock.now()).total_seconds() == pytest.approx(60, abs=0.01)
    text = english_text(shortage.reason)
    assert text.startswith(
        "2 accounts wait: their egress routes are left alone, the first until 2026-11-22 "
    )
    clock.move_to(shortage.until + timedelta(milliseconds=50))
    assert lease(app) == "b"


def test_a_circuit_of_an_endpoint_is_a_shortage_for_who_asks_it(app: App, clock: MovingClock):
    gate = Gate(app, "a")
    open_circuit(app, gate.name("a"), "search")
    shortage = app.pool.manager.shortage(Purpose.INGESTING, PLATFORM, endpoints=("search",))
    assert shortage.until is not None
    assert (shortage.until - clock.now()).total_seconds() == pytest.approx(900, abs=1.1)
    assert app.pool.manager.shortage(Purpose.INGESTING, PLATFORM).busy, "one is fit"


def test_an_account_at_work_is_told_before_routes_that_wait(app: App):
    gate = Gate(app, "ab")
    gate.fail("a")
    assert lease(app) == "b"
    shortage = app.pool.manager.shortage(Purpose.INGESTING, PLATFORM)
    assert shortage.busy and shortage.until is not None


def test_an_account_behind_a_dead_route_is_not_another_one_soon(app: App):
    gate = Gate(app, "ab")
    [asked] = [gate.accounts["a"]]
    assert app.pool.manager.has_other_soon(PLATFORM, {asked})
    gate.fail("b")
    assert not app.pool.manager.has_other_soon(PLATFORM, {asked})


ROUTE_STATES: list[Callable[[Gate], object]] = [
    lambda gate: None,
    lambda gate: gate.fail("a"),
]


@pytest.mark.parametrize("state", ROUTE_STATES, ids=["calm", "one in cooldown"])
def test_a_claim_reads_the_queue_in_order_of_its_index(
    app: App, gate: Gate, monkeypatch: pytest.MonkeyPatch, state: Callable[[Gate], object]
):
    """A claim that sorts would lock every row."""
    state(gate)
    asked: list[tuple[str, dict[str, object]]] = []
    one = Tx.one

    def watched(tx: Tx, sql: str, **params: object):
        if "idx_accounts_claim" in sql:
            asked.append((sql, params))
        return one(tx, sql, **params)

    monkeypatch.setattr(Tx, "one", watched)
    assert lease(app) is not None
    [(sql, params)] = asked
    plan = "EXPLAIN QUERY PLAN " if app.database.dialect.name == "sqlite" else "EXPLAIN "
    rows = app.database.read(lambda tx: tx.all(plan + sql, **params))
    told = " ".join(str(dict(row)) for row in rows)
    assert "idx_accounts_claim" in told
    assert "TEMP B-TREE" not in told and "filesort" not in told


def test_a_session_check_on_request_leaves_its_outcome_at_the_route_and_names_it(app: App):
    add_account(app, "a", proxy="http://a:secret@127.0.0.1:9")
    account = app.pool.registry.find("a")
    with pytest.raises(SourceError) as caught:
        app.pool.enrolment.check(account)
    [found] = app.pool.egress_operator.routes()
    assert found.state(app.clock.now()) is RouteState.COOLING and found.route.last_bad_at
    told = english_text(caught.value)
    assert told.startswith(f"a leaves by {found.route.egress}, which does not work")


def test_any_answer_of_a_platform_is_an_answer_by_its_route(app: App, gate: Gate):
    refused = SourceError("session_not_signed_in", Evidence("GET /nav", 200))
    route = app.pool.manager.egress.of(gate.urls["a"])
    gate.routes.record_outcome(route, refused)
    assert gate.row("a").last_good_at is not None
    silent = TransportFault(FaultUnit.CONNECTION, Message.of("connection_timed_out"))
    gate.routes.record_outcome(route, RetryableError("no_answer", fault=silent))
    assert gate.row("a").last_bad_at is not None and not gate.cooling()
    assert gate.row("a").is_unproven(app.clock.now())


def test_an_answer_without_a_proxy_is_noted_when_it_says_something_new(
    app: App, pool: Pool, clock: MovingClock
):
    pool.add("plain")
    leased = pool.must_lease(Purpose.INGESTING)
    routes, circuits = app.pool.egress_routes, app.pool.circuits
    direct = app.pool.manager.egress.direct
    app.pool.manager.record_egress(leased, None)
    asker = Asker(
        platform=PLATFORM,
        egress=direct.name,
        endpoint="search",
        account_id=leased.id,
        question="q",
        lease_token=leased.lease.token,
    )

    def ask() -> bool:
        permit = circuits.admit(asker, NEVER)
        circuits.record_good(asker, permit)
        return permit.is_route_good

    assert [ask(), ask(), ask()] == [False, True, True]
    failed = TransportFault(
        FaultUnit.EGRESS, Message.of("proxy_unreachable"), is_certain=True, through_proxy=False
    )
    routes.record_failure(direct.name, failed)
    assert not ask()
    row = app.database.read(proxies.find, direct.name)
    assert row is not None and row.bad_in_row == 0 and row.cooldown_until is None
    assert ask()
    clock.move(MINUTE)
    assert [ask(), ask()] == [False, True]
