"""Parsing of Douyin's and TikTok's entries ("awemes"), which have the same shape at TikHub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.messages import Message
from sources.base import Gone, StatsAnswer, Unavailable, VideoStats
from sources.json_api import Answer, id_text, object_or_empty, parse_count, text_or_none

FILTERED = {8: Gone.NOT_FOUND, 5: Gone.HIDDEN, 10: Gone.HIDDEN}
FILTER_LABELS = {
    8: Message.of("filtered_deleted"),
    5: Message.of("filtered_private"),
    10: Message.of("filtered_for_some"),
}
LEFT_OUT = Unavailable(Gone.UNKNOWN, Message.of("left_out_silently"), final=False)


def read_one(answer: Answer, aweme_id: str) -> StatsAnswer:
    """Return the entry in a response about one video.

    Raises:
        RetryableError: it has another shape, or is about another video (`damaged` is set).
    """
    data = answer.body["data"]
    entries = _entries(data)
    if not entries:
        return _unavailable((_filtered(data) or [{}])[0])
    # An answer to one question need not repeat the id; but it must not name another.
    named = [entry for entry in entries if _id(entry, default=aweme_id) == aweme_id]
    if not named:
        raise answer.damaged_error("other_video_came", video_id=aweme_id)
    stats = _stats(named[0])
    if stats is None:
        raise answer.damaged_error("video_without_counters", video_id=aweme_id)
    return stats


def read_many(answer: Answer, ids: Sequence[str]) -> dict[str, StatsAnswer]:
    """Return entries for those of `ids` about which a response for several videos is conclusive."""
    found: dict[str, StatsAnswer] = {}
    for entry in _filtered(answer.body["data"]):
        gone = _unavailable(entry)
        aweme_id = _id(entry)
        if aweme_id and aweme_id in ids and gone.final:
            found[aweme_id] = gone
    for entry in _entries(answer.body["data"]):
        aweme_id, stats = _id(entry), _stats(entry)
        if aweme_id and aweme_id in ids and stats is not None:
            found[aweme_id] = stats
    return found


def read_statistics(answer: Answer) -> dict[str, Mapping[str, Any]]:
    """Return the entries of Douyin's list of play counts, by video id.

    Raises:
        RetryableError: there is no such list (`damaged` is set).
    """
    entries = answer.body["data"].get("statistics_list")
    if not isinstance(entries, list):
        raise answer.damaged_error("answer_lacks_field", name="statistics_list")
    found = {_id(object_or_empty(entry)): object_or_empty(entry) for entry in entries}
    return {aweme_id: entry for aweme_id, entry in found.items() if aweme_id}


def _entries(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    for name in ("aweme_detail", "aweme_details", "aweme_list"):
        value = data.get(name)
        listed = value if isinstance(value, list) else [value]
        entries: list[Mapping[str, Any]] = [
            entry for entry in listed if isinstance(entry, dict) and entry
        ]
        if entries:
            return entries
    return []


def _id(entry: Mapping[str, Any], default: str | None = None) -> str | None:
    counts = object_or_empty(entry.get("statistics"))
    return id_text(entry.get("aweme_id", counts.get("aweme_id", default)))


def _stats(entry: Mapping[str, Any]) -> VideoStats | None:
    counts = object_or_empty(entry.get("statistics"))
    author = object_or_empty(entry.get("author"))
    stats = VideoStats(
        view=parse_count(counts.get("play_count")),
        comment=parse_count(counts.get("comment_count")),
        like=parse_count(counts.get("digg_count")),
        favorite=parse_count(counts.get("collect_count")),
        share=parse_count(counts.get("share_count")),
        title=text_or_none(entry.get("desc")),
        author=text_or_none(author.get("nickname")),
        uid=id_text(author.get("uid")),
        published_at=_moment(entry.get("create_time")),
    )
    known = (stats.view, stats.comment, stats.like, stats.favorite, stats.share)
    return None if all(count is None for count in known) else stats


def _filtered(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = data.get("filter_list")
    return [object_or_empty(entry) for entry in listed] if isinstance(listed, list) else []


def _unavailable(filtered: Mapping[str, Any]) -> Unavailable:
    reason = parse_count(filtered.get("reason"))
    if reason is None:
        return LEFT_OUT
    known = FILTERED.get(reason)
    label = FILTER_LABELS.get(reason, Message.of("filtered_unknown"))
    detail = Message.of("video_filtered", reason=reason, label=label)
    return Unavailable(known or Gone.UNKNOWN, detail, final=known is not None)


def _moment(value: object) -> datetime | None:
    secs = parse_count(value)
    try:
        return datetime.fromtimestamp(secs, UTC) if secs else None
    except (ValueError, OverflowError, OSError):
        return None
