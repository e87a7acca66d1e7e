"""What one schedule contains: its processes, the size of files, and what may go wrong how often."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum


class World(StrEnum):
    """What goes on beside two processes that export."""

    EXPORTS = "exports"  # nothing else: the most schedules for the windows of the protocol itself
    REBUILDS = "rebuilds"  # a process that rebuilds segments, and finishes those of ended tasks
    LANES = "lanes"  # the export has two pieces
    CRAWL = "crawl"  # two processes crawl what the others export


WEIGHTS = {World.EXPORTS: 10, World.REBUILDS: 5, World.LANES: 2, World.CRAWL: 3}
USUAL = {
    "die": 1,
    "freeze": 2,
    "lose answer": 1,
    "midnight": 1,
    "refresh": 2,
    "pause or cancel": 1,
}
# Each of these is left out of most schedules: all at once, they hide each other's windows.
RARE = {
    "replace task": 1,
    "spend quota": 1,
    "change limit": 2,
    "join": 1,
    "disk full": 2,
    "lose file": 1,
}
RARE_CHANCE = 0.25
FILE_ROWS = (1, 2, 9)
IDLE_SECS = (0.3, 0.3, 0.3, 1.5)  # short ones make short schedules, long ones show what is awaited
REBUILDS = 3
CRAWL_CHANCES = (0.1, 0.5, 1.0)
REFUSALS = {"throttle": 1, "break off": 2}  # by the platform


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The content of one schedule.

    Args:
        file_rows: rows that a file takes.
        idle_secs: how long a file is held open for rows that do not come.
        crawl_chance: the chance that the crawl goes on when something may happen: exports wait for
            slow ones, and work in one go behind fast ones.
        budgets: how often each thing may happen at most; what is not there never does.
    """

    world: World
    file_rows: int
    idle_secs: float
    crawl_chance: float
    budgets: dict[str, int]

    @classmethod
    def draw(cls, draws: random.Random) -> Plan:
        """Return the plan that a seed's random numbers make."""
        (world,) = draws.choices(tuple(WEIGHTS), tuple(WEIGHTS.values()))
        budgets = dict(USUAL)
        budgets |= {what: n for what, n in RARE.items() if draws.random() < RARE_CHANCE}
        if world is World.REBUILDS:
            budgets["rebuild"] = REBUILDS
        if world is World.CRAWL:
            budgets |= REFUSALS
        return cls(
            world=world,
            file_rows=draws.choice(FILE_ROWS),
            idle_secs=draws.choice(IDLE_SECS),
            crawl_chance=draws.choice(CRAWL_CHANCES),
            budgets=budgets,
        )
