"""What a platform's answer about a video makes of its work."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.logs import redact
from crawler.statistics.items import FetchedItem
from sources.base import StatsAnswer, Unavailable, VideoStats
from storage.catalogue.works import InvalidBy, Work
from storage.engines.dialect import MAX_TEXT_CHARS
from works.catalogue.entries import WorkEntry, merged, shortened


def entry_of(platform: str, work_id: str, answer: StatsAnswer) -> WorkEntry:
    """What the answer tells of the work but its counters."""
    if isinstance(answer, VideoStats):
        return shortened(
            WorkEntry(
                platform=platform,
                work_id=work_id,
                title=answer.title,
                author=answer.author,
                uid=answer.uid,
                publish_time=answer.published_at,
                cover_url=answer.cover_url,
                is_valid=True,
                by=InvalidBy.PLATFORM,
            )
        )
    gone = False if answer.final else None
    reason = f"{answer.reason.value}: {answer.detail}" if answer.final else None
    return shortened(
        WorkEntry(platform, work_id, is_valid=gone, reason=reason, by=InvalidBy.PLATFORM)
    )


def after_answer(work: Work, item: FetchedItem, now: datetime) -> Work:
    """The work after its platform was asked: with a play count, gone, or with one more failure.

    A play count that the platform hides stays the one that was told last.
    """
    asked = replace(work, checked_at=now, updated_at=now)
    answer = item.answer
    if answer is None:
        return _failed(asked, item.error or "no answer")
    told = merged(asked, entry_of(work.platform, work.work_id, answer), now)
    if isinstance(answer, Unavailable) and not answer.final:
        return _failed(told, f"{answer.reason.value}: {answer.detail}")
    known = replace(told, failure_count=0, last_error=None)
    if isinstance(answer, VideoStats) and answer.view is not None:
        return replace(known, play_count=answer.view)
    return known


def _failed(work: Work, error: str) -> Work:
    text = redact(error)[:MAX_TEXT_CHARS]
    return replace(work, failure_count=work.failure_count + 1, last_error=text)
