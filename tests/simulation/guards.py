"""Remove guards of exports one by one, and see the simulation find the damage.

    python -m tests.simulation.guards [--secs N] [--all] [NAME ...]

A guard whose removal the catalogue calls `simulated` and that is not found within N seconds of CPU
is printed as missed, and the exit code is 1. `--all` tries the others too, which are second fences
here, or need what the simulation does not have: several databases, power cuts, row locks.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.guards.catalogue import GUARDS, Guard
from tests.guards.copy import Copy

SECS = 60.0
MAX_SCHEDULES = 10**6
WALL_SECS = 20.0  # for each second of CPU, on a busy machine


def search(copy: Copy, guard: Guard, secs: float) -> tuple[bool, str]:
    """Return whether the simulation finds damage without the guard, and where it did."""
    seeds = ("--first", "0", "--schedules", str(MAX_SCHEDULES), "--secs", str(secs))
    with copy.without(guard):
        done = copy.run("-m", "tests.simulation.main", *seeds, limit_secs=60 + secs * WALL_SECS)
    cpu = re.search(r"([\d.]+) s of CPU", done.stdout)
    where = re.search(r"^seed \d+: .*", done.stdout, re.MULTILINE)
    took = f"{cpu[1]} s" if cpu else "?"
    return bool(where), f"{where[0]} ({took})" if where else f"nothing in {took}"


def main() -> int:
    """Try the guards that were asked for; return 1 when one is missed."""
    given = _parse()
    chosen = _chosen(given.names, every=given.all)
    missed = 0
    with tempfile.TemporaryDirectory(prefix="baton-guards-") as folder:
        copy = Copy(Path(folder))
        for guard in chosen:
            is_found, where = search(copy, guard, given.secs)
            is_missed = guard.simulated and not is_found
            missed += is_missed
            verdict = "MISSED" if is_missed else "found" if is_found else "not found"
            print(f"{verdict}: {guard.name}: {where}", flush=True)
    print(f"{len(chosen)} guards removed, {missed} missed")
    return 1 if missed else 0


def _chosen(names: Sequence[str], *, every: bool) -> list[Guard]:
    if names:
        return [guard for guard in GUARDS if any(name in guard.name for name in names)]
    return [guard for guard in GUARDS if every or guard.simulated]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Remove guards, and see the simulation find it.")
    parser.add_argument("names", nargs="*", help="parts of the names of guards")
    parser.add_argument("--secs", type=float, default=SECS, help="seconds of CPU for each")
    parser.add_argument("--all", action="store_true", help="also those that it need not find")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
