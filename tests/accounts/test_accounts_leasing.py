"""Leasing: in fair turns, only the fit, never twice; and a stale holder's writes change nothing."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest

from accounts.account_lease import Purpose
from core.errors import Evidence, LeaseLostError
from core.messages import Message
from storage.crawling import account_leases
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.models.accounts import AccountStatus
from tests.accounts.conftest import Pool
from tests.support.accounts.cooldowns import cooldown
from tests.support.apps import add_account
from tests.support.messages import english_text


def test_accounts_take_turns_least_recently_used_first(pool: Pool, clock):
    pool.add("a", "b", "c")
    used = []
    for _ in range(7):
        leased = pool.must_lease()
        used.append(leased.username)
        clock.move(1)
        pool.manager.release(leased)
        clock.move(1)
    assert used == ["a", "b", "c", "a", "b", "c", "a"]


def test_who_was_given_back_last_comes_last(pool: Pool, clock):
    pool.add("a", "b")
    first, second = pool.must_lease(), pool.must_lease()
    clock.move(1)
    pool.manager.release(second)
    clock.move(1)
    pool.manager.release(first)
    assert pool.must_lease().username == "b"


def test_a_new_account_is_first_in_turn(pool: Pool, clock):
    pool.add("a", "b")
    pool.manager.release(pool.must_lease())
    pool.manager.release(pool.must_lease())
    clock.move(1)
    pool.add("new")
    assert pool.must_lease().username == "new"


def test_a_lease_shows_its_purpose_owner_and_end(pool: Pool, clock):
    [account_id] = pool.add("a", limit=10)
    leased = pool.must_lease(Purpose.INGESTING)
    row = pool.account(account_id)
    assert row.status is AccountStatus.INGESTING
    assert row.lease_owner == pool.app.owner
    assert row.lease_token == leased.lease.token == 1
    assert row.lease_until is not None
    assert abs(row.lease_until - clock.now() - timedelta(seconds=30)) < timedelta(seconds=1)
    assert (leased.id, leased.username, leased.remaining_quota) == (account_id, "a", 10)
    assert leased.lease in pool.app.leases.held()


def test_a_leased_account_is_not_leased_again(pool: Pool, make_app):
    pool.add("a")
    pool.must_lease(Purpose.INGESTING)
    assert pool.lease(Purpose.EXPORTING) is None
    assert Pool(make_app()).lease(Purpose.INGESTING) is None


def test_platforms_have_pools_of_their_own(pool: Pool):
    pool.add("a")
    assert pool.manager.lease(Purpose.INGESTING, "douyin") is None


def test_a_disabled_account_is_not_leased(pool: Pool):
    [account_id] = pool.add("a")
    pool.manager.set_account_status(account_id, "disabled")
    assert pool.lease() is None


def test_an_account_rests_until_its_cooldown_ends(pool: Pool, clock):
    pool.add("a")
    pool.manager.cool_down(pool.must_lease(), cooldown(60))
    clock.move(59)
    assert pool.lease(Purpose.INGESTING) is None
    clock.move(1.5)
    assert pool.lease(Purpose.INGESTING) is not None


def test_a_spent_account_still_crawls_but_exports_no_more(pool: Pool):
    [account_id] = pool.add("a", limit=5)
    pool.manager.update_export_count(account_id, 5)
    assert pool.lease(Purpose.EXPORTING) is None
    leased = pool.must_lease(Purpose.INGESTING)
    assert leased.remaining_quota == 0


def test_unfit_accounts_are_passed_over_for_the_next(pool: Pool, clock):
    disabled, _, spent, _ = pool.add("disabled", "cooling", "spent", "fit", limit=5)
    pool.manager.set_account_status(disabled, "disabled")
    cooling = pool.must_lease()
    assert cooling.username == "cooling"
    pool.manager.cool_down(cooling, cooldown(600))
    pool.manager.update_export_count(spent, 5)
    assert pool.must_lease().username == "fit"


def test_each_failure_in_a_row_doubles_the_rest_up_to_sixteen_times(pool: Pool, clock):
    [account_id] = pool.add("a")
    rests = []
    for _ in range(7):
        leased = pool.must_lease()
        now = pool.app.clock.now()
        until = pool.manager.cool_down(leased, cooldown(60))
        rests.append(round((until - now).total_seconds()))
        clock.move(60 * 16 + 1)
    assert rests == [60, 120, 240, 480, 960, 960, 960]
    assert pool.account(account_id).failure_count == 7


def test_success_ends_the_row_of_failures_and_a_mere_return_does_not(pool: Pool, clock):
    [account_id] = pool.add("a")
    pool.manager.cool_down(pool.must_lease(), cooldown(60))
    clock.move(61)
    pool.manager.release(pool.must_lease(), worked=False)
    assert pool.account(account_id).failure_count == 1
    pool.manager.release(pool.must_lease(Purpose.INGESTING))
    assert pool.account(account_id).failure_count == 0


def test_release_makes_idle_and_strikes_the_lease_out(pool: Pool):
    [account_id] = pool.add("a")
    pool.manager.release(pool.must_lease())
    row = pool.account(account_id)
    assert (row.status, row.lease_owner, row.lease_until) == (AccountStatus.IDLE, None, None)
    assert pool.app.leases.held() == []


def test_a_disabled_account_keeps_its_reason_and_evidence(pool: Pool):
    [account_id] = pool.add("a")
    evidence = Evidence("GET /x", http_status=200, code=-101, body="未登录")
    pool.manager.disable(pool.must_lease(), Message.text("session expired"), evidence)
    row = pool.account(account_id)
    assert (row.status, english_text(row.disabled_reason)) == (
        AccountStatus.DISABLED,
        "session expired",
    )
    event = pool.events(account_id)[-1]
    assert (event.kind, english_text(event.detail)) == ("disabled", "session expired")
    assert event.evidence is not None and "未登录" in event.evidence


def test_a_very_long_reason_is_cut_and_not_refused(pool: Pool):
    [account_id] = pool.add("a")
    pool.manager.disable(pool.must_lease(), Message.text("错" * 5000))
    stored = pool.account(account_id).disabled_reason or ""
    assert len(stored) <= MAX_TEXT_CHARS
    assert re.fullmatch(r"错{1000,}…", english_text(stored))


def test_an_abandoned_lease_runs_out_by_itself(pool: Pool, clock):
    [account_id] = pool.add("a")
    leased = pool.must_lease()
    pool.manager.abandon(leased)
    assert pool.app.leases.held() == []
    with pytest.raises(LeaseLostError):
        leased.lease.require(pool.app.clock)
    assert pool.status(account_id) is AccountStatus.EXPORTING
    assert pool.lease() is None
    clock.move(31)
    assert pool.must_lease().lease.token > leased.lease.token


def test_an_expired_lease_is_reaped_once_and_its_token_grows(pool: Pool, clock):
    [account_id] = pool.add("a")
    leased = pool.must_lease()
    database, now = pool.app.database, pool.app.clock.now
    assert database.write(lambda tx: account_leases.reap(tx, now())) == 0
    clock.move(31)
    assert database.write(lambda tx: account_leases.reap(tx, now())) == 1
    assert database.write(lambda tx: account_leases.reap(tx, now())) == 0
    row = pool.account(account_id)
    assert (row.status, row.lease_owner) == (AccountStatus.IDLE, None)
    assert row.lease_token == leased.lease.token + 1


STALE_WRITES = {
    "release": lambda pool, leased: pool.manager.release(leased),
    "cool_down": lambda pool, leased: pool.manager.cool_down(leased, cooldown(60, "late")),
    "disable": lambda pool, leased: pool.manager.disable(leased, Message.text("late")),
    "spend": lambda pool, leased: pool.spend(leased, 1),
}


@pytest.mark.parametrize("write", STALE_WRITES)
@pytest.mark.parametrize("taken_over", [True, False])
def test_a_stale_holder_changes_nothing(pool: Pool, make_app, clock, write: str, taken_over: bool):
    [account_id] = pool.add("a")
    stale = pool.must_lease()
    clock.move(31)
    other = Pool(make_app())
    if taken_over:
        assert other.must_lease().lease.token > stale.lease.token
    else:
        pool.app.database.write(lambda tx: account_leases.reap(tx, pool.app.clock.now()))
    before, events = pool.account(account_id), pool.events(account_id)
    assert not STALE_WRITES[write](pool, stale) or write == "cool_down"
    assert pool.account(account_id) == before
    assert pool.events(account_id) == events


def test_quota_is_spent_only_under_an_exporting_lease(pool: Pool):
    pool.add("a")
    leased = pool.must_lease(Purpose.INGESTING)
    assert not pool.spend(leased, 1)
    pool.manager.set_account_status(leased.id, "exporting")
    assert pool.spend(leased, 1)
    assert pool.manager.get_remaining_quota(leased.id) == 3999


def test_threads_never_hold_an_account_twice(make_app):
    app = make_app(threads=8)
    for n in range(5):
        add_account(app, f"acc{n}")
    pool, holders, overlaps, leases = Pool(app), {}, [], []

    def work() -> None:
        for _ in range(12):
            leased = pool.lease(Purpose.INGESTING)
            if leased is None:
                continue
            if holders.setdefault(leased.id, threading.get_ident()) != threading.get_ident():
                overlaps.append(leased.id)
            leases.append((leased.id, leased.lease.token))
            pool.account(leased.id)  # hold it over a round trip
            del holders[leased.id]
            pool.manager.release(leased)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert overlaps == []
    assert len(set(leases)) == len(leases) > 20, "each lease has a token of its own"
    assert {account.status for account in app.pool.registry.all()} == {AccountStatus.IDLE}
