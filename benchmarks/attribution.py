"""`attribution`: what a block of the platform and chance refusals cost a pool of many processes.

The circuits, the accounts and the database are the product's; requests, answers and the time are a
model's (`tests/support/accounts/circuit_model.py`). All are medians of five seeds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.ground import Ground, Place, opened
from benchmarks.results import Figure, Result
from core.settings import Pace

# isort: split
# The model of the tests serves the benchmarks too; ground.py knows their folder.
from tests.support.accounts.circuit_model import CircuitModel, ModelCase, ModelClock, ModelOutcome

NAME = "attribution"
SEEDS = range(1, 6)
WORKERS, ACCOUNTS_EACH = 4, 12  # of each process
CALM_SECS, BLOCK_SECS, HOUR_SECS = 10.0, 4 * 3600.0, 3600.0
SLOW, FAST = Pace(1, 2.5), Pace(20, 1)
BLOCKS = (
    (1, SLOW, 1),
    (5, SLOW, 1),
    (5, SLOW, 15),
    (20, SLOW, 1),
    (20, FAST, 1),
)  # processes, pace, egress routes
CHANCES = (0.0001, 0.001, 0.01, 0.05)
POOLS = (60, 240)
MEMORY = Path("/dev/shm")  # a disk would only slow the model down


def run(ground: Ground, full: bool = False) -> Result:
    """Measure blocks of the whole platform, and an hour of chance refusals."""
    figures: list[Figure] = []
    for processes, pace, egresses in BLOCKS:
        figures += _of_block(processes, pace, egresses)
    for accounts in POOLS:
        for chance in CHANCES:
            figures.append(_of_chance(accounts, chance))
    return Result(NAME, tuple(figures))


def _of_block(processes: int, pace: Pace, egresses: int) -> list[Figure]:
    label = f"block, {processes}x{WORKERS}, {pace.requests} in {pace.per_secs:g} s"
    label += f", {egresses} routes" if egresses > 1 else ""
    case = ModelCase(
        processes=processes,
        workers=WORKERS,
        accounts=processes * ACCOUNTS_EACH,
        pace=pace,
        secs=CALM_SECS + BLOCK_SECS,
        egresses=egresses,
        blocked_from=CALM_SECS,
    )
    outcomes = _played(label, case)

    def median(what: Callable[[ModelOutcome], float]) -> float:
        return statistics.median(map(what, outcomes))

    later = median(lambda found: len(found.departures) - found.departures_at_first)
    return [
        Figure(f"{label}: in flight", median(lambda found: found.in_flight)),
        Figure(f"{label}: accounts refused", median(lambda found: found.refused_at_first)),
        Figure(
            label=f"{label}: left after it",
            value=max(found.departures_at_first for found in outcomes),
            goal="<= 2",
        ),
        Figure(
            label=f"{label}: session checks",
            value=max(len(found.checks) for found in outcomes),
            goal="<= 1",
        ),
        Figure(f"{label}: probes in 4 hours", later, goal="<= 4"),
        Figure(
            label=f"{label}: left resting",
            value=max(found.resting for found in outcomes),
            goal="= 0",
        ),
    ]


def _of_chance(accounts: int, chance: float) -> Figure:
    label = f"chance of {chance:.2%}, {accounts} accounts: hour lost"
    case = ModelCase(
        processes=accounts // ACCOUNTS_EACH,
        workers=WORKERS,
        accounts=accounts,
        pace=SLOW,
        secs=HOUR_SECS,
        refusal_chance=chance,
    )
    lost = statistics.median(found.open_secs / HOUR_SECS for found in _played(label, case))
    is_held = accounts == min(POOLS) and chance <= 0.01
    return Figure(label, 100 * lost, "%", goal="= 0" if is_held else "")


def _played(label: str, case: ModelCase) -> Sequence[ModelOutcome]:
    begin = time.monotonic()
    outcomes = [_play(replace(case, seed=seed)) for seed in SEEDS]
    print(f"  {label}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return outcomes


def _play(case: ModelCase) -> ModelOutcome:
    clock = ModelClock()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        place = Place(f"sqlite:///{folder}/baton.db", Path(folder))
        with opened(place, 2, clock) as app:
            return CircuitModel(app, clock, case).play()
