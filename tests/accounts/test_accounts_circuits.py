"""Whom refusals concern, decided with what all processes share, on both engines."""

from __future__ import annotations

import json

import pytest

from accounts.egress.operator import RouteState
from app.container import App
from core.attribution import CircuitCause, Scope
from core.errors import CircuitOpenError, Evidence, FaultUnit, TransportFault
from core.messages import Message
from sources.circuits import Asker, FailedRequest
from sources.transport.egress import Egress
from storage.crawling import accounts, source_states, unknown_answers
from storage.crawling.source_states import CircuitState
from tests.support.accounts.circuit_pool import NEVER, CircuitPool
from tests.support.apps import AppFactory
from tests.support.moving_clock import MovingClock

REST = 900.0
EVERY_EGRESS = EVERY_ENDPOINT = "*"


def only(pool: CircuitPool) -> source_states.Circuit:
    [circuit] = pool.states()
    return circuit


def test_one_refused_account_rests_alone(app: App) -> None:
    pool = CircuitPool(app, "direct direct direct")
    assert pool.refuse("a").scope is Scope.ACCOUNT
    pool.answer("b")
    assert pool.resting() == "a"
    assert pool.states() == []


def test_a_host_without_descriptors_opens_no_circuit(app: App) -> None:
    """Nothing was sent: the platform, the egress and the account of others are not concerned."""
    pool = CircuitPool(app, "direct gate#1 gate#2")
    without = TransportFault(
        FaultUnit.OURSELVES, Message.of("host_without_descriptors"), is_certain=True
    )
    for name in "abcabc":
        found = pool.fail(pool.send(name), CircuitCause.NO_ANSWER, fault=without)
        assert found.scope is Scope.CLIENT
    assert pool.states() == [] and pool.resting() == ""
    pool.answer("a")


def test_nobody_who_asks_within_a_minute_leaves_it_with_the_account(
    app: App, clock: MovingClock
) -> None:
    pool = CircuitPool(app, "direct direct direct")
    pool.refuse("a")
    clock.move(61)
    assert pool.states() == []
    assert pool.refuse("b").scope is Scope.ACCOUNT
    assert pool.resting() == "ab"


def test_while_a_refusal_is_confirmed_one_request_leaves_at_a_time(app: App) -> None:
    pool = CircuitPool(app, "direct direct direct")
    pool.refuse("a")
    confirming = pool.send("b")
    with pytest.raises(CircuitOpenError):
        pool.send("c")
    pool.answer("c", "view")  # another endpoint is not concerned
    pool.good(confirming)
    pool.answer("c")


def test_a_block_of_the_platform_costs_three_requests_and_no_account(app: App) -> None:
    pool = CircuitPool(app, "direct direct direct direct")
    found = [pool.refuse(name, nav_answers=False).scope for name in "abc"]
    assert found == [Scope.ACCOUNT, Scope.ACCOUNT, Scope.EGRESS], "there is one egress only"
    assert pool.resting() == ""
    assert pool.open_units() == {("direct", EVERY_ENDPOINT)}
    with pytest.raises(CircuitOpenError):
        pool.send("d")


def test_a_block_by_several_egresses_is_of_the_platform(app: App) -> None:
    pool = CircuitPool(app, "gate#1 gate#2 gate#3 gate#4")
    found = [pool.refuse(name, nav_answers=False).scope for name in "abc"]
    assert found[-1] is Scope.PLATFORM
    assert pool.open_units() == {(EVERY_EGRESS, EVERY_ENDPOINT)}
    assert pool.resting() == ""
    with pytest.raises(CircuitOpenError):
        pool.send("d", "view")


def test_what_only_one_endpoint_refuses_leaves_the_others_alone(app: App) -> None:
    pool = CircuitPool(app, "direct direct direct")
    found = [pool.refuse(name, nav_answers=True).scope for name in "abc"]
    assert found[-1] is Scope.ENDPOINT
    assert pool.open_units() == {(EVERY_EGRESS, "search")}
    assert pool.resting() == ""
    pool.answer("a", "view")


def test_a_block_takes_back_what_it_cost_at_other_endpoints_too(app: App) -> None:
    pool = CircuitPool(app, "direct direct direct direct direct")
    assert pool.refuse("e", "finger", nav_answers=False).scope is Scope.ACCOUNT
    for name in "abc":
        pool.refuse(name, nav_answers=False)
    assert pool.resting() == ""
    assert pool.open_units() == {("direct", EVERY_ENDPOINT)}


