"""Why no account is fit, and when that ends."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from accounts.account_lease import Purpose
from accounts.shortage import Shortage
from core.messages import Message
from storage.crawling import proxies
from tests.accounts.conftest import PLATFORM, Pool
from tests.support.accounts.cooldowns import cooldown
from tests.support.messages import english_text

MIDNIGHT = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # in Shanghai; the clock starts at 04:00


def why(pool: Pool, purpose: Purpose = Purpose.EXPORTING) -> Shortage:
    return pool.manager.shortage(purpose, PLATFORM)


def spend_all(pool: Pool, account_id: int) -> None:
    pool.manager.update_export_count(account_id, pool.manager.get_remaining_quota(account_id))


@pytest.mark.parametrize("purpose", Purpose)
def test_no_account_at_all(pool: Pool, purpose: Purpose):
    assert why(pool, purpose) == Shortage(
        Message.of("no_account", platform=PLATFORM), False, False, None
    )


@pytest.mark.parametrize("purpose", Purpose)
def test_all_disabled(pool: Pool, purpose: Purpose):
    for account_id in pool.add("a", "b"):
        pool.manager.set_account_status(account_id, "disabled")
    assert why(pool, purpose) == Shortage(
        Message.of("all_accounts_disabled", n=2), False, False, None
    )


@pytest.mark.parametrize("purpose", Purpose)
def test_all_busy(pool: Pool, purpose: Purpose):
    pool.add("a")
    pool.must_lease()
    shortage = why(pool, purpose)
    assert (shortage.busy, shortage.spent, shortage.until) == (True, False, None)
    assert "1 account is busy" in english_text(shortage.reason)


@pytest.mark.parametrize("purpose", Purpose)
def test_all_cooling(pool: Pool, purpose: Purpose, clock):
    pool.add("a", "b")
    first, second = pool.must_lease(), pool.must_lease()
    pool.manager.cool_down(first, cooldown(600))
    soonest = pool.manager.cool_down(second, cooldown(60))
    shortage = why(pool, purpose)
    assert english_text(shortage.reason) == "2 accounts are cooling down"
    assert not shortage.busy and not shortage.spent
    assert shortage.until is not None
    assert abs(shortage.until - soonest) < timedelta(milliseconds=1)


def test_a_crawl_is_told_what_keeps_each_account_and_when_the_first_can_go_on(pool: Pool, clock):
    """Also in a row of the database, which holds the reason as JSON."""
    ids = pool.add("rests", "off", "behind a proxy")
    pool.manager.cool_down(pool.must_lease(Purpose.INGESTING), cooldown(600))
    pool.manager.set_account_status(ids[1], "disabled")
    until = clock.now() + timedelta(seconds=60)
    pool.app.database.write(
        lambda tx: (
            tx.execute(
                "UPDATE accounts SET proxy='x', egress='gate#1' WHERE id=:id",
                id=ids[2],
            ),
            proxies.note(tx, "gate#1", "gate", "http", "gate", 1, clock.now()),
            proxies.set_cooldown(tx, "gate#1", until, clock.now()),
        )
    )
    shortage = why(pool, Purpose.INGESTING)
    told = english_text(Message.load(shortage.reason.dump()))
    assert re.sub(r"2026-11-22 [0-9:]*[0-9]", "THEN", told) == (
        "of 3 accounts 1 account waits: its egress route is left alone until THEN; 1 account is"
        " cooling down until THEN; 1 account is disabled, which only a person ends"
    )
    assert shortage.until is not None and abs(shortage.until - until) < timedelta(milliseconds=1)


def test_all_spent_ends_at_the_next_quota_day(pool: Pool):
    for account_id in pool.add("a", "b"):
        spend_all(pool, account_id)
    shortage = why(pool)
    assert english_text(shortage.reason) == "2 accounts have used up the quota of 2026-11-22"
    assert (shortage.busy, shortage.spent, shortage.until) == (False, True, MIDNIGHT)


def test_all_but_disabled_ones_spent(pool: Pool):
    disabled, spent = pool.add("a", "b")
    pool.manager.set_account_status(disabled, "disabled")
    spend_all(pool, spent)
    shortage = why(pool)
    assert "1 account has used up" in english_text(shortage.reason)
    assert shortage.spent and shortage.until == MIDNIGHT


def test_a_busy_account_that_is_spent_is_not_waited_for(pool: Pool):
    [account_id] = pool.add("a")
    spend_all(pool, account_id)
    pool.must_lease(Purpose.INGESTING)
    assert why(pool).spent
    assert why(pool, Purpose.INGESTING).busy


def test_a_resting_account_that_is_spent_is_not_waited_for(pool: Pool):
    [account_id] = pool.add("a")
    spend_all(pool, account_id)
    pool.manager.cool_down(pool.must_lease(Purpose.INGESTING), cooldown(60))
    assert why(pool).until == MIDNIGHT
    assert why(pool, Purpose.INGESTING).until != MIDNIGHT


def test_a_rest_that_ends_before_midnight_comes_before_the_spent(pool: Pool):
    spent, _ = pool.add("a", "b")
    spend_all(pool, spent)
    until = pool.manager.cool_down(pool.must_lease(), cooldown(60))
    shortage = why(pool)
    assert shortage.until is not None
    assert abs(shortage.until - until) < timedelta(milliseconds=1)


def test_a_rest_beyond_midnight_does_not_hide_the_new_day(pool: Pool):
    spent, _ = pool.add("a", "b")
    spend_all(pool, spent)
    pool.manager.cool_down(pool.must_lease(), cooldown(24 * 3600, "risk control"))
    assert why(pool).until == MIDNIGHT


def test_accounts_without_any_quota_wait_for_a_person(pool: Pool):
    pool.add("a", limit=0)
    shortage = why(pool)
    assert (shortage.spent, shortage.until) == (False, None)


def test_an_account_given_back_meanwhile_is_asked_for_again_at_once(pool: Pool):
    pool.add("a")
    shortage = why(pool)
    assert shortage.busy and shortage.until is None


def test_at_the_promised_moment_an_account_is_fit(pool: Pool, clock):
    [account_id] = pool.add("a")
    spend_all(pool, account_id)
    promised = why(pool).until
    assert promised is not None
    clock.move_to(promised + timedelta(milliseconds=50))
    assert pool.lease() is not None
