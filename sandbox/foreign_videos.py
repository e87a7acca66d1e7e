"""Videos of YouTube, Douyin and TikTok: any well-formed id is one, and its bits say the rest."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from sandbox.fates import GONE, HIDDEN, OWNER_ONLY, VISIBLE, Fate
from sandbox.growth import grown
from sandbox.mixing import mix64, salt_of

YOUTUBE, DOUYIN, TIKTOK = "youtube", "douyin", "tiktok"
FOREIGN = (YOUTUBE, DOUYIN, TIKTOK)
_COUNTERS = {
    YOUTUBE: ("view", "like", "comment"),
    DOUYIN: ("view", "like", "comment", "share", "favorite"),
    TIKTOK: ("view", "like", "comment", "share", "favorite"),
}
_URLS = {
    YOUTUBE: "https://www.youtube.com/watch?v={}",
    DOUYIN: "https://www.douyin.com/video/{}",
    TIKTOK: "https://www.tiktok.com/@someone/video/{}",
}
_LOST_OF = 32
_LOST = {0: GONE, 1: OWNER_ONLY, 2: HIDDEN}
_FIRST_BORN, _BORN_SPAN_SECS = 1_500_000_000, 260_000_000
_AWEME_BASE, _AWEME_SPAN = 7_000_000_000_000_000_000, 500_000_000_000_000_000


@dataclass(frozen=True, slots=True)
class ForeignVideo:
    """One video; `bits` are 64 pseudo-random bits."""

    platform: str
    id: str
    bits: int

    @property
    def fate(self) -> Fate:
        """The fate it was born with: one in 32 each is gone, private, or partly visible."""
        return Fate(_LOST.get(self.bits % _LOST_OF, VISIBLE), self._hides())

    @property
    def published_at(self) -> int:
        """Unix seconds."""
        return _FIRST_BORN + (self.bits >> 9) % _BORN_SPAN_SECS

    @property
    def title(self) -> str:
        """What its author wrote over it."""
        return f"第{self.bits % 1000}期 😀 <b>#{self.platform}</b>"

    @property
    def author(self) -> str:
        """The author's name."""
        return f"作者{self.bits >> 40 & 0xFFFF}"

    @property
    def uid(self) -> str:
        """The author's id."""
        number = mix64(self.bits ^ 0x1D)
        return f"UC{number:022d}" if self.platform == YOUTUBE else str(number % 10**19)

    @property
    def url(self) -> str:
        """Its address as a browser shows it."""
        return _URLS[self.platform].format(self.id)

    def counters(self, now: float) -> dict[str, int]:
        """The true counters at `now`."""
        names = _COUNTERS[self.platform]
        base = {name: mix64(self.bits ^ salt_of(name)) % 10_000 for name in names}
        return grown(base, self.bits, self.published_at, now)

    def _hides(self) -> tuple[str, ...]:
        if self.platform == YOUTUBE:
            names = {0: ("like",), 1: ("comment",), 2: ("like", "comment")}
            return names.get((self.bits >> 5) % 12, ())
        return ("favorite",) if self.platform == TIKTOK and (self.bits >> 5) % 12 == 0 else ()


def foreign_video(seed: int, platform: str, video_id: str) -> ForeignVideo:
    """The video behind an id."""
    return ForeignVideo(platform, video_id, mix64(salt_of(seed, platform, video_id)))


def foreign_ids(seed: int, platform: str) -> Iterator[str]:
    """Ids without end, always the same ones."""
    return (foreign_id(platform, mix64(salt_of(seed, platform, place))) for place in count())


def foreign_id(platform: str, number: int) -> str:
    """A well-formed id made of 64 bits."""
    if platform == YOUTUBE:
        return base64.urlsafe_b64encode(number.to_bytes(8, "big")).decode()[:11]
    return str(_AWEME_BASE + number % _AWEME_SPAN)
