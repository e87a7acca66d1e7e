"""A plan comes true: it is compared with what the real services do on a clock that jumps.

`python -m benchmarks plan` does the same for 120,000 creators and for a month.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from app.container import App
from core.settings import Pace
from crawler.planning.inputs import Plan, PlanRequest
from crawler.planning.pool_reader import Search
from tests.support.apps import add_account
from tests.support.crawler.workbench import ONE_ENGINE, change, counts_of, rows, store_rows
from tests.support.simulated_clock import SimulatedClock
from tests.support.simulation import DOMAIN, SimulatedPlatform, Simulation

LATE = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)  # half an hour before the day turns
FOR_EVER = 20 * 86_400.0  # no keeper renews the leases
Played = tuple[Plan, float, float]  # and the ends of crawl and export, in seconds
pytestmark = ONE_ENGINE


def play(app: App, clock: SimulatedClock, platform: SimulatedPlatform, workers: int = 2) -> Played:
    """Plan the crawl and the export of the platform's creators, then do them."""
    simulation = Simulation(app=app, clock=clock, platform=platform)
    simulation.run(simulation.file_crawl(12, "warm-up"))
    begin = clock.now()
    search = Search({"*": platform.pace}, platform.page_rows, None, sequential=False)
    request = PlanRequest("bilibili", DOMAIN, platform.creators, workers=workers)
    plan = app.crawling.planner.plan(request, search)
    filed = simulation.file_crawl(), simulation.file_export()
    course = simulation.run(*filed, crawl_workers=workers)
    assert course.crawl_ended and course.export_ended
    ends = (course.crawl_ended, course.export_ended)
    crawl_secs, export_secs = ((end - begin).total_seconds() for end in ends)
    return plan, crawl_secs, export_secs


def assert_came_true(played: Played) -> None:
    plan, crawl_secs, export_secs = played
    assert plan.forecast.crawl.secs == pytest.approx(crawl_secs, rel=0.05)
    assert plan.forecast.export.secs == pytest.approx(export_secs, rel=0.05)


def test_quotas_decide_over_days(make_app: Callable[..., App]) -> None:
    clock = SimulatedClock()
    app = make_app(clock=clock, lease_secs=FOR_EVER, poll_secs=1.0)
    for number, limit in enumerate((900, 500, 100), start=1):
        add_account(app, f"a-{number}", limit)
    store_rows(app, 2_000)
    played = play(app, clock, SimulatedPlatform(clock, 6_000, Pace(1, 2.5)))
    assert_came_true(played)
    assert sum(counts_of(app)) == 8_000
    by_day = rows(
        app,
        "SELECT quota_day, SUM(exported_count) AS n FROM export_logs"
        " GROUP BY quota_day ORDER BY quota_day",
    )
    assert len(by_day) == played[0].forecast.quota_days == 6


def test_paces_decide_that_were_learned(make_app: Callable[..., App]) -> None:
    clock = SimulatedClock(LATE)
    app = make_app(clock=clock, lease_secs=FOR_EVER, poll_secs=1.0)
    for name in ("a-1", "a-2", "a-3", "off"):
        add_account(app, name, 1_000)
    app.pool.manager.set_account_status(app.pool.registry.find("off").id, "disabled")
    until = clock.now() + timedelta(minutes=3)
    change(
        app,
        "UPDATE accounts SET cooldown_until=:until WHERE username='a-3'",
        until=f"{until:%Y-%m-%d %H:%M:%S}.000",
    )
    allowed = {"a-1": Pace(5, 15)}
    platform = SimulatedPlatform(clock, 9_000, Pace(10, 15), allowed=allowed)
    assert_came_true(play(app, clock, platform))
    assert platform.throttles >= 1


def test_workers_decide_when_they_are_few(make_app: Callable[..., App]) -> None:
    clock = SimulatedClock()
    app = make_app(clock=clock, lease_secs=FOR_EVER, poll_secs=1.0)
    for number in range(1, 11):
        add_account(app, f"a-{number}")
    platform = SimulatedPlatform(clock, 6_000, Pace(1, 2.5), answer_secs=1.2)
    assert_came_true(play(app, clock, platform))
