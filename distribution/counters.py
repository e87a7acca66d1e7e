"""Which counters count on which platform, and under which names `verification_details` has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import WrongFieldError
from distribution.fields import read_count
from sources.base import VideoStats

PREFIXES = {"youtube": "yt", "tiktok": "tt", "douyin": "dy"}
COUNTED: Mapping[str, tuple[str, ...]] = {
    "youtube": ("view", "like", "comment"),
    "tiktok": ("view", "like", "comment"),
    "douyin": ("view", "like", "comment", "share", "collect"),
}
NAMES: Mapping[str, tuple[str, ...]] = {
    "view": ("view_count", "views", "view", "play_count", "plays"),
    "like": ("like_count", "likes", "like", "digg_count"),
    "comment": ("comment_count", "comments", "comment"),
    "share": ("share_count", "shares", "share"),
    "collect": ("collect_count", "collects", "collect", "favorite_count", "favorites"),
}
MOST = 10**12  # more than any video has; so sums always fit
Counters = Mapping[str, int]


def verified(details: Any) -> Counters:
    """The counters that `verification_details` tells. Of several names for one the first counts
    that is there and not null; what is absent or null is left out: it is not known.

    Raises:
        WrongFieldError: one is negative or no whole number, or `details` is no JSON object.
    """
    if not isinstance(details, Mapping):
        raise WrongFieldError(field="verification_details", reason="is no JSON object")
    found = {}
    for counter, names in NAMES.items():
        for name in names:
            if details.get(name) is not None:
                found[counter] = read_count(name, details[name], MOST)
                break
    return found


def fetched(stats: VideoStats) -> Counters:
    """The counters that a platform tells now."""
    told = {
        "view": stats.view,
        "like": stats.like,
        "comment": stats.comment,
        "share": stats.share,
        "collect": stats.favorite,
    }
    return {counter: number for counter, number in told.items() if number is not None}


def missing(platform: str, counters: Counters) -> list[str]:
    """The counters of that platform that are not known; none of a platform that is not ours."""
    return [counter for counter in COUNTED.get(platform, ()) if counter not in counters]


def column(platform: str, counter: str) -> str:
    """`yt_view_count`"""
    return f"{PREFIXES[platform]}_{counter}_count"
