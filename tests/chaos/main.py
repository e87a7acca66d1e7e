"""The long run: rounds of random faults on each engine until the time is over.

    python -m tests.chaos.main --minutes 30 --engine all --seed 7
    python -m tests.chaos.main --engine mariadb --seed 7 --round 12

The first line is the seed. A round's plan depends on seed, engine and number only; `--round`
plays one again. Folders of rounds that violated something are kept.
"""

from __future__ import annotations

import argparse
import itertools
import random
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.chaos.chaos_counts import Counts, table, write_json
from tests.chaos.chaos_plan import ENGINES, draw_plan
from tests.chaos.chaos_round import Round
from tests.chaos.stages import make_stage
from tests.support.processes.launcher import CommandServer


class Run:
    """All rounds of one call."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.counts: dict[str, Counts] = {}
        self.found: list[str] = []
        self._folder = Path(tempfile.mkdtemp(prefix="baton-chaos-"))
        self._server = CommandServer()

    def engine(self, name: str, minutes: float, only: int | None) -> None:
        """Rounds of one engine: `only` that one, or until the time is over."""
        until = time.monotonic() + 60 * minutes
        counts = self.counts[name] = Counts()
        stage = make_stage(name)
        try:
            for number in itertools.count() if only is None else [only]:
                if only is None and time.monotonic() >= until:
                    return
                plan = draw_plan(name, self.seed, number)
                folder = self._folder / f"{name}-{number}"
                begun = time.monotonic()
                try:
                    problems = Round(
                        plan=plan, stage=stage, folder=folder, server=self._server, counts=counts
                    ).play()
                except Exception as error:  # the next rounds may do without it
                    traceback.print_exc()
                    problems = [f"the driver itself: {error!r}"]
                counts.note("violations", len(problems))
                counts.note_faults()
                self._tell(f"{name} round {number}", time.monotonic() - begun, problems, folder)
        finally:
            stage.close()

    def close(self) -> None:
        self._server.close()
        if not any(self._folder.iterdir()):
            self._folder.rmdir()

    def _tell(self, what: str, secs: float, problems: list[str], folder: Path) -> None:
        verdict = "ok" if not problems else f"{len(problems)} VIOLATIONS, kept in {folder}"
        print(f"{what}: {secs:.0f} s, {verdict}", flush=True)
        for problem in problems:
            print(f"  {problem}", flush=True)
            self.found.append(f"{what}: {problem}")


def main() -> int:
    given = _parse()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(1, 10**6)
    print(f"seed {seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    engines = list(ENGINES) if given.engine == "all" else [given.engine]
    run = Run(seed)
    try:
        for name in engines:
            run.engine(name, given.minutes / len(engines), given.round)
    except KeyboardInterrupt:
        print("interrupted; what was done until now:", flush=True)
    finally:
        run.close()
        print(f"\nseed {seed}\n{table(run.counts)}", flush=True)
        if given.json:
            write_json(given.json, seed, run.counts, run.found)
    return 1 if run.found else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Random faults on a working installation.")
    parser.add_argument("--minutes", type=float, default=30, help="in all, over the engines")
    parser.add_argument("--engine", choices=[*ENGINES, "all"], default="all")
    parser.add_argument("--seed", type=int, default=None, help="default: a random one")
    parser.add_argument("--round", type=int, default=None, help="play this round only")
    parser.add_argument("--json", type=Path, default=None, help="write the counts there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