def test_requests_under_way_are_no_second_opinion_and_are_taken_back_like_the_others(
    app: App,
) -> None:
    pool = CircuitPool(app, "direct direct direct direct direct")
    under_way = [pool.send(name) for name in "bc"]
    assert pool.refuse("a").scope is Scope.ACCOUNT
    assert [pool.fail(sent).scope for sent in under_way] == [Scope.ACCOUNT] * 2
    assert pool.resting() == "abc"
    assert only(pool).state is CircuitState.QUARANTINED
    assert pool.refuse("d").scope is Scope.ACCOUNT
    assert pool.refuse("e").scope is Scope.ENDPOINT
    assert pool.resting() == ""


def test_a_blocked_egress_is_found_by_another_one(app: App) -> None:
    pool = CircuitPool(app, "gate#1 gate#1 gate#1 gate#2")
    assert pool.refuse("a").scope is Scope.ACCOUNT
    assert pool.refuse("b").scope is Scope.EGRESS
    with pytest.raises(CircuitOpenError):
        pool.send("c")
    pool.answer("d")
    assert pool.resting() == ""
    assert pool.open_units() == {("gate#1", "search")}
    pool.answer("d")


def test_an_egress_refused_at_two_endpoints_is_left_alone_as_a_whole(app: App) -> None:
    pool = CircuitPool(app, "gate#1 gate#1 gate#2")
    for endpoint in ("search", "view"):
        pool.refuse("a", endpoint)
        pool.refuse("b", endpoint)
        pool.answer("c", endpoint)
    assert pool.open_units() == {("gate#1", EVERY_ENDPOINT)}
    assert pool.resting() == ""


@pytest.mark.parametrize(
    ("scope", "resting", "units"),
    [(Scope.EGRESS, "", {("gate#1", "search")}), (Scope.ACCOUNT, "a", set())],
)
def test_an_account_alone_on_its_egress_is_judged_by_the_rule(
    app: App, scope: Scope, resting: str, units: set[tuple[str, str]]
) -> None:
    pool = CircuitPool(app, "gate#1 gate#2 gate#2")
    pool.refuse("a", scope=scope)
    pool.answer("b")
    assert (pool.resting(), pool.open_units()) == (resting, units)


def test_a_good_answer_elsewhere_leaves_the_egress_to_be_confirmed(app: App) -> None:
    pool = CircuitPool(app, "gate#1 gate#1 gate#2")
    pool.refuse("a")
    pool.answer("c")
    assert pool.open_units() == {("gate#1", "search")}
    assert only(pool).state is CircuitState.QUARANTINED
    pool.refuse("b")
    assert only(pool).state is CircuitState.OPEN
    assert pool.resting() == ""


def test_an_egress_that_answers_another_account_leaves_the_first_one_to_blame(app: App) -> None:
    pool = CircuitPool(app, "gate#1 gate#1 gate#2")
    pool.refuse("a")
    pool.answer("c")
    pool.answer("b")
    assert (pool.resting(), pool.states()) == ("a", [])


def test_chance_refusals_between_good_answers_stop_nothing(app: App, clock: MovingClock) -> None:
    pool = CircuitPool(app, "direct " * 8)
    for name in "abcdef":
        assert pool.refuse(name).scope is Scope.ACCOUNT
        pool.answer("g")
        clock.move(1)
    assert pool.states() == []
    assert pool.resting() == "abcdef"


@pytest.mark.parametrize(("nav_answers", "scope"), [(True, Scope.ENDPOINT), (False, Scope.ACCOUNT)])
def test_with_one_account_the_session_check_decides(
    app: App, nav_answers: bool, scope: Scope
) -> None:
    pool = CircuitPool(app, "direct")
    assert pool.refuse("a", nav_answers=nav_answers).scope is scope
    assert (pool.resting() == "a") is (scope is Scope.ACCOUNT)


def test_two_accounts_are_enough_where_there_are_no_more(app: App) -> None:
    pool = CircuitPool(app, "direct direct")
    pool.refuse("a")
    assert pool.refuse("b").scope is Scope.ENDPOINT
    assert pool.resting() == ""


