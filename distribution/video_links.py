"""The videos that links of completions name."""

from __future__ import annotations

import hashlib

from core.errors import InvalidInputError
from sources.links import ShortLink, VideoLink, recognise


def link_hash(link: VideoLink | ShortLink) -> str:
    """Return a SHA-256 in hex that is the same for every spelling of a video's link.

    A short link, which does not name its video, has a hash of its own.
    """
    name = f"{link.platform}:{link.video_id}" if isinstance(link, VideoLink) else link.url
    return hashlib.sha256(name.encode()).hexdigest()


def is_short(link: str) -> bool:
    """Return True for a short link, which does not name its video."""
    try:
        return isinstance(recognise(link), ShortLink)
    except InvalidInputError:
        return False
