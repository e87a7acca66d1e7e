"""The completions whose video was handed in before, and what the setting makes of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from storage.distribution import shared_videos
from storage.distribution.completions import Completion
from storage.engines.transactions import Tx
from storage.operations.listings import Slice
from storage.operations.shared_video_lists import later_completions

USUAL_RANGE = timedelta(days=7)


class CountOnce(StrEnum):
    """For whom a video counts once: each user of a task, a task, or all tasks together."""

    USER = "user"
    TASK = "task"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class SharedVideo:
    """A completion whose video was handed in before.

    Args:
        id: of its row, for pages of a list.
        first_task, first_user: whose completion of the video was stored first.
        is_counted: whether the sums have this completion too, by the setting.
    """

    id: int
    completion: Completion
    first_task: str
    first_user: str
    is_counted: bool


def shared_videos_of(
    tx: Tx, part: Slice, *, scope: CountOnce, now: datetime, same_task: bool = False
) -> list[SharedVideo]:
    """Return the completions of a page whose video was stored before, newest first.

    Without a beginning the page is of the last 7 days.

    Args:
        scope: for whom a video counts once.
        same_task: only those of a task that had the video already; its first one is told then.
    """
    part = replace(part, since=part.since or now - USUAL_RANGE)
    found = later_completions(tx, part, same_task=same_task)
    hashes = sorted({one.row.video_hash or one.row.link_hash for one in found})
    overall = shared_videos.first_completions(tx, hashes, per_task=False) if hashes else {}
    of_task = shared_videos.first_completions(tx, hashes, per_task=True) if hashes else {}
    return [
        _shared(one.id, one.row, overall, of_task, scope=scope, same_task=same_task)
        for one in found
    ]


def _shared(
    row_id: int,
    completion: Completion,
    overall: dict[tuple[str, str], tuple[str, str, str]],
    of_task: dict[tuple[str, str], tuple[str, str, str]],
    *,
    scope: CountOnce,
    same_task: bool,
) -> SharedVideo:
    video = completion.video_hash or completion.link_hash
    in_task = of_task.get((video, completion.task_id), completion.key)
    first = in_task if same_task else overall.get((video, ""), completion.key)
    is_first_of_task = in_task[1:] == completion.key[1:]
    return SharedVideo(
        id=row_id,
        completion=completion,
        first_task=first[1],
        first_user=first[2],
        is_counted=scope is CountOnce.USER or (scope is CountOnce.TASK and is_first_of_task),
    )