def test_after_the_cooldown_one_probe_leaves_and_it_lasts_longer_each_time(
    app: App, clock: MovingClock
) -> None:
    pool = CircuitPool(app, "direct direct direct direct")
    for name in "abc":
        pool.refuse(name)
    lengths = []
    for _ in range(6):
        circuit = only(pool)
        lengths.append((circuit.until_at - circuit.since_at).total_seconds())
        clock.move(lengths[-1])
        probe = pool.send("a")
        with pytest.raises(CircuitOpenError):
            pool.send("b")
        assert pool.fail(probe).scope is Scope.ENDPOINT
        assert pool.resting() == "", "the account that probes is not blamed"
    assert lengths == [REST * factor for factor in (1, 2, 4, 8, 16, 16)]


def test_three_good_answers_of_two_accounts_close_it(app: App, clock: MovingClock) -> None:
    pool = CircuitPool(app, "direct direct direct")
    for name in "abc":
        pool.refuse(name)
    clock.move(REST)
    for name in "aab":
        assert only(pool).state in (CircuitState.OPEN, CircuitState.HALF_OPEN)
        sent = pool.send(name)
        with pytest.raises(CircuitOpenError):
            pool.send("c")
        pool.good(sent)
    assert pool.states() == []
    assert len([pool.send(name) for name in "abc"]) == 3


def test_an_opening_soon_after_the_closing_counts_as_one_in_a_row(
    app: App, clock: MovingClock
) -> None:
    pool = CircuitPool(app, "direct direct direct")
    for pause, length in ((0.0, REST), (REST, 2 * REST), (5 * REST, REST)):
        clock.move(pause)
        for name in "abc":
            pool.refuse(name)
        circuit = only(pool)
        assert (circuit.until_at - circuit.since_at).total_seconds() == length
        clock.move(length)
        for name in "aab":
            pool.answer(name)


def test_a_probe_whose_process_died_is_given_to_another_after_half_a_minute(
    make_app: AppFactory, clock: MovingClock
) -> None:
    pool = CircuitPool(make_app(), "direct direct direct")
    for name in "abc":
        pool.refuse(name)
    clock.move(REST)
    lost = pool.send("a")
    other = CircuitPool(make_app(host="other"))
    with pytest.raises(CircuitOpenError):
        other.send("b")
    clock.move(31)
    other.answer("b")
    assert only(pool).good_in_row == 1
    pool.circuits.record_good(lost.asker, lost.permit)
    assert only(pool).good_in_row == 1, "a late answer changes nothing"


def test_requests_under_way_when_it_opens_blame_no_account(app: App) -> None:
    pool = CircuitPool(app, "direct direct direct direct direct")
    late = [pool.send(name) for name in "de"]
    for name in "abc":
        pool.refuse(name)
    found = [pool.fail(sent) for sent in late]
    assert [one.scope for one in found] == [Scope.ENDPOINT] * 2
    assert pool.resting() == ""


def test_an_account_that_is_not_given_back_yet_is_released_unharmed(app: App) -> None:
    pool = CircuitPool(app, "direct direct direct")
    first = pool.send("a")

    def others_are_refused() -> None:
        pool.refuse("b")
        pool.refuse("c")

    assert pool.fail(first, before_return=others_are_refused).scope is Scope.ACCOUNT
    assert pool.resting() == ""
    kinds = {event.kind for event in app.database.read(accounts.events, pool.account("a").id, 9)}
    assert "spared" in kinds
    assert "suspect" not in kinds


def test_an_account_that_was_used_since_keeps_what_it_has(app: App, clock: MovingClock) -> None:
    pool = CircuitPool(app, "direct direct direct")
    pool.refuse("a")
    app.pool.manager.set_account_status(pool.account("a").id, "idle")
    busy = pool.send("a", "view")
    pool.refuse("b")
    pool.refuse("c")
    pool.good(busy)
    assert pool.account("a").failure_count == 0 or pool.account("a").lease_token > 1


