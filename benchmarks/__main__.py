"""Runs the benchmarks that are named, or all of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from benchmarks import (
    attribution,
    broadcast,
    completion,
    creators,
    daily_stats,
    export,
    growth,
    handover,
    idle,
    ingest,
    leases,
    links,
    memory,
    plan,
    pool,
    settlement,
    startup,
    views,
    web,
    webhooks,
)
from benchmarks.ground import Ground
from benchmarks.peers import comparison
from benchmarks.results import Result, as_json, as_table

BENCHMARKS: dict[str, Callable[[Ground, bool], Result]] = {
    module.NAME: module.run
    for module in (
        export,
        ingest,
        leases,
        memory,
        handover,
        idle,
        pool,
        links,
        growth,
        plan,
        views,
        daily_stats,
        webhooks,
        broadcast,
        web,
        completion,
        startup,
        attribution,
        creators,
        comparison,
        settlement,
    )
}


def main() -> int:
    """Run what the arguments name; return exit code 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--full", action="store_true", help="a million rows where rows count")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(BENCHMARKS)}")
    results = []
    with Ground() as ground:
        for name in given.names or BENCHMARKS:
            print(f"{name} ...", file=sys.stderr, flush=True)
            results.append(BENCHMARKS[name](ground, given.full))
    print(as_json(results) if given.json else as_table(results))
    return int(any(figure.met is False for result in results for figure in result.figures))


if __name__ == "__main__":
    sys.exit(main())
