"""Add up completions: a user counts once, also on each platform; unknown counters do not."""

from __future__ import annotations

from collections import Counter

from core.messages import Message, message_of
from distribution.counters import COUNTED, PREFIXES, Counters, column, missing
from storage.distribution.completions import Completion
from storage.distribution.daily_stats import COUNTS

SHOWN_PROBLEMS = 5
SHOWN_CHARS = 150
COUNTER_NAMES = {
    "view": Message.of("counter_view"),
    "like": Message.of("counter_like"),
    "comment": Message.of("counter_comment"),
    "share": Message.of("counter_share"),
    "collect": Message.of("counter_collect"),
}


class CounterSum:
    """The sums of the completions of a task or of an agent, filled by `add`.

    Args:
        per_platform: whether a user of two platforms is two in `account_count`.
    """

    def __init__(self, *, per_platform: bool) -> None:
        self._is_per_platform = per_platform
        self.completion_count = 0
        self._accounts: set[tuple[str, str]] = set()
        self._sums: Counter[str] = Counter()
        self._problems: list[Message] = []
        self._passing: Message | None = None

    def add(
        self,
        completion: Completion,
        counters: Counters,
        reason: Message | None,
        passing: Message | None = None,
    ) -> None:
        """Add a completion. A counter that is unknown adds nothing, and is listed in `error`.

        Args:
            counters: the known ones by name.
            reason: why the others could not be fetched; None when the platform does not show them.
            passing: why the completion must be counted again; None when it need not be.
        """
        if passing is not None:
            self._passing = self._passing or _innermost(passing).with_texts(_shortened)
        platform = completion.platform
        self.completion_count += 1
        link = _shortened(completion.submission_link)
        if platform not in COUNTED:
            self.add_problem(Message.of("completion_not_countable", link=link, platform=platform))
            return
        self._accounts.add((platform, completion.user_id))
        for counter in COUNTED[platform]:
            if counter in counters:
                self._sums[column(platform, counter)] += counters[counter]
        unknown = missing(platform, counters)
        if unknown:
            why = (reason or Message.of("counters_not_shown")).with_texts(_shortened)
            names = [COUNTER_NAMES[counter] for counter in unknown]
            self.add_problem(
                Message.of("completion_without_counters", link=link, counters=names, reason=why)
            )
        elif passing is not None:
            why = passing.with_texts(_shortened)
            self.add_problem(Message.of("completion_not_resolved", link=link, reason=why))

    def add_problem(self, problem: Message) -> None:
        """Add what is missing from the sums, and why, to `error`."""
        self._problems.append(problem)

    @property
    def passing(self) -> Message | None:
        """Return what kept the first of the completions from being counted and passes by itself;
        None when nothing did."""
        return self._passing

    @property
    def counts(self) -> dict[str, int]:
        """Return a number for every column in COUNTS, 0 for a platform without completions."""
        per_platform = Counter(platform for platform, _ in self._accounts)
        accounts = {f"{PREFIXES[name]}_account_count": n for name, n in per_platform.items()}
        users = {user for _, user in self._accounts}
        total = len(self._accounts if self._is_per_platform else users)
        counts = {**accounts, **self._sums, "account_count": total}
        return {name: counts.get(name, 0) for name in COUNTS}

    @property
    def error(self) -> Message | None:
        """Return what is missing from the sums, with the first 5 reasons; None when nothing is."""
        if not self._problems:
            return None
        found = Message.of(
            "completions_incomplete",
            incomplete=len(self._problems),
            completions=self.completion_count,
            problems=self._problems[:SHOWN_PROBLEMS],
        )
        more = len(self._problems) - SHOWN_PROBLEMS
        return Message.of("and_more", problem=found, more=more) if more > 0 else found


def _innermost(cause: Message) -> Message:
    """Return the cause that a message of a request that was not made names, so that those of one
    outage are alike."""
    while cause.code == "not_asked_after" and (inner := message_of(cause.params.get("cause"))):
        cause = inner
    return cause


def _shortened(text: str) -> str:
    return text[:SHOWN_CHARS]
