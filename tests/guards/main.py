"""Remove guards one by one in a copy of the project, and see their tests fail.

    python -m tests.guards.main [--random N [--seed N]] [NAME ...]

A guard whose test passes without it is printed, and the exit code is 1. What the simulation of
exports finds of them: `python -m tests.simulation.guards`.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.guards.catalogue import GUARDS, Guard
from tests.guards.copy import Copy

TEST_SECS = 300.0


def survives(copy: Copy, guard: Guard) -> bool:
    """Return whether the test of a guard passes although the guard is missing."""
    pytest = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider")
    with copy.without(guard):
        return copy.run(*pytest, guard.test, limit_secs=TEST_SECS).returncode == 0


def main() -> int:
    """Remove the guards that were asked for; return 1 when something passes without one."""
    given = _parse()
    chosen = _chosen(given.names, given.random, given.seed)
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="baton-guards-") as folder:
        copy = Copy(Path(folder))
        for guard in chosen:
            begun = time.monotonic()
            is_passing = survives(copy, guard)
            survivors += is_passing
            verdict = "SURVIVES" if is_passing else "found"
            print(f"{verdict}: {guard.name} ({time.monotonic() - begun:.0f} s)", flush=True)
    print(f"{len(chosen)} guards removed, {survivors} survive")
    return 1 if survivors else 0


def _chosen(names: Sequence[str], count: int | None, seed: int | None) -> list[Guard]:
    if names:
        return [guard for guard in GUARDS if any(name in guard.name for name in names)]
    if count is None:
        return list(GUARDS)
    seed = seed if seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    return random.Random(seed).sample(GUARDS, min(count, len(GUARDS)))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Remove guards, and see their tests fail.")
    parser.add_argument("names", nargs="*", help="parts of the names of guards; default: all")
    parser.add_argument("--random", type=int, default=None, help="so many at random")
    parser.add_argument("--seed", type=int, default=None, help="default: a random one")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