def test_a_reverted_refusal_gives_health_failures_and_pace_back(app: App) -> None:
    pool = CircuitPool(app, "direct direct")
    window = {"limit": 8.0, "wall": None, "wall_at": 0.0, "recent": [], "good": 0, "per_secs": 10}
    before = json.dumps({"*": window})
    halved = json.dumps({"*": window | {"limit": 4.0, "wall": 7.6, "recent": [[1.0, 1]]}})

    def set_pace(text: str) -> None:
        app.database.write(lambda tx: tx.execute("UPDATE accounts SET pace=:pace", pace=text))

    set_pace(before)
    pool.refuse("a", cause=CircuitCause.THROTTLE)
    set_pace(halved)
    assert pool.refuse("b", cause=CircuitCause.THROTTLE).scope is Scope.EGRESS
    stored = json.loads(pool.account("a").pace or "")["*"]
    assert (stored["limit"], stored["wall"], stored["recent"]) == (8.0, None, [[1.0, 1]])
    assert pool.account("a").failure_count == 0


def test_a_throttled_egress_pauses_for_as_long_as_the_platform_asks(app: App) -> None:
    pool = CircuitPool(app, "gate#1 gate#1 gate#2")
    throttle = CircuitCause.THROTTLE
    assert pool.refuse("a", cause=throttle).scope is Scope.ACCOUNT
    pool.answer("c")  # by another egress, which says nothing of this one
    found = pool.refuse("b", cause=throttle, retry_after_secs=42.0)
    assert found.scope is Scope.EGRESS
    assert found.until is not None
    assert (found.until - app.clock.now()).total_seconds() == 42.0
    assert pool.resting() == ""
    pool.answer("c")


def test_a_throttle_between_good_answers_is_the_accounts(app: App, clock: MovingClock) -> None:
    pool = CircuitPool(app, "direct direct direct")
    pool.refuse("a", cause=CircuitCause.THROTTLE)
    pool.answer("c")
    clock.move(1)
    assert pool.refuse("b", cause=CircuitCause.THROTTLE).scope is Scope.ACCOUNT
    assert pool.resting() == "ab"


def test_a_throttle_by_two_egresses_is_of_the_endpoint(app: App) -> None:
    pool = CircuitPool(app, "gate#1 gate#1 gate#2 gate#2")
    throttle = CircuitCause.THROTTLE
    found = [pool.refuse(name, cause=throttle).scope for name in "abcd"]
    assert found == [Scope.ACCOUNT, Scope.EGRESS, Scope.ACCOUNT, Scope.ENDPOINT]
    assert pool.open_units() == {(EVERY_EGRESS, "search")}
    assert pool.resting() == ""


def test_a_server_that_fails_at_every_endpoint_is_waited_for(app: App, clock: MovingClock) -> None:
    pool = CircuitPool(app, "direct direct")
    failing = CircuitCause.SERVER_ERROR
    first = pool.refuse("a", cause=failing)
    assert first.scope is Scope.ENDPOINT, "nothing is the question's own before others are answered"
    assert pool.refuse("b", cause=failing).scope is Scope.ENDPOINT
    pool.refuse("a", "view", cause=failing)
    assert pool.refuse("b", "view", cause=failing).scope is Scope.PLATFORM
    assert pool.open_units() == {(EVERY_EGRESS, EVERY_ENDPOINT)}
    clock.move(30)
    pool.answer("a")
    assert pool.states() == []


def test_a_question_that_fails_while_others_are_answered_is_to_blame_itself(
    app: App, clock: MovingClock
) -> None:
    pool = CircuitPool(app, "direct direct")
    failing = CircuitCause.SERVER_ERROR
    page = {"question": "page 37"}
    assert pool.fail(pool.send("a", **page), failing).scope is Scope.ENDPOINT
    pool.answer("b")
    clock.move(1)
    assert pool.fail(pool.send("a", **page), failing).scope is Scope.REQUEST


def test_a_silent_egress_is_left_alone_and_a_silent_platform_for_less_long(app: App) -> None:
    pool = CircuitPool(app, "gate#1 gate#2")
    silent = CircuitCause.NO_ANSWER
    found = pool.refuse("a", cause=silent)
    assert found.scope is Scope.EGRESS
    assert found.until is not None
    assert (found.until - app.clock.now()).total_seconds() == 60.0
    with pytest.raises(CircuitOpenError):
        pool.send("a")
    found = pool.refuse("b", cause=silent)
    assert found.scope is Scope.PLATFORM
    assert found.until is not None
    assert (found.until - app.clock.now()).total_seconds() == 30.0
    assert pool.open_units() == {(EVERY_EGRESS, EVERY_ENDPOINT)}
    assert pool.resting() == ""


