"""The breaker: when a whole way out is left alone, and for how long."""

from __future__ import annotations

import pytest
from moving_clock import MovingClock

from sources.policies import Breaker

WAY = ("bilibili", "direct")
REST = 900.0


@pytest.fixture
def breaker(clock: MovingClock) -> Breaker:
    return Breaker(clock, accounts=3, rest_secs=REST)


def _trip(breaker: Breaker, *accounts: int) -> list[bool]:
    return [breaker.note_risk(*WAY, account, whole_egress=False) for account in accounts]


def test_it_is_open_at_first(breaker: Breaker) -> None:
    assert breaker.secs_left(*WAY) == 0


def test_three_accounts_within_a_minute_shut_the_way(breaker: Breaker, clock: MovingClock) -> None:
    shut = []
    for account in (1, 2, 3):
        shut += _trip(breaker, account)
        clock.move(29)
    assert shut == [False, False, True]
    assert breaker.secs_left(*WAY) == REST - 29


def test_one_account_again_and_again_does_not(breaker: Breaker) -> None:
    assert not any(_trip(breaker, 1, 1, 1, 2, 2, 2))
    assert breaker.secs_left(*WAY) == 0


def test_three_accounts_over_more_than_a_minute_do_not(
    breaker: Breaker, clock: MovingClock
) -> None:
    for account in range(1, 9):
        assert _trip(breaker, account) == [False]
        clock.move(31)


def test_a_block_of_the_address_shuts_it_at_once(breaker: Breaker) -> None:
    assert breaker.note_risk(*WAY, 1, whole_egress=True)
    assert breaker.secs_left(*WAY) == REST


def test_other_ways_and_platforms_stay_open(breaker: Breaker) -> None:
    breaker.note_risk("bilibili", "proxy:1", 1, whole_egress=True)
    _trip(breaker, 1, 2)
    breaker.note_risk("bilibili", "proxy:2", 3, whole_egress=False)
    assert breaker.secs_left("bilibili", "proxy:1") == REST
    for way in (WAY, ("bilibili", "proxy:2"), ("other", "proxy:1")):
        assert breaker.secs_left(*way) == 0


def test_it_opens_after_its_rest(breaker: Breaker, clock: MovingClock) -> None:
    _trip(breaker, 1, 2, 3)
    clock.move(REST - 1)
    assert breaker.secs_left(*WAY) == 1
    clock.move(1)
    assert breaker.secs_left(*WAY) == 0


def test_each_shutting_in_a_row_lasts_twice_as_long_up_to_sixteen_times(
    breaker: Breaker, clock: MovingClock
) -> None:
    rests = []
    for _ in range(6):
        _trip(breaker, 1, 2, 3)
        rests.append(breaker.secs_left(*WAY) / REST)
        clock.move(breaker.secs_left(*WAY))
    assert rests == [1, 2, 4, 8, 16, 16]


def test_several_answers_to_the_same_block_shut_it_once(
    breaker: Breaker, clock: MovingClock
) -> None:
    for account in (1, 2, 3, 4):  # requests that were under way when the block began
        breaker.note_risk(*WAY, account, whole_egress=True)
        clock.move(0.1)
    assert breaker.secs_left(*WAY) <= REST


def test_a_good_answer_after_the_rest_ends_the_row(breaker: Breaker, clock: MovingClock) -> None:
    _trip(breaker, 1, 2, 3)
    clock.move(REST)
    breaker.note_good(*WAY)
    _trip(breaker, 1, 2, 3)
    assert breaker.secs_left(*WAY) == REST


def test_an_answer_that_was_under_way_does_not_open_a_shut_way(
    breaker: Breaker, clock: MovingClock
) -> None:
    breaker.note_risk(*WAY, 1, whole_egress=True)
    clock.move(0.1)
    breaker.note_good(*WAY)
    assert breaker.secs_left(*WAY) > 0


def test_good_answers_of_others_do_not_hide_three_accounts_at_risk(breaker: Breaker) -> None:
    for account in (1, 2, 3):
        breaker.note_good(*WAY)
        _trip(breaker, account)
    assert breaker.secs_left(*WAY) > 0
