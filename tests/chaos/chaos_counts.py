"""What a long run has done: counted, added up, shown as one table."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

ROWS: dict[str, str] = {
    "deaths": "process deaths (kill -9)",
    "deaths_at_work": "  of those, holding a lease",
    "zombies": "zombie wake-ups (frozen longer than the lease it held)",
    "connections": "killed connections",
    "lost_commit_answers": "lost answers to COMMIT",
    "lost_commits": "lost COMMIT requests",
    "lost_requests": "lost requests",
    "lost_answers": "lost answers",
    "vanished": "connections that went silent in mid-transaction",
    "stalls": "stalls of a connection",
    "database_deaths": "database or node deaths (kill -9)",
    "deadlocks": "deadlocks provoked",
    "held_locks": "locks held by somebody else",
    "killed_queries": "statements ended by KILL QUERY",
    "held_rows": "rows held by another client",
    "hushed": "idle connections that went silent",
    "lock_outs": "passwords that were another one for a while",
    "silent_nodes": "servers or nodes that kept silent",
    "switchovers": "switchovers to another primary",
    "disk_full": "disk full",
    "read_only": "read-only folder",
    "vanished_folders": "folders that vanished and came back",
    "keys_away": "key files that were away or another one",
    "descriptors": "processes without a descriptor left",
    "suspended": "processes that were suspended, their clocks standing",
    "hang_ups": "terminals that were closed (SIGHUP)",
    "clocks_set": "clocks that went ahead and came back",
    "rebuilds": "rebuilds that ran two at once",
    "clock_off": "rounds with a host ten minutes off",
    "day_turns": "quota days that turned in the middle",
    "platform_faults": "faults of the platform",
    "trickles": "  of those, trickling answers",
    "bombs": "  of those, answers of many MiB",
    "odd_answers": "odd answers of receivers of webhooks",
    "restarts": "processes started",
    "rounds": "rounds",
    "rows": "rows exported",
    "reports": "reports delivered",
    "faults": "faults in all",
    "parts_left": "part files left on a host whose work another took over",
    "files_left": "  and finished ones",
    "starts_refused": "processes that did not start under a fault",
    "tasks_failed": "tasks failed by answers of the platform, and resumed",
    "passing_failures": "tasks failed for a passing cause",
    "disabled": "accounts disabled that were not at fault",
    "ended": "processes that ended by themselves",
    "violations": "violations",
}
FAULTS = (
    *("deaths", "zombies", "connections", "lost_commit_answers", "lost_commits"),
    *("lost_requests", "lost_answers", "vanished", "stalls", "database_deaths"),
    *("deadlocks", "held_locks", "killed_queries", "held_rows", "hushed"),
    *("lock_outs", "silent_nodes", "switchovers", "disk_full", "read_only"),
    *("vanished_folders", "keys_away", "descriptors", "suspended", "hang_ups"),
    *("clocks_set", "rebuilds", "clock_off", "day_turns", "platform_faults"),
    "odd_answers",
)


class Counts(Counter[str]):
    """Counters by the names above."""

    titles = ROWS
    names_of_faults: tuple[str, ...] = FAULTS

    def note(self, name: str, times: int = 1) -> None:
        assert name in self.titles, name
        self[name] += times

    def note_faults(self) -> None:
        """Add all faults up."""
        self["faults"] = sum(self[name] for name in self.names_of_faults)


def table(by_engine: dict[str, Counts]) -> str:
    """One line for each counter, one column for each engine, and the sum."""
    total = sum(by_engine.values(), Counter[str]())
    columns = {**by_engine, "all": total}
    width = max(len(title) for title in ROWS.values())
    lines = [" " * width + "".join(f"{name:>10}" for name in columns)]
    for name, title in ROWS.items():
        lines.append(f"{title:<{width}}" + "".join(f"{one[name]:>10,}" for one in columns.values()))
    return "\n".join(lines)


def write_json(path: Path, seed: int, by_engine: dict[str, Counts], found: list[str]) -> None:
    counts = {engine: {name: one[name] for name in ROWS} for engine, one in by_engine.items()}
    document = {"seed": seed, "counts": counts, "violations": found}
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
