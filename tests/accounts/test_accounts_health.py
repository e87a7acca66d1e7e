"""Health and pace of accounts: rests, probes, probation, and how far each may go."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from accounts.account_lease import AccountLease, Purpose
from accounts.manager import MAX_REST_SECS, PROBATION_ANSWERS
from core.cancellation import OutOfTurnSignal
from core.errors import Evidence
from core.messages import Message
from core.settings import Pace
from sources.pacing import EVERYTHING, AccountPace, PacedGate
from storage.crawling.account_leases import PaceState
from storage.models.accounts import Account, AccountStatus, Health
from tests.accounts.conftest import Pool
from tests.support.accounts.cooldowns import cooldown
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock

REST_SECS = 900.0
PACES = {EVERYTHING: Pace(5, 60)}
EVIDENCE = Evidence(
    request="GET /x/search?page=3", http_status=200, code=-352, body='{"code":-352}'
)


def crawl(pool: Pool) -> AccountLease:
    return pool.must_lease(Purpose.INGESTING)


def refuse(pool: Pool, leased: AccountLease, rest_secs: float = REST_SECS) -> float:
    """Risk control for a leased account; its rest in seconds."""
    rests = cooldown(rest_secs, "risk control: -352", suspect=True)
    until = pool.manager.cool_down(leased, rests, evidence=EVIDENCE)
    assert until is not None
    return (until - pool.app.clock.now()).total_seconds()


def rest(pool: Pool, clock: MovingClock, account_id: int) -> None:
    """Move the time to the end of an account's rest."""
    until = pool.account(account_id).cooldown_until
    assert until is not None
    clock.move((until - pool.app.clock.now()).total_seconds() + 0.001)


def probed(pool: Pool) -> AccountLease:
    """Lease a suspect account, whose probe passes."""
    leased = crawl(pool)
    assert pool.manager.needs_probe(leased)
    return pool.manager.record_probe(leased)


def on_probation(pool: Pool, clock: MovingClock, account_id: int) -> None:
    refuse(pool, crawl(pool))
    rest(pool, clock, account_id)
    pool.manager.release(probed(pool), worked=False)
    assert pool.account(account_id).health is Health.PROBATION


def state(account: Account) -> tuple[Health, int, int]:
    return account.health, account.failure_count, account.good_answers


def test_from_suspect_to_healthy_over_several_leases(pool: Pool, clock: MovingClock) -> None:
    [account_id] = pool.add("a")
    assert refuse(pool, crawl(pool)) == REST_SECS
    assert state(pool.account(account_id)) == (Health.SUSPECT, 1, 0)
    assert pool.lease(Purpose.INGESTING) is None, "it rests"
    clock.move(REST_SECS - 1)
    assert pool.lease(Purpose.INGESTING) is None
    rest(pool, clock, account_id)
    leased = probed(pool)
    assert leased.account.health is Health.PROBATION
    assert leased.account.session_checked_at == pool.app.clock.now()
    assert not pool.manager.needs_probe(leased), "one probe is enough"
    pool.manager.release(leased, successful_requests=4)
    assert state(pool.account(account_id)) == (Health.PROBATION, 1, 4)
    again = crawl(pool)
    assert not pool.manager.needs_probe(again)
    pool.manager.release(again, successful_requests=PROBATION_ANSWERS - 5)
    assert state(pool.account(account_id)) == (Health.PROBATION, 1, PROBATION_ANSWERS - 1)
    pool.manager.release(crawl(pool), successful_requests=1)
    assert state(pool.account(account_id)) == (Health.HEALTHY, 0, 0)
    assert pool.kinds(account_id) == ["added", "suspect", "probation", "recovered"]
    assert english_text(pool.events(account_id)[-1].detail) == "healthy again after 10 good answers"


def test_what_made_it_suspect_is_told_with_evidence_and_end(pool: Pool) -> None:
    [account_id] = pool.add("a")
    refuse(pool, crawl(pool))
    event = pool.events(account_id)[-1]
    assert (event.kind, english_text(event.detail)) == ("suspect", "risk control: -352")
    assert event.evidence is not None and "/x/search?page=3" in event.evidence
    assert event.until_at == pool.account(account_id).cooldown_until


