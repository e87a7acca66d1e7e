"""Counters of a completion: verified ones, and fetched ones where these are missing."""

from __future__ import annotations

import json
from dataclasses import dataclass

from core.errors import WrongFieldError
from core.logs import fields, service_log
from core.messages import Message
from distribution import counters
from distribution.counters import Counters
from distribution.live_counters import LiveCounters
from storage.distribution.completions import Completion

log = service_log("daily_stats")


@dataclass(frozen=True)
class CompletionCount:
    """The known counters of a completion (a video that a user posted for a task).

    `reason` says why missing ones could not be fetched; None when none are missing or no fetch was
    tried. `passing` says why it must be counted again later; None when that would change nothing.
    """

    completion: Completion
    counters: Counters
    reason: Message | None = None
    passing: Message | None = None

    @property
    def is_complete(self) -> bool:
        """Return True when every counter of the platform is known."""
        return not counters.missing(self.completion.platform, self.counters)


def verified(completion: Completion) -> CompletionCount:
    """Return the counters that the distributing site verified for a completion.

    Damaged details are logged and count as none; nothing is raised.
    """
    try:
        details = json.loads(completion.details or "{}")
        return CompletionCount(completion, counters.verified(details))
    except (WrongFieldError, ValueError) as error:
        where = fields(task=completion.task_id, link=completion.submission_link)
        log.warning("%s damaged: %s", where, error)
        return CompletionCount(completion, {})


def with_live_counters(count: CompletionCount, live: LiveCounters) -> CompletionCount:
    """Return the count with fetched counters where none were verified; verified ones stay.

    When the fetch of its link failed, the counters stay as they are and `reason` says why.

    Raises:
        KeyError: `live` was never asked for the link.
    """
    link = count.completion.submission_link
    answer = live.get(link)
    if isinstance(answer, Message):
        passing = answer if live.is_unanswered(link) else None
        return CompletionCount(count.completion, count.counters, answer, passing)
    return CompletionCount(count.completion, {**answer, **count.counters})
