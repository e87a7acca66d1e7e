"""Entries of works in the hourly data file, built from the platform's answers."""

from __future__ import annotations

from typing import Any, cast

from crawler.statistics.items import FetchedItem
from presentation.i18n.renderer import ENGLISH_RENDERER
from sources.base import VideoStats
from works.hourly.report import BILIBILI, COUNTER_KEYS, COUNTERS, MAX_COUNT, Failure, Numbers


def numbers(work_id: str, title: str, now: str, stats: VideoStats) -> Numbers:
    """Return the entry of a work that was answered at `now`, with the list's title or else the
    platform's."""
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


def flag_shrunk(current: Numbers, before: Numbers | None) -> Numbers:
    """Return the numbers, with `shrunk` naming the counters that are lower than before."""
    if before is None:
        return current
    now, earlier = cast(dict[str, Any], current), cast(dict[str, Any], before)
    shrunk = [
        key
        for key in COUNTER_KEYS
        if now[key] is not None and earlier[key] is not None and now[key] < earlier[key]
    ]
    return cast(Numbers, now | {"shrunk": shrunk}) if shrunk else current


def failure_from_item(work_id: str, title: str, item: FetchedItem) -> Failure:
    """Return the entry of a work that was requested and got no numbers."""
    answer = item.answer
    if answer is None or isinstance(answer, VideoStats):
        return failure(
            work_id,
            title,
            ENGLISH_RENDERER.sentence(item.failure),
            final=item.final,
        )
    return failure(work_id, title, f"{answer.reason}: {answer.detail}", final=answer.final)


def failure(work_id: str, title: str, error: str, *, final: bool = False) -> Failure:
    """Return the entry of a work without numbers, with the reason."""
    return {
        "platform": BILIBILI,
        "work_id": work_id,
        "title": title,
        "error": error,
        "status": "failed",
        "final": final,
    }


def _storable(count: int | None) -> int | None:
    # A count that no column can hold is an error of the platform.
    return None if count is None or count > MAX_COUNT else count
