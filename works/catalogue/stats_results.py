"""Apply a platform's answer about a video to its work."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.logs import storable
from core.messages import Message
from crawler.statistics.items import FetchedItem
from crawler.statistics.missing import missing_stats, unavailable
from sources.base import StatsAnswer, Unavailable, VideoStats
from storage.catalogue.works import InvalidBy, Work
from works.catalogue.entries import FieldsOwner, WorkEntry, merge, truncated


def entry_from_answer(platform: str, work_id: str, answer: StatsAnswer) -> WorkEntry:
    """Return a platform's answer about a video as a report of the work, without its counters.

    A video that is gone for good is invalid; one that is unavailable for now changes nothing.
    """
    if isinstance(answer, VideoStats):
        return truncated(
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
    reason = unavailable(answer) if answer.final else None
    return truncated(
        WorkEntry(platform, work_id, is_valid=gone, reason=reason, by=InvalidBy.PLATFORM)
    )


def apply_answer(work: Work, item: FetchedItem, now: datetime, owner: FieldsOwner) -> Work:
    """Return the work after its platform was checked at `now` (UTC).

    It has the fetched play count, is invalid when the video is gone, or has one more failure when
    there was no answer. A play count that the platform hides leaves the last known one. `owner`
    says whether the answer's title, author, publish time and cover count.
    """
    checked = replace(work, checked_at=now, updated_at=now)
    answer = item.answer
    if answer is None:
        return _failed(checked, missing_stats(item))
    updated = merge(checked, entry_from_answer(work.platform, work.work_id, answer), now, owner)
    if isinstance(answer, Unavailable) and not answer.final:
        return _failed(updated, missing_stats(item))
    recovered = replace(updated, failure_count=0, last_error=None)
    if isinstance(answer, VideoStats) and answer.view is not None:
        return replace(recovered, play_count=answer.view)
    return recovered


def _failed(work: Work, error: Message) -> Work:
    """Return the work with one more failure."""
    return replace(work, failure_count=work.failure_count + 1, last_error=storable(error))
