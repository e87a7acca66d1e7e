"""Check the model of the export protocol (`docs/proof/export.pml`) with spin.

The protocol must hold in every world, and each removed guard must lead to what the table expects.

    python -m tools.model [quick] [design] [ends] [guards] [nightly] [NO_GUARD ...]

Without spin or gcc it says so and ends well.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

MODEL = Path(__file__).resolve().parents[1] / "docs" / "proof" / "export.pml"
PARALLEL_JOBS = 2
SEARCH_SECS = 300.0
MAX_DEPTH = 2_000_000

Flags = Mapping[str, int | None]
CALM: Flags = {"CRASHES": 0, "FREEZES": 0, "LOST": 0, "TURNS": 0, "OPS": 0, "REFRESH": 0}
ONE_REBUILD: dict[str, int | None] = {"WORKERS": 1, "REBUILDS": 1, "REFRESH": 1}
QUICK: Mapping[str, Flags] = {
    "frozen": {"FREEZES": 1, "REFRESH": 1},
    "dead": {"CRASHES": 1, "REFRESH": 1},
    "lost answer": {"LOST": 1},
    "day turns": {"TURNS": 1, "FREEZES": 1},
    "operator": {"OPS": 1, "FREEZES": 1},
    "full files": {"FREEZES": 1, "REFRESH": 1, "FR": 1},
    "batch of 2": {"FREEZES": 1, "REFRESH": 1, "BATCH": 2},
    "one account": {"FREEZES": 1, "TURNS": 1, "ACCOUNTS": 1},
    "two lanes": {"LANES": 2},
    "row locks do not hold": {"UNLOCKED": None, "OPS": 1, "FREEZES": 1, "ROWS": 3},
    "row locks do not hold, lanes": {"UNLOCKED": None, "LANES": 2},
    "clock stands still": {"FREEZES": 1, "REFRESH": 1, "BLIND": None},
    "rebuild, frozen": ONE_REBUILD | {"FREEZES": 1},
    "rebuild, full files": ONE_REBUILD | {"FREEZES": 1, "FR": 1},
    "joined": {"JOINS": 1},
}
DESIGN: Mapping[str, Flags] = {
    "clock stands still, full files": {"FREEZES": 1, "REFRESH": 1, "FR": 1, "BLIND": None},
    "rebuild, dead": ONE_REBUILD | {"CRASHES": 1},
    "two rebuilds": ONE_REBUILD
    | {"REBUILDS": 2, "LOSSES": 1, "ACCOUNTS": 1, "QUOTA": 3, "BATCH": 3},
    "readers of manifests": {"CRASHES": 1, "REFRESH": 1, "CHECK_READERS": None},
}
NIGHTLY: Mapping[str, Flags] = {
    "lost answer, frozen": {"LOST": 1, "FREEZES": 1},
    "dead and frozen": {"CRASHES": 1, "FREEZES": 1, "REFRESH": 1},
    "frozen twice": {"FREEZES": 2, "REFRESH": 1},
    "two lanes, frozen": {"LANES": 2, "FREEZES": 1},
    "rebuild, operator": ONE_REBUILD | {"FREEZES": 1, "OPS": 1},
    "joined, frozen": {"JOINS": 1, "FREEZES": 1},
}
ENDS: Mapping[str, Flags] = {
    "ends: dead": {"CRASHES": 1, "LIVENESS": None},
    "ends: lost answer": {"LOST": 1, "LIVENESS": None},
    "ends: day turns": {"TURNS": 1, "LIVENESS": None},
    "ends: frozen": {"FREEZES": 1, "LIVENESS": None},
    "ends: operator": {"OPS": 1, "LIVENESS": None},
}
WORLDS: Mapping[str, Flags] = {**QUICK, **DESIGN, **NIGHTLY, **ENDS}


class Finding(StrEnum):
    """What follows from the removal of a guard."""

    DAMAGE = "damage"
    STALE_WRITE = "stale write"  # invariant 4 is broken, nothing else
    REDUNDANT = "redundant"  # a second fence


@dataclass(frozen=True)
class Guard:
    """A guard that switches of the model remove, the worlds to try, and what must be found."""

    switches: str
    name: str
    worlds: tuple[str, ...]
    expected: Finding


FROZEN = ("frozen", "full files", "operator")
UNLOCKED = ("row locks do not hold", "row locks do not hold, lanes")
BLIND = ("clock stands still", "clock stands still, full files")
GUARDS = (
    Guard("NO_ADV_TOKEN", "token on advance", FROZEN, Finding.DAMAGE),
    Guard("NO_ADV_STATUS", "advance only in_progress", ("operator",), Finding.STALE_WRITE),
    Guard(
        "NO_SPEND_TOKEN",
        "token on spend_quota",
        ("frozen", "one account", "day turns"),
        Finding.STALE_WRITE,
    ),
    Guard("NO_SPEND_LIMIT", "limit in spend_quota", ("operator",), Finding.DAMAGE),
    Guard(
        "NO_DAY_FORWARD", "quota day only forwards", ("day turns", "one account"), Finding.REDUNDANT
    ),
    Guard("NO_MARK_STATUS", "mark_exported: status", ("two lanes", *UNLOCKED), Finding.DAMAGE),
    Guard("NO_GROW_OPEN", "grow only an open segment", FROZEN, Finding.REDUNDANT),
    Guard("NO_SEAL_TOKEN", "seal holds the task", FROZEN, Finding.DAMAGE),
    Guard("NO_SEAL_OPEN", "seal only an open segment", FROZEN, Finding.REDUNDANT),
    Guard("NO_SEAL_TOKEN NO_SEAL_OPEN", "both guards of seal", FROZEN, Finding.DAMAGE),
    Guard("NO_REQUIRE", "question before the rename", FROZEN, Finding.DAMAGE),
    Guard("NO_ASK", "question to the database", BLIND, Finding.DAMAGE),
    Guard("NO_ASK", "question of a rebuild", ("rebuild, frozen",), Finding.DAMAGE),
    Guard("NO_STALE_PARTS", "part files of others removed first", FROZEN, Finding.DAMAGE),
    Guard("NO_STALE_PARTS", "the same, by a rebuild", ("rebuild, frozen",), Finding.DAMAGE),
    Guard("NO_REBUILD_TOKEN", "token of a rebuild", ("two rebuilds",), Finding.DAMAGE),
    Guard("NO_FINISH_TOKEN", "token on finish", FROZEN, Finding.DAMAGE),
    Guard("NO_PUT_BACK_TOKEN", "token on put_back", FROZEN, Finding.STALE_WRITE),
    Guard("NO_LAST_LOOK", "last look before completing", ("frozen",), Finding.DAMAGE),
    Guard("NO_JOINS", "completion only when nobody joined", ("joined",), Finding.DAMAGE),
    Guard("JOINS_READ_LAST", "joins read before the looks", ("joined",), Finding.DAMAGE),
    Guard("NO_SWEEP", "sweep from 0", ("ends: frozen",), Finding.DAMAGE),
    Guard("MANIFEST_FIRST", "manifest renamed last", ("readers of manifests",), Finding.DAMAGE),
    Guard("NO_DAY_TURN", "day turn ends the segment", ("day turns",), Finding.REDUNDANT),
    Guard("NO_TAKE_TOKEN", "token in claim", UNLOCKED, Finding.REDUNDANT),
    Guard("NO_TAKE_CLAIMABLE", "CLAIMABLE repeated in claim", UNLOCKED, Finding.DAMAGE),
)


class Verdict(StrEnum):
    """How a search ended."""

    HOLDS = "holds"
    FOUND = "FOUND"
    UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Search:
    """The result of a search: its verdict, and what was seen in words."""

    verdict: Verdict
    seen: str


def search(world: str, *switches: str) -> Search:
    """Search every interleaving of a world, compiled with further switches."""
    flags = {**CALM, **WORLDS[world], **dict.fromkeys(switches)}
    defines = [f"-D{key}" if n is None else f"-D{key}={n}" for key, n in flags.items()]
    is_liveness = "LIVENESS" in flags
    with tempfile.TemporaryDirectory() as folder:
        _call(folder, "spin", *defines, "-a", str(MODEL))
        kind = "-DNFAIR=3" if is_liveness else "-DSAFETY"
        memory = ("-DCOLLAPSE", "-DVECTORSZ=2048", "-DMEMLIM=4000")
        # Without optimisation: -O2 compiles for 14 s and saves one.
        _call(folder, "gcc", "-O0", "-w", kind, *memory, "-o", "pan", "pan.c")
        fair = ("-a", "-f", "-N", "ends") if is_liveness else ()
        begun = time.monotonic()
        try:
            out = _call(folder, "./pan", f"-m{MAX_DEPTH}", "-n", *fair)
        except subprocess.TimeoutExpired:
            return Search(Verdict.UNFINISHED, f"after {SEARCH_SECS:.0f} s")
        return _read(out, time.monotonic() - begun)


def _call(folder: str, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=SEARCH_SECS, check=False
    )
    if done.returncode and command[0] != "./pan":
        raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")
    return done.stdout


def _read(out: str, secs: float) -> Search:
    states = re.search(r"(\S+) states, stored", out)
    seen = f"{states[1] if states else '?'} states, {secs:.1f} s"
    wrong = re.search(r"pan:\d+: (.*)", out)
    if wrong and "max search depth" not in wrong[1]:
        return Search(Verdict.FOUND, f"{_cause(wrong[1])}; {seen}")
    is_whole = "errors: 0" in out and "Search not completed" not in out
    return Search(Verdict.HOLDS if is_whole else Verdict.UNFINISHED, seen)


CAUSES = {
    "rec[": "file and row disagree, or a count",
    "sday": "quota",
    "tst[t]==1": "a paused or cancelled task was claimed",
    "!(crawl_open)": "completed with rows pending",
    "sst[1]!=1": "completed with an open segment",
    "valid[w]": "a stale write",
    "rst[0]": "status without segment",
    "acceptance": "never ends",
    "man[1]": "manifest without file",
}


def _cause(assertion: str) -> str:
    return next((cause for key, cause in CAUSES.items() if key in assertion), assertion[:90])


def remove(guard: Guard) -> tuple[Finding, str]:
    """Return what follows from the removal of a guard, and where it was seen."""
    for strict, finding in ((), Finding.DAMAGE), (("STRICT",), Finding.STALE_WRITE):
        for world in guard.worlds:
            result = search(world, *guard.switches.split(), *strict)
            if result.verdict is not Verdict.HOLDS:
                return finding, f"{world}: {result.verdict}, {result.seen}"
    return Finding.REDUNDANT, "in no world"


def _world_lines(worlds: Sequence[str], pool: ThreadPoolExecutor) -> Iterator[tuple[bool, str]]:
    # A stale write alone breaks a world as well (invariant 4).
    for name, result in zip(worlds, pool.map(lambda n: search(n, "STRICT"), worlds), strict=True):
        yield result.verdict is Verdict.HOLDS, f"{result.verdict:10} {name}: {result.seen}"


def _guard_lines(guards: Sequence[Guard], pool: ThreadPoolExecutor) -> Iterator[tuple[bool, str]]:
    for guard, (finding, where) in zip(guards, pool.map(remove, guards), strict=True):
        text = f"{finding:11} without {guard.switches} ({guard.name}): {where}"
        yield finding is guard.expected, text


def main(words: Sequence[str]) -> int:
    """Run what the words name and print a line each; return 1 when something was unexpected."""
    missing = [program for program in ("spin", "gcc") if shutil.which(program) is None]
    if missing:
        print(f"model of the export: skipped, without {' and '.join(missing)}")
        return 0
    words = words or ["quick"]
    parts = {"quick": QUICK, "design": DESIGN, "ends": ENDS, "nightly": NIGHTLY}
    worlds = [name for word in words for name in parts.get(word, ())]
    guards = [guard for guard in GUARDS if "guards" in words or guard.switches in words]
    unexpected = 0
    with ThreadPoolExecutor(PARALLEL_JOBS) as pool:
        for lines in (_world_lines(worlds, pool), _guard_lines(guards, pool)):
            for is_expected, text in lines:
                unexpected += not is_expected
                print(text if is_expected else f"UNEXPECTED: {text}", flush=True)
    print(f"model of the export: {len(worlds)} worlds, {len(guards)} guards removed,", end=" ")
    print(f"{unexpected} unexpected")
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
