"""A work's entry in the hourly data file, made of the platform's answer."""

from __future__ import annotations

from typing import Any, cast

from crawler.statistics.items import FetchedItem
from sources.base import VideoStats
from works.hourly.report import BILIBILI, COUNTER_KEYS, COUNTERS, MOST, Failure, Numbers


def numbers(work_id: str, title: str, now: str, stats: VideoStats) -> Numbers:
    """The entry of a work that was answered at `now`; the list's title, or else the platform's."""
    counters = {f"{name}_count": _storable(getattr(stats, name)) for name in COUNTERS}
    entry = {
        "platform": BILIBILI,
        "work_id": work_id,
        "title": title or stats.title or "",
        "crawl_time": now,
        **counters,
        "status": "success",
    }
    return cast(Numbers, entry)


def flagged(told: Numbers, before: Numbers | None) -> Numbers:
    """The numbers as they are; `shrunk` names those that are lower than they were."""
    if before is None:
        return told
    now, earlier = cast(dict[str, Any], told), cast(dict[str, Any], before)
    shrunk = [
        key
        for key in COUNTER_KEYS
        if now[key] is not None and earlier[key] is not None and now[key] < earlier[key]
    ]
    return cast(Numbers, now | {"shrunk": shrunk}) if shrunk else told


def unanswered(work_id: str, title: str, item: FetchedItem) -> Failure:
    """The entry of a work without numbers."""
    answer = item.answer
    if answer is None or isinstance(answer, VideoStats):
        return failure(work_id, title, item.error or "no answer", final=item.final)
    return failure(work_id, title, f"{answer.reason}: {answer.detail}", final=answer.final)


def failure(work_id: str, title: str, error: str, *, final: bool = False) -> Failure:
    """The entry of a work without numbers, and why."""
    return {
        "platform": BILIBILI,
        "work_id": work_id,
        "title": title,
        "error": error,
        "status": "failed",
        "final": final,
    }


def _storable(count: int | None) -> int | None:
    return None if count is None or count > MOST else count
