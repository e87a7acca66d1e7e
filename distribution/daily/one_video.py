"""A user's video counts once for a task, also where it was handed in by different links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.messages import Message
from distribution.daily.counting import CompletionCount
from distribution.video_links import is_short
from sources.links import VideoLink
from storage.distribution.completions import Completion

_Group = tuple[str, str, str]


def ambiguous_links(counted: Iterable[CompletionCount]) -> list[str]:
    """Return the links that must be resolved to tell whether a video was handed in twice.

    They are those of users with several completions of one task on one platform, a short link among
    them: full links of one video are one completion from the start.
    """
    groups: dict[_Group, list[str]] = defaultdict(list)
    for count in counted:
        groups[_group(count.completion)].append(count.completion.submission_link)
    return [
        link
        for links in groups.values()
        if len(links) > 1 and any(map(is_short, links))
        for link in links
    ]


def once_per_video(
    counted: Sequence[CompletionCount], videos: Mapping[str, VideoLink | Message]
) -> list[CompletionCount]:
    """Return the counts with one for each video of a user in a task, in their order.

    The first completion stands for the later ones; a counter that one of these knows replaces its
    own, as for a video that is handed in again by the same link.

    Args:
        videos: by link; a link without an entry is a video of its own. One that could not be
            resolved now is too, and must be counted again.
    """
    first: dict[tuple[_Group, VideoLink], int] = {}
    kept: list[CompletionCount] = []
    for count in counted:
        video = videos.get(count.completion.submission_link)
        if video is None or isinstance(video, Message):
            kept.append(replace(count, passing=count.passing or video))
            continue
        place = first.setdefault((_group(count.completion), video), len(kept))
        if place == len(kept):
            kept.append(count)
        else:
            kept[place] = _joined(kept[place], count)
    return kept


def _joined(first: CompletionCount, later: CompletionCount) -> CompletionCount:
    return replace(
        first,
        counters={**first.counters, **later.counters},
        reason=first.reason and later.reason,
        passing=first.passing and later.passing,
    )


def _group(completion: Completion) -> _Group:
    return completion.task_id, completion.user_id, completion.platform
