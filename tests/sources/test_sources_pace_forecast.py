"""The outlook of an account: as many requests as its window really lets through."""

from __future__ import annotations

from collections import deque

import pytest

from core.settings import Pace
from sources.pace_forecast import PaceForecast, forecast_pace
from sources.pacing import RateWindow

NOW = 1_800_000_000.0
HOUR = 3600.0


def answered(window: RateWindow, answer_secs: float, until_secs: float) -> int:
    """How many answers come by then, when every request leaves as early as it may."""
    count, at = 0, NOW
    while True:
        at += window.ready_in(at) + answer_secs
        if at > NOW + until_secs:
            return count
        window.record_request(at)
        window.record_success(at)
        count += 1


def foreseen(found: PaceForecast, until_secs: float) -> float:
    """The requests that the outlook promises by then."""
    total, at = found.ahead, found.stretches[0].since_secs
    while at < until_secs:
        end = min(until_secs, found.next_change(at))
        total += found.per_sec_at(at) * (end - at)
        at = end
    return total


@pytest.mark.parametrize("answer_secs", [0.0, 0.4])
@pytest.mark.parametrize(
    "window",
    [
        RateWindow(Pace(1, 2.5)),
        RateWindow(Pace(20, 10)),
        RateWindow(Pace(20, 60), limit=7.3),
        RateWindow(Pace(1, 2.5), limit=0.25, ceiling=0.5, ceiling_at=NOW),
        RateWindow(Pace(100, 300), limit=12.5, ceiling=61.0, ceiling_at=NOW - 10),
        RateWindow(Pace(6, 600)),
    ],
    ids=["single", "burst", "between steps", "stretched", "up to a wall", "slow"],
)
def test_it_foresees_what_the_window_lets_through(window: RateWindow, answer_secs: float) -> None:
    found = forecast_pace(window, NOW, 0.0, answer_secs)
    before = window.limit
    wanted = answered(window, answer_secs, 6 * HOUR)
    assert foreseen(found, 6 * HOUR) == pytest.approx(wanted, rel=0.02, abs=window.pace.requests)
    assert before <= window.limit  # the outlook itself changed nothing, the answers did


def test_it_leaves_the_window_as_it_is() -> None:
    window = RateWindow(Pace(4, 10), limit=1.0, recent=deque([(NOW - 1, 1)]))
    forecast_pace(window, NOW, 3600.0, 0.3)
    assert window == RateWindow(Pace(4, 10), limit=1.0, recent=deque([(NOW - 1, 1)]))


def test_an_account_that_has_just_asked_is_behind() -> None:
    rested, tired = RateWindow(Pace(10, 60)), RateWindow(Pace(10, 60))
    tired.mark_full(NOW)
    ahead = [forecast_pace(one, NOW, 0.0, 0.0).ahead for one in (rested, tired)]
    assert ahead == pytest.approx([5.0, -5.0])
    assert forecast_pace(tired, NOW, 60.1, 0.0).ahead == pytest.approx(5.0)


def test_a_wall_is_not_forgotten() -> None:
    two_days_ago = NOW - 2 * 86400.0
    window = RateWindow(Pace(20, 10), limit=3.0, ceiling=8.0, ceiling_at=two_days_ago)
    found = forecast_pace(window, NOW, 0.0, 0.0)
    assert found.per_sec_at(30 * 86400.0) == pytest.approx(8 / 10.02)


def test_nothing_is_asked_before_the_start() -> None:
    found = forecast_pace(RateWindow(Pace(1, 2.5)), NOW, 100.0, 0.0)
    assert found.per_sec_at(99.9) == 0.0
    assert found.per_sec_at(100.0) > 0.0
