"""Simulate exports under seeds: `python -m tests.simulation.main [--schedules N] [--seed N]`.

It prints the seed of the first schedule that goes wrong; `--seed N --trace` plays it again, step by
step.
"""

from __future__ import annotations

import argparse
import gc
import logging
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.simulation.installation import Installation
from tests.simulation.instrument import instrumented
from tests.simulation.plan import World
from tests.simulation.schedule import Schedule

SEEDS = 10**9
SCHEDULES_PER_COLLECTION = 20


class Simulation:
    """Schedules on one installation, one after the other; `worlds` counts them by world."""

    def __init__(self, folder: Path) -> None:
        self._installation = Installation.make(folder)
        self._schedule: Schedule | None = None
        self.worlds: Counter[World] = Counter()
        self.steps = 0

    @property
    def schedule(self) -> Schedule:
        """Return the schedule that is played now."""
        assert self._schedule is not None
        return self._schedule

    def play(self, seed: int, *, keeps_trace: bool = False) -> list[str]:
        """Play the schedule of that seed; return what went wrong."""
        shutil.rmtree(self._installation.exports, ignore_errors=True)
        self._schedule = schedule = Schedule(seed, self._installation, keeps_trace)
        try:
            found = schedule.run()
        except Exception:
            found = [traceback.format_exc()]
        schedule.close()
        self.worlds[schedule.plan.world] += 1
        self.steps += schedule.steps
        return found


def main() -> int:
    """Play schedules until one goes wrong; return 1 then."""
    given = _parse()
    logging.disable(logging.CRITICAL)
    gc.disable()  # a tenth of the time; what schedules leave behind goes every now and then
    fresh = random.SystemRandom().randrange(SEEDS)
    first = next(seed for seed in (given.seed, given.first, fresh) if seed is not None)
    count = 1 if given.seed is not None else given.schedules
    print(f"simulation of exports: seeds from {first} on", flush=True)
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    begun = time.process_time()
    try:
        simulation = Simulation(folder)
        with instrumented(lambda: simulation.schedule):
            found = _play(simulation, first, count, given)
    finally:
        shutil.rmtree(folder)
    secs = time.process_time() - begun
    played = simulation.worlds.total()
    worlds = ", ".join(f"{count} {world}" for world, count in simulation.worlds.most_common())
    print(f"{played} schedules ({worlds}), {simulation.steps} steps, {secs:.1f} s of CPU:", end=" ")
    print(f"{played / secs:.0f} a second")
    for problem in found:
        print(f"seed {first + played - 1}: {problem}")
    return 1 if found else 0


def _play(simulation: Simulation, first: int, count: int, given: argparse.Namespace) -> list[str]:
    begun = time.process_time()
    for seed in range(first, first + count):
        found = simulation.play(seed, keeps_trace=given.trace)
        if given.trace:
            print("\n".join(simulation.schedule.trace))
        if found:
            return found
        if given.secs is not None and time.process_time() - begun > given.secs:
            break
        if seed % SCHEDULES_PER_COLLECTION == 0:
            gc.collect()
    return []


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Deterministic simulation of exports.")
    parser.add_argument("--schedules", type=int, default=2000, help="schedules at most")
    parser.add_argument("--secs", type=float, default=None, help="seconds of CPU at most")
    parser.add_argument("--first", type=int, default=None, help="first seed; default: a random one")
    parser.add_argument("--seed", type=int, default=None, help="this seed only")
    parser.add_argument("--trace", action="store_true", help="print every step")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
