"""Three hosts, one truth: hours are played under faults, then all hosts are compared.

    python -m tests.hosts.main --minutes 30 --faults 1000 --seed 7

Needs root, for network namespaces. The first line is the seed, on which hours and faults depend.
The folder of a run that violated something is kept.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from tests.chaos.namespaces import can_make_namespaces
from tests.hosts.hosts_counts import HostsCounts, table
from tests.hosts.hosts_plan import BRIEF_BEGIN, DECK, LONG_BEGIN, draw_hours
from tests.hosts.hosts_run import HostsRun
from tests.support.mariadb import find_server
from tests.support.processes.launcher import CommandServer

# An hour without its faults takes about as long: starting, the tries, ending in order.
HOUR_SECS = 30.0
FAULTS_SECS = 18.0
LONG_MINUTES = 10.0


def run(
    *,
    minutes: float,
    seed: int,
    faults: int,
    folder: Path,
    counts: HostsCounts,
    only: Sequence[str] = (),
) -> list[str]:
    """Play hours for so long, and return what was violated."""
    begin = LONG_BEGIN if minutes >= LONG_MINUTES else BRIEF_BEGIN
    hours = max(2, round(60 * minutes / (HOUR_SECS + FAULTS_SECS)))
    server = CommandServer()
    try:
        played = HostsRun(seed=seed, begin=begin, folder=folder, server=server, counts=counts)
        try:
            played.begin()
            until = time.monotonic() + 60 * minutes
            for plan in islice(draw_hours(seed, faults / hours, FAULTS_SECS, only), 10 * hours):
                if time.monotonic() >= until:
                    break
                played.play(plan)
            found = played.finish()
        finally:
            played.close()
    finally:
        server.close()
    counts.note("violations", len(found))
    counts.note_faults()
    return found


def main() -> int:
    given = _parse()
    if not can_make_namespaces() or find_server() is None:
        print("needs root, iproute2 and mariadb-server", file=sys.stderr)
        return 2
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(1, 10**6)
    print(f"seed {seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder, counts = Path(tempfile.mkdtemp(prefix="baton-hosts-")), HostsCounts()
    found = run(
        minutes=given.minutes,
        seed=seed,
        faults=given.faults,
        folder=folder / "run",
        counts=counts,
        only=given.only,
    )
    print(table(counts))
    for problem in found:
        print(f"VIOLATION: {problem}")
    print(f"seed {seed}: {len(found)} violations", f"kept in {folder}" if found else "")
    if not found:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if found else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Random faults on three hosts of one database.")
    parser.add_argument("--minutes", type=float, default=30, help="how long hours are played")
    parser.add_argument("--faults", type=int, default=1000, help="faults in that time, about")
    parser.add_argument("--seed", type=int, default=None, help="default: a random one")
    parser.add_argument(
        "--only", nargs="+", choices=list(DECK), default=[], help="draw only these faults"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