def test_the_lease_itself_knows_that_the_probe_passed(pool: Pool, clock: MovingClock) -> None:
    [account_id] = pool.add("a")
    refuse(pool, crawl(pool))
    rest(pool, clock, account_id)
    pool.manager.release(probed(pool), successful_requests=PROBATION_ANSWERS)
    assert state(pool.account(account_id)) == (Health.HEALTHY, 0, 0)


def test_a_refusal_on_probation_is_a_longer_rest(pool: Pool, clock: MovingClock) -> None:
    [account_id] = pool.add("a")
    rests = []
    for _ in range(7):
        rests.append(refuse(pool, probed(pool) if rests else crawl(pool)))
        assert pool.account(account_id).health is Health.SUSPECT
        rest(pool, clock, account_id)
    assert rests == [REST_SECS * factor for factor in (1, 2, 4, 8, 16, 16, 16)]
    pool.manager.release(probed(pool), successful_requests=PROBATION_ANSWERS)
    assert refuse(pool, crawl(pool)) == REST_SECS, "once healthy, all is forgotten"


def test_a_refusal_takes_the_good_answers_of_probation_away(pool: Pool, clock: MovingClock) -> None:
    [account_id] = pool.add("a")
    on_probation(pool, clock, account_id)
    pool.manager.release(crawl(pool), successful_requests=9)
    assert refuse(pool, crawl(pool)) == 2 * REST_SECS
    assert state(pool.account(account_id)) == (Health.SUSPECT, 2, 0)
    rest(pool, clock, account_id)
    pool.manager.release(probed(pool), successful_requests=9)
    assert pool.account(account_id).health is Health.PROBATION


def test_no_rest_is_longer_than_a_week(pool: Pool) -> None:
    pool.add("a")
    assert refuse(pool, crawl(pool), rest_secs=10**9) == MAX_REST_SECS


@pytest.mark.parametrize("health", [Health.HEALTHY, Health.PROBATION])
def test_a_throttle_keeps_the_health(pool: Pool, clock: MovingClock, health: Health) -> None:
    [account_id] = pool.add("a")
    if health is Health.PROBATION:
        on_probation(pool, clock, account_id)
    failures = pool.account(account_id).failure_count
    pool.manager.cool_down(crawl(pool), cooldown(60, "throttled: -799"))
    account = pool.account(account_id)
    assert (account.health, account.failure_count) == (health, failures + 1)
    assert pool.kinds(account_id)[-1] == "cooldown"
    rest(pool, clock, account_id)
    assert not pool.manager.needs_probe(crawl(pool)), "what was only a cooldown ends by itself"


def test_good_work_forgets_the_failures_of_a_healthy_account_only(
    pool: Pool, clock: MovingClock
) -> None:
    [account_id] = pool.add("a")
    pool.manager.cool_down(crawl(pool), cooldown(60))
    rest(pool, clock, account_id)
    pool.manager.release(crawl(pool), worked=False)
    assert pool.account(account_id).failure_count == 1
    pool.manager.release(crawl(pool), worked=True)
    assert pool.account(account_id).failure_count == 0
    on_probation(pool, clock, account_id)
    pool.manager.release(crawl(pool), worked=True, successful_requests=1)
    assert pool.account(account_id).failure_count == 1


def test_exporting_proves_nothing_to_the_platform(pool: Pool, clock: MovingClock) -> None:
    [account_id] = pool.add("a")
    pool.manager.cool_down(crawl(pool), cooldown(60))
    rest(pool, clock, account_id)
    pool.manager.release(pool.must_lease(Purpose.EXPORTING))
    assert pool.account(account_id).failure_count == 1
    refuse(pool, crawl(pool))
    rest(pool, clock, account_id)
    pool.manager.release(pool.must_lease(Purpose.EXPORTING))
    assert state(pool.account(account_id)) == (Health.SUSPECT, 2, 0)


