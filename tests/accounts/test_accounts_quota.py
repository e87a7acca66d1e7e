"""Quota: never past the limit, counted by the day of the configured zone, never backwards."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from accounts.account_lease import Purpose
from core.errors import InvalidInputError, QuotaExceededError
from tests.accounts.conftest import Pool
from tests.support.messages import raises_saying

# Midnight in Shanghai is 16:00 UTC.
EVENING = datetime(2026, 11, 22, 15, 59, 0, tzinfo=UTC)


def test_what_was_exported_is_gone_from_the_quota(pool: Pool):
    [account_id] = pool.add("a", limit=10)
    assert pool.manager.get_remaining_quota(account_id) == 10
    assert pool.manager.update_export_count(account_id, 4) == 6
    assert pool.manager.update_export_count(account_id, 0) == 6
    assert pool.manager.update_export_count(account_id, 6) == 0
    assert pool.manager.get_remaining_quota(account_id) == 0


def test_a_batch_that_would_pass_the_limit_adds_nothing(pool: Pool):
    [account_id] = pool.add("a", limit=10)
    pool.manager.update_export_count(account_id, 8)
    with raises_saying(QuotaExceededError, "has 2 rows left today, not 3"):
        pool.manager.update_export_count(account_id, 3)
    assert pool.manager.get_remaining_quota(account_id) == 2


def test_the_first_batch_of_a_day_may_not_pass_the_limit_either(pool: Pool):
    [account_id] = pool.add("a", limit=10)
    with pytest.raises(QuotaExceededError):
        pool.manager.update_export_count(account_id, 11)
    assert pool.account(account_id).quota_day.year == 1970, "nothing was changed"


def test_racing_threads_never_pass_the_limit(make_app):
    pool = Pool(make_app(threads=8))
    [account_id] = pool.add("a", limit=100)
    granted = []

    def work() -> None:
        for _ in range(10):
            try:
                pool.manager.update_export_count(account_id, 7)
            except QuotaExceededError:
                continue
            granted.append(7)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(granted) == pool.account(account_id).today_export_count == 98


def test_the_quota_day_turns_at_midnight_in_shanghai(pool: Pool, clock):
    [account_id] = pool.add("a", limit=10)
    clock.move_to(EVENING)
    pool.manager.update_export_count(account_id, 10)
    assert pool.lease() is None
    clock.move(59)
    assert pool.manager.get_remaining_quota(account_id) == 0
    assert pool.lease() is None
    clock.move(1.5)
    assert pool.manager.get_remaining_quota(account_id) == 10
    leased = pool.must_lease()
    assert leased.remaining_quota == 10
    assert pool.spend(leased, 3)
    row = pool.account(account_id)
    assert (row.today_export_count, str(row.quota_day)) == (3, "2026-11-23")


def test_another_zone_turns_its_day_elsewhere(make_app, clock):
    pool = Pool(make_app(quota_timezone="UTC"))
    [account_id] = pool.add("a", limit=10)
    clock.move_to(EVENING)
    pool.manager.update_export_count(account_id, 10)
    clock.move(120)
    assert pool.manager.get_remaining_quota(account_id) == 0
    clock.move_to(datetime(2026, 11, 23, 0, 0, 1, tzinfo=UTC))
    assert pool.manager.get_remaining_quota(account_id) == 10


def test_a_clock_that_goes_back_a_day_grants_nothing(pool: Pool, clock):
    [account_id] = pool.add("a", limit=10)
    pool.manager.update_export_count(account_id, 4)
    clock.move(-86400)
    assert pool.manager.get_remaining_quota(account_id) == 0
    assert pool.lease() is None
    with raises_saying(QuotaExceededError, "0 rows left"):
        pool.manager.update_export_count(account_id, 1)
    clock.move(86400)
    assert pool.manager.get_remaining_quota(account_id) == 6
    assert pool.must_lease().remaining_quota == 6


def test_an_account_with_limit_zero_never_exports_but_crawls(pool: Pool, clock):
    [account_id] = pool.add("a", limit=0)
    assert pool.manager.get_remaining_quota(account_id) == 0
    assert pool.lease(Purpose.EXPORTING) is None
    with pytest.raises(QuotaExceededError):
        pool.manager.update_export_count(account_id, 1)
    clock.move(2 * 86400)
    assert pool.lease(Purpose.EXPORTING) is None
    assert pool.lease(Purpose.INGESTING) is not None


def test_a_limit_below_what_was_exported_leaves_nothing(pool: Pool, clock):
    [account_id] = pool.add("a", limit=10)
    pool.manager.update_export_count(account_id, 8)
    pool.app.pool.registry.set_limit(pool.account(account_id), 5)
    assert pool.manager.get_remaining_quota(account_id) == 0
    assert pool.lease() is None
    pool.app.pool.registry.set_limit(pool.account(account_id), 20)
    assert pool.manager.get_remaining_quota(account_id) == 12
    clock.move(86400)
    assert pool.manager.get_remaining_quota(account_id) == 20


@pytest.mark.parametrize("count", [-1, -4000])
def test_a_negative_count_is_refused(pool: Pool, count: int):
    [account_id] = pool.add("a", limit=10)
    with raises_saying(InvalidInputError, "negative"):
        pool.manager.update_export_count(account_id, count)
    assert pool.manager.get_remaining_quota(account_id) == 10


@pytest.mark.parametrize("count", [2.5, "3", None])
def test_a_count_that_is_no_whole_number_is_refused(pool: Pool, count: object):
    [account_id] = pool.add("a", limit=10)
    with pytest.raises(InvalidInputError):
        pool.manager.update_export_count(account_id, count)
    assert pool.manager.get_remaining_quota(account_id) == 10


def test_an_absurd_id_is_an_unknown_one(pool: Pool):
    # Fails on SQLite: OverflowError of the driver.
    with raises_saying(InvalidInputError, "no account has the id"):
        pool.manager.get_remaining_quota(10**30)


def test_an_absurd_count_passes_the_limit_like_any_other(pool: Pool):
    # Fails on SQLite: OverflowError of the driver.
    [account_id] = pool.add("a", limit=10)
    with pytest.raises(QuotaExceededError):
        pool.manager.update_export_count(account_id, 10**30)


def test_an_account_that_does_not_exist_is_told(pool: Pool):
    for ask in (
        lambda: pool.manager.get_remaining_quota(99),
        lambda: pool.manager.update_export_count(99, 1),
        lambda: pool.manager.set_account_status(99, "idle"),
    ):
        with raises_saying(InvalidInputError, "no account has the id 99"):
            ask()


def test_a_day_of_many_batches_ends_exactly_at_the_limit(pool: Pool):
    [account_id] = pool.add("a", limit=4000)
    leased = pool.must_lease()
    batches = 0
    while pool.spend(leased, 300):
        batches += 1
    assert batches == 13
    assert pool.spend(leased, 100)
    assert not pool.spend(leased, 1)
    assert pool.account(account_id).today_export_count == 4000


def test_the_counter_of_a_new_day_starts_at_nought_whatever_yesterday_was(pool: Pool, clock):
    [account_id] = pool.add("a", limit=10)
    for day in range(4):
        assert pool.manager.update_export_count(account_id, 7) == 3
        row = pool.account(account_id)
        assert row.today_export_count == 7
        assert row.quota_day == datetime(2026, 11, 22).date() + timedelta(days=day)
        clock.move(86400)
