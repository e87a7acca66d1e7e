"""The counters of a completion: as they were verified, and what is missing as it is now."""

from __future__ import annotations

import json
from dataclasses import dataclass

from core.errors import WrongFieldError
from core.logs import fields, service_log
from distribution import counters
from distribution.counters import Counters
from distribution.live_counters import LiveCounters
from storage.distribution.completions import Completion

log = service_log("daily_stats")


@dataclass(frozen=True)
class DayCount:
    """`reason` says why what is missing could not be learnt."""

    completion: Completion
    counters: Counters
    reason: str | None = None

    @property
    def is_whole(self) -> bool:
        return not counters.missing(self.completion.platform, self.counters)


def verified(completion: Completion) -> DayCount:
    """With what was verified of it; damaged details count as none."""
    try:
        details = json.loads(completion.details or "{}")
        return DayCount(completion, counters.verified(details))
    except (WrongFieldError, ValueError) as error:
        log.warning(
            "%s",
            fields(task=completion.task_id, link=completion.submission_link, damaged=str(error)),
        )
        return DayCount(completion, {})


def completed(one: DayCount, live: LiveCounters) -> DayCount:
    """With what is told now where nothing was verified; `live` has been asked."""
    answer = live.of(one.completion.submission_link)
    if isinstance(answer, str):
        return DayCount(one.completion, one.counters, answer)
    return DayCount(one.completion, {**answer, **one.counters})
