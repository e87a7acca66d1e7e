"""The simulation of exports itself: a seed is one schedule, and nothing is wrong in the first."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.instrument import instrumented
from tests.simulation.main import Simulation
from tests.simulation.plan import World

SEEDS = range(30)


@pytest.fixture
def simulation(tmp_path: Path) -> Iterator[Simulation]:
    logging.disable(logging.CRITICAL)
    simulation = Simulation(tmp_path)
    with instrumented(lambda: simulation.schedule):
        yield simulation
    logging.disable(logging.NOTSET)


def test_the_same_seed_makes_the_same_schedule(simulation: Simulation) -> None:
    def trace(seed: int) -> list[str]:
        assert simulation.play(seed, keeps_trace=True) == []
        return simulation.schedule.trace

    once = [trace(seed) for seed in SEEDS[:5]]
    assert [trace(seed) for seed in SEEDS[:5]] == once
    assert len({"\n".join(lines) for lines in once}) == len(once)


def test_the_first_schedules_hold_in_every_world(simulation: Simulation) -> None:
    wrong = {seed: found for seed in SEEDS if (found := simulation.play(seed))}
    assert wrong == {}
    assert simulation.worlds.keys() == set(World)
