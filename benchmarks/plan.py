"""`plan`: what it says, compared with what the real services do on a clock that jumps.

Every scenario is planned first and then played: scheduler, accounts, visits, paces, both workers,
batches and sealing are the product's; only the time and the platform are not.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from accounts.vault import Credentials
from app.container import App
from benchmarks import rows
from benchmarks.ground import Ground, Place, opened
from benchmarks.results import Figure, Result
from core.settings import Pace
from crawler.planning.inputs import PlanRequest
from crawler.planning.pool_reader import Search

# isort: split
# The clock and the platform of the tests serve the benchmarks too; ground.py knows their folder.
from tests.support.simulated_clock import SimulatedClock
from tests.support.simulation import DOMAIN, Course, SimulatedPlatform, Simulation

NAME = "plan"
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # in Shanghai
LATE = NOON + timedelta(hours=11, minutes=30)
LEASE_SECS = 25 * 86_400.0  # no keeper renews them
WARM_UP_PAGES = 60
MEMORY = Path("/dev/shm")  # a disk would only slow the simulation down
BILIBILI_PACE = Pace(1, 2.5)
Preparation = Callable[[App, SimulatedClock], None]


def _nothing(app: App, clock: SimulatedClock) -> None:
    """Leave the pool as it is."""


@dataclass(frozen=True)
class Scenario:
    """`limits` are the daily export limits of the accounts, a-1, a-2 and so on; `learned`: some
    pages of another domain come first, so that paces and answers are known."""

    label: str
    creators: int
    limits: tuple[int, ...]
    pace: Pace = BILIBILI_PACE
    waiting_rows: int = 0
    workers: int = 2
    start: datetime = NOON
    learned: bool = True
    pages_per_task: int = 10
    prepare: Preparation = _nothing
    allowed: Mapping[str, Pace] = field(default_factory=dict)
    session_secs: Mapping[str, float] = field(default_factory=dict)


def _mixed(app: App, clock: SimulatedClock) -> None:
    """Let two accounts rest, one of them beyond the crawl, and disable one."""
    _rest(app, clock, "a-2", 2 * 3600.0)
    _rest(app, clock, "a-3", 30 * 3600.0)
    app.pool.manager.set_account_status(app.pool.registry.find("a-4").id, "disabled")


def _rest(app: App, clock: SimulatedClock, name: str, secs: float) -> None:
    until = clock.now() + timedelta(seconds=secs)
    app.database.write(
        lambda tx: tx.execute(
            "UPDATE accounts SET cooldown_until=:until WHERE username=:name",
            until=f"{until:%Y-%m-%d %H:%M:%S}.000",
            name=name,
        )
    )


SCENARIOS = (
    Scenario("120,000 creators, 3 accounts", 120_000, (4_000,) * 3),
    Scenario("paces decide", 40_000, (20_000,) * 4, workers=3),
    Scenario("workers decide", 60_000, (4_000,) * 12),
    Scenario(
        label="learned paces, mixed limits",
        creators=40_000,
        limits=(500, 4_000, 2_500, 0),
        pace=Pace(12, 30),
        allowed={"a-1": Pace(6, 30), "a-2": Pace(9, 30)},
    ),
    Scenario(
        label="resting, disabled, ending",
        creators=24_000,
        limits=(600,) * 5,
        pace=Pace(1, 60),
        prepare=_mixed,
        session_secs={"a-5": 4 * 3600.0},
    ),
    Scenario(
        "begun late in the day",
        30_000,
        (4_000,) * 2,
        start=LATE,
        learned=False,
        waiting_rows=5_000,
    ),
    Scenario(
        label="a month",
        creators=172_000,
        limits=(4_000,) * 2,
        pace=Pace(1, 600),
        waiting_rows=80_000,
        pages_per_task=10_000,
    ),
)


def run(ground: Ground, full: bool = False) -> Result:
    """Compare planned and simulated days of each scenario."""
    figures: list[Figure] = []
    for scenario in SCENARIOS:
        begin = time.monotonic()
        figures += _figures(scenario)
        secs = time.monotonic() - begin
        print(f"  {scenario.label}: {secs:.0f} s", file=sys.stderr, flush=True)
    return Result(NAME, tuple(figures))


@contextmanager
def _place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Place(f"sqlite:///{folder}/baton.db", Path(folder))


def _figures(scenario: Scenario) -> list[Figure]:
    clock = SimulatedClock(scenario.start)
    changes = {"lease_secs": LEASE_SECS, "poll_secs": 1.0}
    pages_per_task = scenario.pages_per_task
    with (
        _place() as place,
        opened(place, 4, clock, **changes, pages_per_task=pages_per_task) as app,
    ):
        platform = SimulatedPlatform(
            clock, scenario.creators, scenario.pace, allowed=scenario.allowed
        )
        simulation = Simulation(app=app, clock=clock, platform=platform)
        _fill(app, clock, scenario, simulation, platform)
        begin = clock.now()
        search = Search({"*": scenario.pace}, platform.page_rows, None, sequential=False)
        request = PlanRequest("bilibili", DOMAIN, scenario.creators, workers=scenario.workers)
        planned = app.crawling.planner.plan(request, search).forecast
        course = simulation.run(
            simulation.file_crawl(), simulation.file_export(), crawl_workers=scenario.workers
        )
    return [
        figure
        for what, secs, ended in _ends(planned.crawl.secs, planned.export.secs, course)
        for figure in _compared(f"{scenario.label}: {what}", secs, (ended - begin).total_seconds())
    ]


def _fill(
    app: App,
    clock: SimulatedClock,
    scenario: Scenario,
    simulation: Simulation,
    platform: SimulatedPlatform,
) -> None:
    for number, limit in enumerate(scenario.limits, start=1):
        name = f"a-{number}"
        app.pool.registry.add("bilibili", name, Credentials(session=f"SESSDATA={name}"), limit)
    rows.insert(app.database, DOMAIN, scenario.waiting_rows)
    if scenario.learned:
        simulation.run(simulation.file_crawl(WARM_UP_PAGES, "warm-up"))
    for name, secs in scenario.session_secs.items():
        _end_session(app, platform, name, clock.now() + timedelta(seconds=secs))
    scenario.prepare(app, clock)


def _end_session(app: App, platform: SimulatedPlatform, name: str, moment: datetime) -> None:
    platform.ends_at[name] = moment
    account = app.pool.registry.find(name)
    app.pool.registry.refresh(account, Credentials(session=f"SESSDATA={name}; fresh=1"), moment)


def _ends(
    crawl_secs: float | None, export_secs: float | None, course: Course
) -> list[tuple[str, float, datetime]]:
    assert crawl_secs is not None and export_secs is not None
    assert course.crawl_ended is not None and course.export_ended is not None
    return [
        ("crawl", crawl_secs, course.crawl_ended),
        ("export", export_secs, course.export_ended),
    ]


def _compared(label: str, planned_secs: float, simulated_secs: float) -> list[Figure]:
    ratio = planned_secs / simulated_secs
    return [
        Figure(f"{label}, planned", planned_secs / 3600, "h"),
        Figure(f"{label}, simulated", simulated_secs / 3600, "h"),
        Figure(label=f"{label}: off by", value=100 * abs(ratio - 1), unit="%", goal="<= 5"),
    ]