def test_what_was_not_its_fault_counts_for_nothing(pool: Pool, clock: MovingClock) -> None:
    [account_id] = pool.add("a")
    on_probation(pool, clock, account_id)
    pool.manager.release(crawl(pool), successful_requests=3)
    before = state(pool.account(account_id))
    pool.manager.release_unharmed(crawl(pool), Message.text("the platform as a whole"), EVIDENCE)
    account = pool.account(account_id)
    assert state(account) == before
    assert account.status is AccountStatus.IDLE
    event = pool.events(account_id)[-1]
    assert (event.kind, english_text(event.detail)) == ("spared", "the platform as a whole")
    assert event.evidence is not None and "-352" in event.evidence
    assert pool.lease(Purpose.INGESTING) is not None, "it rests no longer than before"


@pytest.mark.parametrize("kind", ["suspect", "probation", "throttled", "disabled"])
def test_the_operator_forgives_everything(pool: Pool, clock: MovingClock, kind: str) -> None:
    [account_id] = pool.add("a")
    if kind == "probation":
        on_probation(pool, clock, account_id)
        pool.manager.release(crawl(pool), successful_requests=5)
    elif kind == "disabled":
        pool.manager.disable(crawl(pool), Message.text("banned: -102"), EVIDENCE)
    else:
        pool.manager.cool_down(
            crawl(pool),
            cooldown(60, kind, suspect=kind == "suspect"),
        )
    pool.manager.set_account_status(account_id, "idle", "forgiven")
    account = pool.account(account_id)
    assert state(account) == (Health.HEALTHY, 0, 0)
    assert (account.cooldown_until, account.disabled_reason) == (None, None)
    assert pool.kinds(account_id)[-1] == "enabled"
    leased = crawl(pool)
    assert not pool.manager.needs_probe(leased)


def test_a_session_is_looked_at_after_a_day_or_a_long_rest(pool: Pool, clock: MovingClock) -> None:
    pool.add("a")
    leased = crawl(pool)
    assert not pool.manager.needs_probe(leased)
    pool.manager.release(leased)
    clock.move(timedelta(hours=12).total_seconds() - 1)
    leased = crawl(pool)
    assert not pool.manager.needs_probe(leased)
    pool.manager.release(leased)
    clock.move(timedelta(hours=12).total_seconds() + 1)
    leased = crawl(pool)
    assert pool.manager.needs_probe(leased), "nobody used it for long"
    pool.manager.release(pool.manager.record_probe(leased))
    for _ in range(4):
        clock.move(timedelta(hours=6).total_seconds() - 1)
        leased = crawl(pool)
        assert not pool.manager.needs_probe(leased)
        pool.manager.release(leased)
    clock.move(5)
    assert pool.manager.needs_probe(crawl(pool)), "nobody looked for a day"


def test_the_rows_of_a_look_are_those_that_nobody_looked_at(pool: Pool, clock: MovingClock) -> None:
    pool.add("a", "b")
    for _ in range(2):
        leased = pool.manager.lease_unchecked("bilibili")
        assert leased is not None
        pool.manager.release(pool.manager.record_probe(leased))
    assert pool.manager.lease_unchecked("bilibili") is None
    clock.move(timedelta(days=1).total_seconds() + 1)
    assert pool.manager.lease_unchecked("bilibili") is not None


# Pace


def gate_of(pool: Pool, leased: AccountLease) -> PacedGate:
    """What a visit makes of what is stored."""
    account, now = leased.account, pool.app.clock.now()
    pace = AccountPace.load(PACES, account.pace, now, known=account.pace_known)
    return PacedGate(pace=pace, clock=pool.app.clock, stop=threading.Event(), patience_secs=0.25)


def ask(gate: PacedGate, times: int) -> None:
    for _ in range(times):
        with gate.turn("/x/search"):
            pass


def told(pool: Pool, gate: PacedGate) -> PaceState:
    now = pool.app.clock.now()
    day = pool.app.calendar.day(now)
    return PaceState(gate.pace.dump(now), gate.pace.ready_at(now), answers=0, day=day)


