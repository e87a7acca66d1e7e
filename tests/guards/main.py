"""Remove guards one by one in a copy of the project, and see their tests fail.

    python -m tests.guards.main [--random N [--seed N]] [--simulation SECS] [NAME ...]

A guard whose test passes without it is printed, and the exit code is 1. With `--simulation`, the
simulation of exports must find the damage as well, where the catalogue says that it does.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.guards.catalogue import GUARDS, Guard

ROOT = Path(__file__).resolve().parents[2]
TEST_SECS = 300.0
MAX_SCHEDULES = 10**6
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")


class GuardError(Exception):
    """A guard is not where the catalogue says that it is."""


class Copy:
    """A copy of the project in which one guard at a time is missing."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        shutil.copytree(ROOT, self.root, ignore=NOT_COPIED)

    @contextmanager
    def without(self, guard: Guard) -> Iterator[None]:
        """Remove the guard for the block. Raise GuardError when it is not there once."""
        path = self.root / guard.file
        text = path.read_text(encoding="utf-8")
        if text.count(guard.text) != 1:
            raise GuardError(f"{guard.file} has {text.count(guard.text)} times: {guard.text}")
        path.write_text(text.replace(guard.text, guard.without), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(text, encoding="utf-8")

    def passes(self, *command: str) -> bool:
        """Return whether a Python command succeeds in the copy.

        Raises:
            GuardError: it neither succeeds nor finds something wrong, as without such a test.
        """
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.root,
            env=environment,
            capture_output=True,
            timeout=TEST_SECS,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 1):
            raise GuardError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.returncode == 0


def survives(copy: Copy, guard: Guard, simulation_secs: float | None) -> list[str]:
    """Return what passes although the guard is missing: its test, the simulation, or nothing."""
    with copy.without(guard):
        found = []
        if copy.passes("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", guard.test):
            found.append("its test")
        if simulation_secs is not None and guard.simulated:
            schedules = ("--first", "0", "--schedules", str(MAX_SCHEDULES))
            limit = ("--secs", str(simulation_secs))
            if copy.passes("-m", "tests.simulation.main", *schedules, *limit):
                found.append("the simulation")
        return found


def main() -> int:
    """Remove the guards that were asked for; return 1 when something passes without one."""
    given = _parse()
    chosen = _chosen(given.names, given.random, given.seed)
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="baton-guards-") as folder:
        copy = Copy(Path(folder))
        for guard in chosen:
            begun = time.monotonic()
            passing = survives(copy, guard, given.simulation)
            survivors += bool(passing)
            verdict = f"SURVIVES {' and '.join(passing)}" if passing else "found"
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
    parser.add_argument("--simulation", type=float, default=None, help="seconds of CPU for each")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
