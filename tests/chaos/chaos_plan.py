"""What happens in a round, drawn beforehand: the same seed and number give the same plan."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, replace
from typing import Any

from sandbox.faults import KINDS

ENGINES = ("sqlite", "mariadb", "galera")
PAGE_SIZE = 20
CLOCK_OFF_SECS = 600

# How often a fault is in a round's deck: a share below 1 is a chance.
COMMON: dict[str, float] = {
    "kill": 11,
    "freeze": 3,
    "fill_disk": 0.5,
    "read_only": 0.4,
    "trouble_platform": 2,
    "trickle": 0.7,
    "bomb": 0.7,
    "odd_receiver": 3,
    "suspend": 0.7,
    "hang_up": 1,
    "use_up_descriptors": 1,
    "vanish_folder": 0.7,
    "take_key_away": 1.5,
    "set_clock": 0.5,
    "rebuild_twice": 1,
}
ON_A_SERVER: dict[str, float] = {
    "kill_connections": 4,
    "lose_commit_answer": 6,
    "lose_commit": 1.5,
    "lose_request": 1.5,
    "lose_answer": 1.5,
    "stall": 1.5,
    "stall_clock": 1,
    "kill_database": 1,
    "deadlock": 1.5,
    "vanish": 0.2,
    "kill_query": 2,
    "hold_row": 1,
    "hush": 1,
    "lock_out": 0.7,
    "silence_node": 0.6,
    "switch_over": 0.7,
}
DECKS: dict[str, dict[str, float]] = {
    "sqlite": COMMON | {"hold_lock": 2},
    "mariadb": COMMON | ON_A_SERVER,
    "galera": COMMON | ON_A_SERVER,
}
BRIEF = {"kill": 3.0, "freeze": 1.0, "trouble_platform": 1.0, "odd_receiver": 1.0}
BRIEF_ON_A_SERVER = {
    "kill_connections": 2.0,
    "lose_commit_answer": 2.0,
    "lose_commit": 1.0,
    "kill_database": 1.0,
}
BRIEF_DECKS: dict[str, dict[str, float]] = {
    "sqlite": BRIEF | {"kill": 5.0, "hold_lock": 1.0, "fill_disk": 1.0, "take_key_away": 1.0},
    "mariadb": BRIEF | BRIEF_ON_A_SERVER | {"read_only": 1.0, "kill_query": 1.0, "hang_up": 1.0},
    "galera": BRIEF | BRIEF_ON_A_SERVER | {"switch_over": 1.0},
}


@dataclass(frozen=True)
class Step:
    """A fault after a pause. `pick` (0 to 1) chooses whom it hits, `size` how hard or long."""

    pause_secs: float
    fault: str
    pick: float
    size: float


@dataclass(frozen=True)
class RoundPlan:
    """Everything about a round that chance decides, except who is faster."""

    engine: str
    seed: int
    number: int
    creators: int
    accounts: int
    limit: int
    lease_secs: int
    batch_rows: int
    file_rows: int
    pages_per_task: int
    format: str
    hosts: int
    clock_off: bool
    day_turns_after_secs: float | None
    platform_faults: tuple[dict[str, Any], ...]
    steps: tuple[Step, ...]

    @property
    def pages(self) -> int:
        return -(-self.creators // PAGE_SIZE)

    @property
    def clocks_may_be_wrong(self) -> bool:
        """Whether moments of this round cannot be compared: the database's clock was set, or a
        process carried it on by a clock that stood."""
        return any(step.fault in ("set_clock", "suspend") for step in self.steps)

    @property
    def folders_may_vanish(self) -> bool:
        return any(step.fault == "vanish_folder" for step in self.steps)

    @property
    def raised_limit(self) -> int:
        """What the operator sets when the day after the turn is used up too."""
        return 2 * self.creators

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def draw_plan(engine: str, seed: int, number: int) -> RoundPlan:
    """The plan of round `number` of a long run."""
    chance = random.Random(f"{seed}:{engine}:{number}")
    return _draw(chance, engine, seed, number, DECKS[engine])


def draw_brief_plan(engine: str, seed: int) -> RoundPlan:
    """A short round on one host and one day, with a few sure faults."""
    chance = random.Random(f"{seed}:{engine}:brief")
    plan = _draw(chance, engine, seed, 0, BRIEF_DECKS[engine])
    accounts = plan.accounts
    return replace(
        plan,
        creators=400,
        limit=400 // accounts + 20,
        lease_secs=1,
        hosts=1,
        clock_off=False,
        day_turns_after_secs=None,
        platform_faults=plan.platform_faults[:3],
    )


def _draw(
    chance: random.Random, engine: str, seed: int, number: int, deck: dict[str, float]
) -> RoundPlan:
    creators = chance.randrange(600, 1500)
    accounts = chance.randrange(4, 8)
    day_turns = chance.random() < 0.35
    # Where the day turns, one day's quota may not be enough; elsewhere it just is.
    share = chance.uniform(0.55, 1.1) if day_turns else chance.uniform(1.02, 1.4)
    on_server = engine != "sqlite"
    several = on_server and chance.random() < 0.5
    return RoundPlan(
        engine=engine,
        seed=seed,
        number=number,
        creators=creators,
        accounts=accounts,
        limit=int(creators * share / accounts) + 1,
        lease_secs=chance.choice((1, 1, 2)),
        batch_rows=chance.choice((1, 7, 25, 100, 500)),
        file_rows=chance.choice((40, 300, 100_000)),
        pages_per_task=chance.choice((2, 5, 20)),
        format=chance.choice(("csv", "csv", "jsonl")),
        hosts=2 if several else 1,
        clock_off=several and chance.random() < 0.7,
        day_turns_after_secs=chance.uniform(12, 22) if day_turns else None,
        platform_faults=tuple(draw_platform_fault(chance) for _ in range(chance.randrange(3, 9))),
        steps=tuple(_draw_steps(chance, deck)),
    )


def draw_platform_fault(chance: random.Random) -> dict[str, Any]:
    """An order for the sandbox: some kind of damage for the next few requests."""
    order: dict[str, Any] = {"kind": chance.choice(sorted(KINDS)), "times": chance.randrange(1, 4)}
    if chance.random() < 0.15:
        order["delay_secs"] = round(chance.uniform(0.2, 3.0), 2)
    return order


def _draw_steps(chance: random.Random, deck: dict[str, float]) -> list[Step]:
    names = []
    for name, often in deck.items():
        sure, maybe = divmod(often, 1)
        names += [name] * (int(sure) + (chance.random() < maybe))
    chance.shuffle(names)
    return [
        Step(
            pause_secs=chance.uniform(0.1, 0.8),
            fault=name,
            pick=chance.random(),
            size=chance.random(),
        )
        for name in names
    ]
