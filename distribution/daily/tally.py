"""Adding up completions: accounts once per user and platform, counters where they are known."""

from __future__ import annotations

from collections import Counter

from distribution.counters import COUNTED, PREFIXES, Counters, column, missing
from storage.distribution.completions import Completion
from storage.distribution.daily_stats import COUNTS

ERROR_CHARS = 1000
SHOWN_PROBLEMS = 5
REASON_CHARS = 150


class CounterSum:
    """The sums of a task, or of an agent."""

    def __init__(self) -> None:
        self.completion_count = 0
        self._accounts: set[tuple[str, str]] = set()
        self._sums: Counter[str] = Counter()
        self._problems: list[str] = []

    def add(self, completion: Completion, counters: Counters, reason: str | None) -> None:
        """Count a completion. What is not known of its counters is left out of the sums and noted;
        `reason` says why it could not be learnt."""
        platform = completion.platform
        self.completion_count += 1
        if platform not in COUNTED:
            self.note(f"{completion.submission_link[:REASON_CHARS]}: unknown platform {platform!r}")
            return
        self._accounts.add((platform, completion.user_id))
        for counter in COUNTED[platform]:
            if counter in counters:
                self._sums[column(platform, counter)] += counters[counter]
        unknown = missing(platform, counters)
        if unknown:
            why = (reason or "the platform does not tell")[:REASON_CHARS]
            link = completion.submission_link[:REASON_CHARS]
            self.note(f"{link} without {', '.join(unknown)}: {why}")

    def note(self, problem: str) -> None:
        """Note what is not in the sums, and why."""
        self._problems.append(problem)

    @property
    def counts(self) -> dict[str, int]:
        """Every one of COUNTS."""
        per_platform = Counter(platform for platform, _ in self._accounts)
        accounts = {f"{PREFIXES[name]}_account_count": n for name, n in per_platform.items()}
        told = {**accounts, **self._sums, "account_count": len(self._accounts)}
        return {name: told.get(name, 0) for name in COUNTS}

    @property
    def error(self) -> str | None:
        """What is not in the sums; None when everything is."""
        if not self._problems:
            return None
        more = len(self._problems) - SHOWN_PROBLEMS
        text = "; ".join(self._problems[:SHOWN_PROBLEMS])
        head = f"{len(self._problems)} of {self.completion_count} completions not counted in full: "
        tail = f"; and {more} more" if more > 0 else ""
        return head + text[: ERROR_CHARS - len(head) - len(tail)] + tail
