"""Messages that say why a video has no counters."""

from __future__ import annotations

from core.messages import Message
from crawler.statistics.items import FetchedItem
from sources.base import Gone, Unavailable


def missing_stats(item: FetchedItem) -> Message:
    """Return, as a message, why an item has no counters; call it only for one without."""
    if isinstance(item.answer, Unavailable):
        return unavailable(item.answer)
    return item.failure


def unavailable(answer: Unavailable) -> Message:
    """Return, as a message, the reason that a platform gives for a video without counters."""
    match answer.reason:
        case Gone.NOT_FOUND:
            return Message.of("video_not_found", detail=answer.detail)
        case Gone.HIDDEN:
            return Message.of("video_hidden", detail=answer.detail)
        case Gone.IN_REVIEW:
            return Message.of("video_in_review", detail=answer.detail)
        case Gone.REGION:
            return Message.of("video_not_in_region", detail=answer.detail)
        case Gone.BAD_ID:
            return Message.of("video_id_wrong", detail=answer.detail)
        case _:
            return Message.of("video_left_out", detail=answer.detail)
