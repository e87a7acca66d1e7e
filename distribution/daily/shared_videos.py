"""A video that several users handed in, or one for several tasks, counts for the first of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from core.messages import Message
from distribution.daily.counting import CompletionCount
from distribution.shared_list import CountOnce
from distribution.video_links import is_short, link_hash
from sources.links import VideoLink
from storage.distribution import shared_videos
from storage.distribution.completions import Completion
from storage.engines.transactions import Database

HASHES_PER_QUERY = 400


def unresolved_links(counted: Iterable[CompletionCount]) -> list[str]:
    """Return the short links whose video is not known yet."""
    found = [one.completion for one in counted if one.completion.video_hash is None]
    return [one.submission_link for one in found if is_short(one.submission_link)]


def note_videos(
    database: Database, counted: Iterable[CompletionCount], videos: Mapping[str, VideoLink]
) -> None:
    """Store which videos the short links of completions lead to, where that is news."""
    found = {
        one.completion.link_hash: link_hash(video)
        for one in counted
        if one.completion.video_hash is None
        and (video := videos.get(one.completion.submission_link)) is not None
    }
    news = {short: video for short, video in found.items() if short != video}
    if news:
        database.write_idempotent(shared_videos.note_videos, news)


def first_ones(
    database: Database,
    counted: Sequence[CompletionCount],
    videos: Mapping[str, VideoLink | Message],
    scope: CountOnce,
) -> list[CompletionCount]:
    """Return the counts without those of videos that were handed in before, on whatever day.

    The completion that was stored first stands for its video, for good. It is looked for among
    those of the same task, or of all tasks with `CountOnce.ALL`.

    Args:
        videos: by link, as far as short links were resolved.
    """
    hashes = [_video_of(one.completion, videos) for one in counted]
    here: dict[tuple[str, str, str], set[tuple[str, str, str]]] = defaultdict(set)
    for one, video in zip(counted, hashes, strict=True):
        here[(video, *_who(one.completion))].add(one.completion.key)
    asked = sorted(set(hashes))
    first: dict[tuple[str, str], tuple[str, str, str]] = {}
    for start in range(0, len(asked), HASHES_PER_QUERY):
        some = asked[start : start + HASHES_PER_QUERY]
        first |= database.read(
            shared_videos.first_completions, some, per_task=scope is CountOnce.TASK
        )
    return [
        one
        for one, video in zip(counted, hashes, strict=True)
        if _first_of(first, one.completion, video, scope) in here[(video, *_who(one.completion))]
    ]


def _first_of(
    first: Mapping[tuple[str, str], tuple[str, str, str]],
    completion: Completion,
    video: str,
    scope: CountOnce,
) -> tuple[str, str, str]:
    """Return the key of the first completion of a video; its own where none is stored."""
    task = completion.task_id if scope is CountOnce.TASK else ""
    return first.get((video, task), completion.key)


def _video_of(completion: Completion, videos: Mapping[str, VideoLink | Message]) -> str:
    video = videos.get(completion.submission_link)
    if isinstance(video, VideoLink):
        return link_hash(video)
    return completion.video_hash or completion.link_hash


def _who(completion: Completion) -> tuple[str, str]:
    return completion.task_id, completion.user_id