def test_an_optional_endpoint_is_left_alone_by_all_for_longer_each_time(
    make_app: AppFactory, clock: MovingClock
) -> None:
    one, other = CircuitPool(make_app()), CircuitPool(make_app(host="other"))
    lengths = []
    for _ in range(7):
        assert other.circuits.is_usable("bilibili", "batch")
        lengths.append(one.circuits.leave_alone("bilibili", "batch", None))
        assert not other.circuits.is_usable("bilibili", "batch")
        clock.move(lengths[-1] + 1)
    assert lengths == [3600.0 * factor for factor in (1, 2, 4, 8, 16, 24, 24)]
    clock.move(3 * lengths[-1])
    assert one.circuits.leave_alone("bilibili", "batch", None) == 3600.0


def test_a_moment_far_ahead_that_a_wrong_clock_left_counts_as_due(app: App) -> None:
    pool = CircuitPool(app, "direct direct direct")
    for name in "abc":
        pool.refuse(name)
    app.database.write(
        lambda tx: tx.execute("UPDATE source_states SET until_at='2030-01-01 00:00:00.000'")
    )
    sent = pool.send("a")
    assert sent.permit.probes, "it is the probe"


def test_a_refused_key_that_probes_an_outage_ends_the_outage_and_rests_alone(
    app: App, clock: MovingClock
) -> None:
    circuits = app.pool.circuits
    silent = FailedRequest(cause=CircuitCause.NO_ANSWER, scope=Scope.REQUEST)
    asker = key_asker("stats")
    circuits.record_failure(asker, circuits.admit(asker, NEVER), silent)
    clock.move(31)
    refused = FailedRequest(cause=CircuitCause.KEY, scope=Scope.KEY, is_conclusive=True)
    circuits.record_failure(asker, circuits.admit(asker, NEVER), refused)
    circuits.admit(key_asker("stats", "key:77777777"), NEVER)
    with pytest.raises(CircuitOpenError):
        circuits.admit(asker, NEVER)


def test_silence_at_a_probe_says_nothing_of_the_block(app: App, clock: MovingClock) -> None:
    pool = CircuitPool(app, "direct direct direct")
    for name in "abc":
        pool.refuse(name)
    clock.move(REST)
    pool.refuse("a", cause=CircuitCause.NO_ANSWER)
    [block] = [circuit for circuit in pool.states() if circuit.endpoint == "search"]
    assert (block.cause, block.times) == (CircuitCause.RISK, 1)


def test_a_good_answer_during_the_session_check_leaves_it_with_the_accounts(app: App) -> None:
    pool = CircuitPool(app, "direct direct direct direct")
    pool.refuse("a")
    pool.refuse("b")
    last = pool.send("c")
    failed = FailedRequest(cause=CircuitCause.RISK, scope=Scope.ACCOUNT, code="-352")
    found = pool.circuits.record_failure(last.asker, last.permit, failed)
    assert found.needs_session_check
    app.pool.egress_operator.close_circuits("bilibili")
    found = pool.circuits.conclude(last.asker, failed, session_answered=True)
    assert (found.scope, found.until) == (Scope.ACCOUNT, None)
    assert pool.states() == []


def key_asker(endpoint: str, key: str = "key:1f3a9c02") -> Asker:
    return Asker(platform="tiktok", egress=key, endpoint=endpoint, account_id=0)


def test_a_key_that_is_refused_is_asked_no_more_and_another_one_is(app: App) -> None:
    circuits = app.pool.circuits
    refused = FailedRequest(cause=CircuitCause.KEY, scope=Scope.KEY, is_conclusive=True)
    asker = key_asker("stats")
    found = circuits.record_failure(asker, circuits.admit(asker, NEVER), refused)
    assert found.scope is Scope.KEY
    with pytest.raises(CircuitOpenError):
        circuits.admit(key_asker("videos"), NEVER)
    circuits.admit(key_asker("stats", "key:77777777"), NEVER)


def test_a_key_without_rights_to_one_endpoint_may_ask_the_others(app: App) -> None:
    circuits = app.pool.circuits
    refused = FailedRequest(cause=CircuitCause.KEY, scope=Scope.KEY)
    asker = key_asker("stats")
    circuits.record_failure(asker, circuits.admit(asker, NEVER), refused)
    with pytest.raises(CircuitOpenError):
        circuits.admit(asker, NEVER)
    circuits.admit(key_asker("videos"), NEVER)


