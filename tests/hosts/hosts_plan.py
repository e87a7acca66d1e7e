"""What happens in a run, drawn beforehand: the same seed gives the same hours and faults."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from tests.chaos.chaos_plan import RoundPlan, Step

HOSTS = 3
ZONE = ZoneInfo("Europe/Berlin")
# Summer time ends on 2027-10-31 at 03:00. A long run has a midnight before it, and one after.
LONG_BEGIN = datetime(2027, 10, 30, 22, tzinfo=ZONE)
BRIEF_BEGIN = datetime(2027, 10, 31, 0, tzinfo=ZONE)
DOMAINS = tuple(f"domain-{number}" for number in range(40))
CREATORS = 400  # of a domain
ACCOUNTS = 8
WORKS = 400

# How often each is drawn, by weight.
DECK: dict[str, float] = {
    "kill": 8,
    "freeze": 3,
    "hang_up": 1,
    "kill_hour": 2,
    "freeze_hour": 2,
    "link_down": 2,
    "one_way": 2,
    "fill_disk": 1,
    "vanish_folder": 0.7,
    "lose_data": 0.7,
    "host_clock": 1,
    "kill_connections": 3,
    "kill_query": 2,
    "hold_row": 3,
    "lose_commit_answer": 3,
    "lose_commit": 1,
    "lose_request": 1,
    "lose_answer": 1,
    "vanish": 0.2,
    "stall": 1,
    "hush": 1,
    "deadlock": 1,
    "kill_database": 1,
    "silence_node": 1,
    "switch_over": 0.7,
    "no_connections": 0.7,
    "lock_out": 0.5,
    "trouble_platform": 3,
    "block": 1.5,
    "disable_account": 1,
    "pause_task": 1,
    "rebuild_twice": 1,
    "start_twice": 1.5,
}


class Luck(StrEnum):
    """How the platform answers at the full hour, and whether anybody asks."""

    FINE = "fine"
    LATE = "late"  # down for some seconds from the full hour on
    DOWN = "down"  # down for the whole hour
    SKIPPED = "skipped"  # nothing runs in this hour


LUCK = {Luck.FINE: 9, Luck.LATE: 6, Luck.DOWN: 2, Luck.SKIPPED: 1.5}


@dataclass(frozen=True)
class HourPlan:
    """The faults of an hour, each after a pause."""

    luck: Luck
    steps: tuple[Step, ...]


def draw_hours(
    seed: int, faults_an_hour: float, secs: float, only: Sequence[str] = ()
) -> Iterator[HourPlan]:
    """Yield hour after hour; `secs` is for how long the faults of one go on.

    With `only`, no other faults are drawn.
    """
    chance = random.Random(f"{seed}:hosts")
    names = [name for name in DECK if not only or name in only]
    weights = [DECK[name] for name in names]
    number = 0
    while True:
        number += 1
        luck = chance.choices(list(LUCK), list(LUCK.values()))[0]
        # The first hour has numbers, so that there is something to compare.
        luck = Luck.FINE if number < 2 else luck
        whole, share = divmod(faults_an_hour, 1)
        count = int(whole) + (chance.random() < share)
        steps = tuple(
            Step(
                pause_secs=secs / max(1, count) * chance.uniform(0.5, 1.5),
                fault=name,
                pick=chance.random(),
                size=chance.random(),
            )
            for name in chance.choices(names, weights, k=count)
        )
        yield HourPlan(luck, steps)


def as_round(seed: int, lease_secs: int) -> RoundPlan:
    """The same installation as those who prove a round of the chaos driver want it described."""
    return RoundPlan(
        engine="mariadb",
        seed=seed,
        number=0,
        creators=CREATORS,
        accounts=ACCOUNTS,
        limit=len(DOMAINS) * CREATORS // ACCOUNTS,
        lease_secs=lease_secs,
        batch_rows=25,
        file_rows=60,
        pages_per_task=3,
        format="csv",
        hosts=HOSTS,
        clock_off=False,
        day_turns_after_secs=None,
        platform_faults=(),
        steps=(Step(0, "vanish_folder", 0, 0),),
    )
