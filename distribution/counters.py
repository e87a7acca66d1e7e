"""The counters of each platform, and the keys under which `verification_details` has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import WrongFieldError
from core.messages import Message
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
# No video has more. Sums of 9 million such counters still fit into a BIGINT.
MAX_COUNT = 10**12
Counters = Mapping[str, int]


def verified(details: Any) -> Counters:
    """Return the counters in `verification_details`, a JSON object by the keys in NAMES.

    Of several keys for a counter, the first that is present and not null counts. A counter that is
    absent or null is unknown and left out.

    Raises:
        WrongFieldError: a counter is negative, too large or no whole number, or `details` is no
            object.
    """
    if not isinstance(details, Mapping):
        raise WrongFieldError(field="verification_details", reason=Message.of("not_json_object"))
    found = {}
    for counter, names in NAMES.items():
        for name in names:
            if details.get(name) is not None:
                found[counter] = read_count(name, details[name], MAX_COUNT)
                break
    return found


def fetched(stats: VideoStats) -> Counters:
    """Return the counters in a platform's response by name; unknown ones are left out."""
    answered = {
        "view": stats.view,
        "like": stats.like,
        "comment": stats.comment,
        "share": stats.share,
        "collect": stats.favorite,
    }
    return {counter: number for counter, number in answered.items() if number is not None}


def missing(platform: str, counters: Counters) -> list[str]:
    """Return the counters that reports on the platform have and `counters` lacks; none for a
    platform that is not reported on."""
    return [counter for counter in COUNTED.get(platform, ()) if counter not in counters]


def column(platform: str, counter: str) -> str:
    """Return the column that holds a platform's counter: `yt_view_count` of youtube and view.

    Raises:
        KeyError: the platform is not one of `PREFIXES`.
    """
    return f"{PREFIXES[platform]}_{counter}_count"
