"""Entries of works in the hourly data file, made of the platform's answers."""

from __future__ import annotations

import json
from typing import Any, cast

from core.logs import redact
from core.messages import TEXT, Message
from crawler.statistics.items import FetchedItem
from crawler.statistics.missing import missing_stats
from presentation.i18n.renderer import Renderer
from sources.base import Unavailable, VideoStats
from storage.views.points import Counts
from works.hour_data.report import BILIBILI, COUNTER_KEYS, COUNTERS, MAX_COUNT, Failure, Numbers


def numbers(work_id: str, title: str, now: str, stats: VideoStats) -> Numbers:
    """Return the entry of a work that was answered at `now` (ISO, local time).

    Its title is the list's, or else the platform's. Counters that the
    platform does not report are null.
    """
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


def flag_shrunk(current: Numbers, before: Counts | None) -> Numbers:
    """Return the entry, with `shrunk` naming the counters that are lower than before."""
    if before is None:
        return current
    now = cast(dict[str, Any], current)
    shrunk = [
        key
        for key, earlier in zip(COUNTER_KEYS, before, strict=True)
        if now[key] is not None and earlier is not None and now[key] < earlier
    ]
    return cast(Numbers, now | {"shrunk": shrunk}) if shrunk else current


class FailureEntries:
    """Builds the entries of works without counters, with the reason as a sentence and as data."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def of_item(self, work_id: str, title: str, item: FetchedItem) -> Failure:
        """Return the entry of a work that was requested and got no counters."""
        final = item.answer.final if isinstance(item.answer, Unavailable) else item.final
        return self.of(work_id, title, missing_stats(item), final=final)

    def of(self, work_id: str, title: str, error: Message, *, final: bool = False) -> Failure:
        """Return the entry of a work without counters; `final` when
        the reason lasts for this hour."""
        return self.entry(BILIBILI, work_id, title, error.with_texts(redact), final=final)

    def entry(
        self, platform: str, work_id: str, title: str, error: Message, *, final: bool
    ) -> Failure:
        """Return the entry of a failure; a reason that is a mere text has no code."""
        fact = error.as_json()
        entry: Failure = {
            "platform": platform,
            "work_id": work_id,
            "title": title,
            "error": redact(self._renderer.sentence(error)),
            "status": "failed",
            "final": final,
        }
        if error.code != TEXT:
            entry |= {"error_code": fact["code"], "error_params": fact["params"]}
        return entry


def reason_of(failure: Failure) -> Message:
    """Return why a work has no counters; files of older versions have only the sentence."""
    code, params = failure.get("error_code"), failure.get("error_params")
    if code is None or params is None:
        return Message.text(failure["error"])
    return Message.load(json.dumps({"code": code, "params": params}))


def _storable(count: int | None) -> int | None:
    """Return a count; None for one that no column can hold."""
    # A count that no column can hold is an error of the platform.
    return None if count is None or count > MAX_COUNT else count