def secs_until(pool: Pool, moment: datetime | None) -> float:
    assert moment is not None
    return (moment - pool.app.clock.now()).total_seconds()


def test_the_pace_is_kept_and_the_account_passed_over_until_its_turn(
    pool: Pool, clock: MovingClock
) -> None:
    a, b = pool.add("a", "b")
    leased = crawl(pool)
    assert leased.id == a
    gate = gate_of(pool, leased)
    ask(gate, 5)
    pool.manager.release(leased, pace=told(pool, gate))
    account = pool.account(a)
    assert account.pace_known and account.pace == gate.pace.dump(pool.app.clock.now())
    assert secs_until(pool, account.ready_at) == pytest.approx(60.02, abs=0.01)
    other = crawl(pool)
    assert other.id == b
    assert pool.lease(Purpose.INGESTING) is None
    pool.manager.release(other, pace=told(pool, gate_of(pool, other)))
    clock.move(60)
    assert crawl(pool).id == b
    assert pool.lease(Purpose.INGESTING) is None
    clock.move(0.1)
    again = crawl(pool)
    assert again.id == a
    ask(gate_of(pool, again), 5)


def test_the_turn_of_a_partly_used_window_comes_at_once(pool: Pool) -> None:
    pool.add("a")
    leased = crawl(pool)
    gate = gate_of(pool, leased)
    ask(gate, 3)
    pool.manager.release(leased, pace=told(pool, gate))
    again = crawl(pool)
    gate = gate_of(pool, again)
    ask(gate, 2)
    with pytest.raises(OutOfTurnSignal):
        ask(gate, 1)


def test_exports_do_not_wait_for_a_turn(pool: Pool) -> None:
    [account_id] = pool.add("a")
    leased = crawl(pool)
    gate = gate_of(pool, leased)
    ask(gate, 5)
    asked = told(pool, gate)
    pool.manager.release(leased, pace=asked)
    assert pool.lease(Purpose.INGESTING) is None
    pool.manager.release(pool.must_lease(Purpose.EXPORTING))
    account = pool.account(account_id)
    assert (account.pace, account.pace_known) == (asked.pace, True)
    assert pool.lease(Purpose.INGESTING) is None, "an export does not shorten the wait"


@pytest.mark.parametrize("how", ["ran out", "operator", "released without a word"])
def test_after_a_user_who_said_nothing_the_window_counts_as_used_up(
    pool: Pool, clock: MovingClock, how: str
) -> None:
    [account_id] = pool.add("a")
    leased = crawl(pool)
    assert not pool.account(account_id).pace_known
    if how == "ran out":
        pool.manager.abandon(leased)
        clock.move(pool.app.settings.lease_secs + 1)
    elif how == "operator":
        pool.manager.set_account_status(account_id, "idle")
    else:
        pool.manager.release(leased)
    heir = crawl(pool)
    gate = gate_of(pool, heir)
    with pytest.raises(OutOfTurnSignal) as caught:
        ask(gate, 1)
    assert caught.value.secs == pytest.approx(60.02, abs=0.01)
    pool.manager.release(heir, worked=False, pace=told(pool, gate))
    assert pool.lease(Purpose.INGESTING) is None
    clock.move(60.1)
    ask(gate_of(pool, crawl(pool)), 5)


def test_an_account_that_was_never_used_may_start_at_once(pool: Pool) -> None:
    pool.add("a")
    ask(gate_of(pool, crawl(pool)), 5)


def test_what_was_learned_is_kept_through_a_rest(pool: Pool, clock: MovingClock) -> None:
    [account_id] = pool.add("a")
    leased = crawl(pool)
    gate = gate_of(pool, leased)
    ask(gate, 3)
    gate.record_throttle()
    rests = cooldown(60, "throttled: -799")
    pool.manager.cool_down(leased, rests, evidence=EVIDENCE, pace=told(pool, gate))
    learned = gate.pace.windows[EVERYTHING].limit
    assert 0 < learned < 5
    rest(pool, clock, account_id)
    clock.move(200)
    assert gate_of(pool, crawl(pool)).pace.windows[EVERYTHING].limit == pytest.approx(learned)
