"""The breaker: when a way out or a whole platform is left alone, for how long, and the probe."""

from __future__ import annotations

import pytest

from sources.policies import ALL_WAYS, PROBE_SECS, Breaker, ShutWay
from tests.support.moving_clock import MovingClock

WAY = ("bilibili", "direct")
REST = 900.0


@pytest.fixture
def breaker(clock: MovingClock) -> Breaker:
    return Breaker(clock=clock, rest_secs=REST)


def test_it_is_open_at_first(breaker: Breaker) -> None:
    assert breaker.secs_left(*WAY) == breaker.admit(*WAY) == 0


def test_a_shut_way_lets_nobody_through(breaker: Breaker, clock: MovingClock) -> None:
    assert breaker.shut(*WAY)
    assert breaker.admit(*WAY) == REST
    clock.move(REST - 1)
    assert breaker.admit(*WAY) == 1


def test_other_ways_and_platforms_stay_open(breaker: Breaker) -> None:
    breaker.shut("bilibili", "proxy:1")
    for way in (WAY, ("bilibili", "proxy:2"), ("other", "proxy:1")):
        assert breaker.admit(*way) == 0


def test_what_is_shut_just_now_is_told_with_how_long(breaker: Breaker, clock: MovingClock) -> None:
    breaker.shut("bilibili", ALL_WAYS)
    clock.move(100)
    breaker.shut("other", "10.0.0.8:3128")
    assert breaker.shut_ways() == [
        ShutWay("bilibili", None, REST - 100),
        ShutWay("other", "10.0.0.8:3128", REST),
    ]
    clock.move(REST - 100)  # it may be probed now
    assert [way.platform for way in breaker.shut_ways()] == ["other"]


def test_a_whole_platform_is_shut_on_all_ways(breaker: Breaker) -> None:
    breaker.shut("bilibili", ALL_WAYS)
    assert breaker.admit(*WAY) == breaker.admit("bilibili", "proxy:1") == REST
    assert breaker.admit("other", "direct") == 0


def test_after_the_rest_one_probe_goes_and_the_others_wait_for_it(
    breaker: Breaker, clock: MovingClock
) -> None:
    breaker.shut(*WAY)
    clock.move(REST)
    assert breaker.admit(*WAY) == 0
    assert breaker.admit(*WAY) == PROBE_SECS
    breaker.note_good(*WAY)
    assert [breaker.admit(*WAY) for _ in range(3)] == [0, 0, 0]


def test_a_probe_that_brings_nothing_lets_the_next_one_try(
    breaker: Breaker, clock: MovingClock
) -> None:
    breaker.shut(*WAY)
    clock.move(REST)
    breaker.admit(*WAY)
    breaker.note_failed(*WAY)
    assert breaker.admit(*WAY) == 0
    clock.move(PROBE_SECS)  # that one died
    assert breaker.admit(*WAY) == 0


def test_each_shutting_in_a_row_lasts_twice_as_long_up_to_sixteen_times(
    breaker: Breaker, clock: MovingClock
) -> None:
    rests = []
    for _ in range(7):
        assert breaker.shut(*WAY)
        rests.append(breaker.secs_left(*WAY))
        clock.move(rests[-1])
        breaker.admit(*WAY)
    assert rests == [REST * factor for factor in (1, 2, 4, 8, 16, 16, 16)]


def test_a_good_probe_ends_the_row(breaker: Breaker, clock: MovingClock) -> None:
    breaker.shut(*WAY)
    clock.move(REST)
    breaker.admit(*WAY)
    breaker.note_good(*WAY)
    breaker.shut(*WAY)
    assert breaker.secs_left(*WAY) == REST


def test_an_answer_that_was_under_way_opens_nothing(breaker: Breaker) -> None:
    breaker.shut(*WAY)
    breaker.note_good(*WAY)
    assert breaker.admit(*WAY) == REST


def test_one_block_answered_several_times_counts_once(breaker: Breaker, clock: MovingClock) -> None:
    assert [breaker.shut(*WAY) for _ in range(3)] == [True, False, False]
    clock.move(10)
    assert breaker.secs_left(*WAY) == REST - 10
