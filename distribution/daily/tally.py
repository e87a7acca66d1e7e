"""Add up completions: an account counts once per user and platform, unknown counters not."""

from __future__ import annotations

from collections import Counter

from distribution.counters import COUNTED, PREFIXES, Counters, column, missing
from storage.distribution.completions import Completion
from storage.distribution.daily_stats import COUNTS

ERROR_CHARS = 1000
SHOWN_PROBLEMS = 5
REASON_CHARS = 150


class CounterSum:
    """The sums of the completions of a task or of an agent."""

    def __init__(self) -> None:
        self.completion_count = 0
        self._accounts: set[tuple[str, str]] = set()
        self._sums: Counter[str] = Counter()
        self._problems: list[str] = []

    def add(self, completion: Completion, counters: Counters, reason: str | None) -> None:
        """Add a completion. Unknown counters are not in the sums: they are listed in `error`, with
        the reason why they could not be fetched."""
        platform = completion.platform
        self.completion_count += 1
        if platform not in COUNTED:
            self.add_problem(
                f"{completion.submission_link[:REASON_CHARS]}: unknown platform {platform!r}"
            )
            return
        self._accounts.add((platform, completion.user_id))
        for counter in COUNTED[platform]:
            if counter in counters:
                self._sums[column(platform, counter)] += counters[counter]
        unknown = missing(platform, counters)
        if unknown:
            why = (reason or "the platform does not tell")[:REASON_CHARS]
            link = completion.submission_link[:REASON_CHARS]
            self.add_problem(f"{link} without {', '.join(unknown)}: {why}")

    def add_problem(self, problem: str) -> None:
        """Add to `error` what is not in the sums, and why."""
        self._problems.append(problem)

    @property
    def counts(self) -> dict[str, int]:
        """Return all counts by their columns, those of COUNTS."""
        per_platform = Counter(platform for platform, _ in self._accounts)
        accounts = {f"{PREFIXES[name]}_account_count": n for name, n in per_platform.items()}
        counts = {**accounts, **self._sums, "account_count": len(self._accounts)}
        return {name: counts.get(name, 0) for name in COUNTS}

    @property
    def error(self) -> str | None:
        """Return what is not in the sums, at most 1,000 characters; None when everything is."""
        if not self._problems:
            return None
        more = len(self._problems) - SHOWN_PROBLEMS
        text = "; ".join(self._problems[:SHOWN_PROBLEMS])
        head = f"{len(self._problems)} of {self.completion_count} completions not counted in full: "
        tail = f"; and {more} more" if more > 0 else ""
        return head + text[: ERROR_CHARS - len(head) - len(tail)] + tail
