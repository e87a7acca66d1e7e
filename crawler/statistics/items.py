"""The outcomes of fetching counters, for one video and for a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.errors import SourceError
from core.messages import Message
from sources.base import Gone, StatsAnswer, Unavailable
from sources.links import VideoLink


@dataclass(frozen=True)
class FetchedItem:
    """The outcome for one link or id.

    `text` is what was asked for. `answer` is None when there is none: `error` says why, `final`
    whether there never will be one, and `asked` is False when nothing was requested, as the time or
    the platform's budget was used up.
    """

    text: str
    platform: str | None = None
    video_id: str | None = None
    answer: StatsAnswer | None = None
    error: Message | None = None
    final: bool = False
    asked: bool = True

    @property
    def is_unanswered(self) -> bool:
        """Return True when there are no counters for a reason that passes, such as an outage.

        False also for a video that the platform knows and shows no counters of.
        """
        if self.answer is None:
            return not self.final
        return isinstance(self.answer, Unavailable) and self.answer.unanswered

    @property
    def failure(self) -> Message:
        """Return why there is no answer."""
        return self.error or Message.of("video_unanswered")


NOT_ASKED = FetchedItem("", error=Message.of("fetch_stopped"), asked=False)


@dataclass(frozen=True)
class AnsweredBatch:
    """The outcomes for a batch, by video id.

    `failure` is the error that ended it before all were answered; None otherwise.
    """

    items: Mapping[str, FetchedItem]
    failure: SourceError | None = None


def failed_item(error: Message, *, final: bool = False) -> FetchedItem:
    """Return an item without an answer; `final` when there never will be one."""
    return FetchedItem("", error=error, final=final)


def unresolved_item(
    platform: str, resolved: VideoLink | Unavailable | Message | None
) -> FetchedItem:
    """Return the item of a link that did not lead to a video of `platform`.

    Args:
        resolved: the video of another platform, why there is none, why the look-up failed, or None
            when the link was not looked up.
    """
    if resolved is None:
        return replace(NOT_ASKED, platform=platform)
    if isinstance(resolved, Unavailable):
        return FetchedItem("", platform, answer=resolved)
    if isinstance(resolved, Message):
        return FetchedItem("", platform, error=resolved)
    detail = Message.of("short_link_of_other_platform", platform=resolved.platform)
    return FetchedItem("", platform, answer=Unavailable(Gone.BAD_ID, detail, True))
