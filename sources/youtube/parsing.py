"""Parsing of YouTube's lists of videos. All counters come as text; a hidden one is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.messages import Message
from sources.base import Gone, StatsAnswer, Unavailable, VideoStats
from sources.json_api import Answer, id_text, object_or_empty, parse_count, text_or_none

LEFT_OUT = Unavailable(Gone.UNKNOWN, Message.of("youtube_left_out"), final=True)
NO_STATISTICS = Unavailable(Gone.UNKNOWN, Message.of("youtube_without_statistics"), final=False)


def read_videos(answer: Answer, ids: Sequence[str]) -> dict[str, StatsAnswer]:
    """Return an entry for each of `ids`; one that the response lacks is unavailable for good.

    Raises:
        RetryableError: no entry can be parsed (`damaged` is set).
    """
    items = object_or_empty(answer.body).get("items")
    if not isinstance(items, list):
        raise answer.damaged_error("answer_lacks_field", name="items")
    found = {
        id_text(object_or_empty(item).get("id")): _stats(object_or_empty(item)) for item in items
    }
    if items and not any(isinstance(found.get(video_id), VideoStats) for video_id in ids):
        raise answer.damaged_error("no_item_understood")
    return {video_id: found.get(video_id, LEFT_OUT) for video_id in ids}


def _stats(item: Mapping[str, Any]) -> StatsAnswer:
    counts = item.get("statistics")
    if not isinstance(counts, dict):
        return NO_STATISTICS
    about = object_or_empty(item.get("snippet"))
    return VideoStats(
        view=parse_count(counts.get("viewCount")),
        comment=parse_count(counts.get("commentCount")),
        like=parse_count(counts.get("likeCount")),
        # YouTube has no favourites any more and says 0 of every video.
        favorite=parse_count(counts.get("favoriteCount")) or None,
        title=text_or_none(about.get("title")),
        author=text_or_none(about.get("channelTitle")),
        uid=text_or_none(about.get("channelId")),
        published_at=_moment(about.get("publishedAt")),
    )


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
