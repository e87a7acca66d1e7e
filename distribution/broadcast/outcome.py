"""What a round found out: the tasks with numbers, and why the others have none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.logs import storable
from core.messages import Message
from distribution.counters import Counters
from distribution.live_counters import LiveCounters
from storage.distribution.broadcast_failures import NewFailure
from storage.distribution.distribution_tasks import DramaFields


@dataclass(frozen=True, kw_only=True)
class RoundOutcome:
    """The answers of a round.

    Args:
        dramas: the tasks of the round, in its order.
        counted: the current counters by task id.
        failures: the tasks that are not in `counted`.
    """

    dramas: Sequence[DramaFields]
    counted: Mapping[str, Counters]
    failures: Sequence[NewFailure]

    @property
    def postponed(self) -> set[str]:
        """Return the ids of the tasks for which no request was made."""
        return {failure.task_id for failure in self.failures if failure.is_postponed}

    @property
    def totals(self) -> dict[str, int]:
        """Return the counts of tasks, as the broadcaster's reply has them."""
        return {
            "total": len(self.dramas),
            "succeeded": len(self.counted),
            "failed": len(self.failures),
            "postponed": len(self.postponed),
        }

    @property
    def error(self) -> Message | None:
        """Return why the round has nothing to report; None when it has, or has no tasks.

        Of several reasons it names the most frequent one.
        """
        if self.counted or not self.failures:
            return None
        [(reason, _)] = Counter(failure.reason for failure in self.failures).most_common(1)
        return Message.of(
            "round_without_numbers", total=len(self.dramas), reason=Message.load(reason)
        )


def outcome_of_round(dramas: Sequence[DramaFields], live: LiveCounters) -> RoundOutcome:
    """Return what the answers of `live`, which fetched the tasks' videos, mean for the tasks."""
    counted: dict[str, Counters] = {}
    failures = []
    for drama in dramas:
        link = drama.video_url or ""
        answer = live.get(link)
        if answer and not isinstance(answer, Message):
            counted[drama.task_id] = answer
            continue
        reason = answer if isinstance(answer, Message) else Message.of("broadcast_video_uncounted")
        failures.append(NewFailure(drama.task_id, storable(reason), live.is_postponed(link)))
    return RoundOutcome(dramas=dramas, counted=counted, failures=failures)
