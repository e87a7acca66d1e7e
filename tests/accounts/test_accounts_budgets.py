"""Budgets of platforms: never passed, counted by the platform's own day, shared by everybody."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from accounts.budgets import DailyBudget
from app.container import App
from core.errors import PlatformQuotaError
from tests.support.messages import raises_saying
from tests.support.moving_clock import MovingClock

PACIFIC = "America/Los_Angeles"


def budget(app: App, clock: MovingClock, limit: int = 100, platform: str = "youtube", **more: str):
    return DailyBudget(
        database=app.database,
        clock=clock,
        platform=platform,
        limit=limit,
        zone=more.get("zone", PACIFIC),
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_what_was_spent_is_gone_until_nothing_is_left(app: App, clock: MovingClock) -> None:
    purse = budget(app, clock)
    assert purse.left() == 100
    purse.spend(60)
    purse.spend(0)
    assert purse.left() == 40
    with raises_saying(PlatformQuotaError, r"budget for youtube is used up \(100 units\)"):
        purse.spend(41)
    assert purse.left() == 40, "a refusal costs nothing"
    purse.spend(40)
    assert purse.left() == 0
    with pytest.raises(PlatformQuotaError):
        purse.spend(1)


def test_the_first_spending_may_not_pass_the_limit_either(app: App, clock: MovingClock) -> None:
    purse = budget(app, clock)
    with pytest.raises(PlatformQuotaError):
        purse.spend(101)
    assert purse.left() == 100
    with pytest.raises(PlatformQuotaError):
        budget(app, clock, limit=0, platform="tikhub").spend(1)


def test_platforms_have_budgets_of_their_own(app: App, clock: MovingClock) -> None:
    one, other = budget(app, clock), budget(app, clock, platform="tikhub", zone="UTC")
    one.spend(100)
    assert (one.left(), other.left()) == (0, 100)
    other.spend(1)
    assert (one.left(), other.left()) == (0, 99)


def test_racing_processes_never_pass_the_limit(make_app, clock: MovingClock) -> None:
    apps = [make_app(threads=4) for _ in range(2)]
    granted: list[int] = []
    refused: list[datetime] = []
    start = threading.Barrier(8)

    def work(app: App) -> None:
        purse = budget(app, clock)
        start.wait(60)
        for _ in range(10):
            try:
                purse.spend(7)
            except PlatformQuotaError as error:
                refused.append(error.resets_at)
            else:
                granted.append(7)

    threads = [threading.Thread(target=work, args=(app,)) for app in apps for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(granted) + len(refused) == 80
    assert sum(granted) == 98
    assert [budget(app, clock).left() for app in apps] == [2, 2]


@pytest.mark.parametrize(
    ("before", "midnight"),
    [
        ("2026-07-01 06:59:59", "2026-07-01 07:00:00"),  # summer time: UTC-7
        ("2026-12-01 07:59:59", "2026-12-01 08:00:00"),  # winter time: UTC-8
        ("2026-03-08 08:00:00", "2026-03-09 07:00:00"),  # a day of 23 hours
        ("2026-11-01 07:00:00", "2026-11-02 08:00:00"),  # a day of 25 hours
    ],
)
def test_the_day_turns_at_the_platforms_midnight(app: App, before: str, midnight: str) -> None:
    clock = MovingClock(at(before))
    purse = budget(app, clock)
    purse.spend(100)
    clock.move_to(at(midnight) - timedelta(seconds=1))
    with pytest.raises(PlatformQuotaError) as caught:
        purse.spend(1)
    assert caught.value.resets_at == at(midnight)
    assert purse.left() == 0
    clock.move_to(caught.value.resets_at)
    assert purse.left() == 100
    purse.spend(100)
    with pytest.raises(PlatformQuotaError) as again:
        purse.spend(1)
    assert again.value.resets_at > at(midnight) + timedelta(hours=22)


def test_a_clock_behind_does_not_open_yesterday_again(app: App) -> None:
    clock = MovingClock(at("2026-07-02 12:00:00"))
    purse = budget(app, clock)
    purse.spend(30)
    with pytest.raises(PlatformQuotaError):
        budget(app, MovingClock(at("2026-07-01 12:00:00"))).spend(1)
    assert purse.left() == 70


def test_a_smaller_limit_holds_for_what_was_spent_before(app: App, clock: MovingClock) -> None:
    budget(app, clock, limit=100).spend(80)
    less = budget(app, clock, limit=50)
    with pytest.raises(PlatformQuotaError):
        less.spend(1)
    assert less.left() <= 0
    budget(app, clock, limit=200).spend(120)