def test_answers_that_nobody_has_described_are_counted_with_one_evidence(app: App) -> None:
    circuits = app.pool.circuits
    for number in (1, 2, 3):
        evidence = Evidence(f"GET /{number}", 200, 77777, "body")
        circuits.record_unknown(key_asker("view"), evidence)
    [found] = app.database.read(unknown_answers.all_of)
    assert (found.platform, found.endpoint, found.http_status, found.code, found.seen) == (
        "tiktok",
        "view",
        200,
        "77777",
        3,
    )
    assert "GET /1" in (found.evidence or "")


def test_a_silent_route_is_not_proven_until_an_answer_comes_by_it(
    app: App, clock: MovingClock
) -> None:
    pool = CircuitPool(app, "gate:1#1 gate:1#2")
    for name in ("gate:1#1", "gate:1#2"):
        route = Egress(name=name, gateway="gate:1", kind="http", host="gate", port=1)
        app.pool.egress_routes.note(route)
    fault = TransportFault(FaultUnit.CONNECTION, Message.of("no_answer"), through_proxy=True)

    def state() -> tuple[RouteState, int]:
        found = {one.route.egress: one for one in app.pool.egress_operator.routes()}["gate:1#1"]
        return found.state(app.clock.now()), found.route.bad_in_row

    pool.fail(pool.send("a"), CircuitCause.NO_ANSWER, fault=fault)
    assert state() == (RouteState.CLOSED, 1)
    clock.move(61)
    assert state() == (RouteState.UNPROVEN, 1)
    pool.fail(pool.send("a"), CircuitCause.NO_ANSWER, fault=fault)
    assert state() == (RouteState.CLOSED, 2), "the probe failed as well"
    clock.move(121)
    [view] = app.crawling.account_views.views([pool.account("b")])
    assert view.unproven_route is None
    pool.answer("a")
    app.pool.circuits.record_egress_good("gate:1#1")
    assert state() == (RouteState.GOOD, 0)


def test_a_block_takes_back_a_refusal_that_nobody_confirmed_in_time(
    app: App, clock: MovingClock
) -> None:
    pool = CircuitPool(app, "gate#1 gate#1 gate#1 gate#2")
    assert pool.refuse("a").scope is Scope.ACCOUNT
    clock.move(120)
    assert pool.resting() == "a", "nobody asked within a minute"
    assert pool.refuse("b").scope is Scope.ACCOUNT
    assert pool.refuse("c").scope is Scope.EGRESS
    assert pool.resting() == ""


def test_a_block_leaves_a_refusal_with_the_account_that_others_have_refuted(
    app: App, clock: MovingClock
) -> None:
    pool = CircuitPool(app, "gate#1 gate#1 gate#1 gate#1")
    pool.refuse("a")
    pool.answer("b")
    clock.move(120)
    for name in "bcd":
        pool.refuse(name)
    assert pool.open_units() and pool.resting() == "a"


def test_a_route_by_which_all_of_its_accounts_are_refused_at_once_is_to_blame(app: App) -> None:
    """Requests under way are no second opinion, and nobody is left who could give one."""
    pool = CircuitPool(app, "gate#1 gate#1 gate#2")
    sent = [pool.send("a"), pool.send("b")]
    for request in sent:
        pool.fail(request)
    assert pool.resting() == "ab"
    pool.answer("c")
    assert (pool.resting(), pool.open_units()) == ("", {("gate#1", "search")})


def test_a_route_is_left_alone_for_its_own_refusals_and_not_by_the_code_of_others(
    app: App,
) -> None:
    pool = CircuitPool(app, "gate#1 gate#1 gate#2 gate#3")
    refused = [
        (pool.send(name), code) for name, code in (("a", "-412"), ("b", "-412"), ("c", "-352"))
    ]
    for sent, code in refused:
        failed = FailedRequest(cause=CircuitCause.RISK, scope=Scope.ACCOUNT, code=code)
        pool.circuits.record_failure(sent.asker, sent.permit, failed)
    pool.answer("d")
    [circuit] = [one for one in pool.states() if one.egress == "gate#1"]
    assert (circuit.state, circuit.code) == (CircuitState.OPEN, "-412")
