"""The videos of a domain: one to three for every creator, found by creator, position or id."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from sandbox.bvid import to_bvid
from sandbox.creators import Population
from sandbox.mixing import mix64, salt_of

# How many videos the creators have, in turn: any video's creator follows from its number alone.
_PATTERN = (1, 2, 3, 2, 1, 3)
_SLOTS = tuple((offset, k) for offset, count in enumerate(_PATTERN) for k in range(count))

_AID_BASE = 100_000_000_000_000
_AID_MASK = (1 << 40) - 1
_CODE_BITS = 36  # 10 for the domain, 24 for the creator, 2 for the video
_SPREAD = 0x9E3779B97F
_GATHER = pow(_SPREAD, -1, _AID_MASK + 1)
_FIRST_PUBDATE, _PUBDATE_SPAN_SECS = 1_600_000_000, 160_000_000
_COURSE_OF = 16
_RARE_OF = 400

_TITLES = (
    '{domain} "测评" 第{n}期',
    "{domain} & 日常 <{n}>",
    "新手也能懂的 {domain} 入门",
    "it's {domain}! 100% 真实体验",
    "{domain}避雷合集,看完再买 {n}",
)


@dataclass(frozen=True, slots=True)
class Video:
    """One video. A course (`ketang` in a search) has no page of its own: no BV id, no date."""

    aid: int
    owner_index: int
    ordinal: int
    domain: str
    bits: int
    is_course: bool

    @property
    def bvid(self) -> str:
        """The BV id, empty for a course."""
        return "" if self.is_course else to_bvid(self.aid)

    @property
    def title(self) -> str:
        """The title as its author typed it: neither escaped nor highlighted."""
        template = _TITLES[self.bits % len(_TITLES)]
        return template.format(domain=self.domain, n=self.owner_index % 100)

    @property
    def pubdate(self) -> int:
        """Unix seconds, 0 for a course."""
        return 0 if self.is_course else _FIRST_PUBDATE + self.bits % _PUBDATE_SPAN_SECS

    @property
    def seconds(self) -> int:
        """How long the video runs."""
        return 4 + (self.bits >> 7) % 13_000

    def count(self, shift: int, below: int) -> int:
        """A counter of this video (likes, comments, ...), below `below`; `shift` names which."""
        return (self.bits >> shift) % below

    @property
    def play(self) -> int:
        """How often it was played."""
        return self.count(3, 3_000_000)

    @property
    def lot(self) -> int:
        """A lot from 0 to 399 that decides whether the video, and its plays, can be seen."""
        return (self.bits >> 45) % _RARE_OF

    @property
    def hides_play(self) -> bool:
        """One in 400 does not show how often it was played."""
        return self.lot == 0


@dataclass(frozen=True, slots=True)
class Shelf:
    """All videos of one population; `at` shuffles them, so that an author's are pages apart."""

    owners: Population
    total: int = field(init=False)
    _stride: int = field(init=False)
    _salt: int = field(init=False)

    def __post_init__(self) -> None:
        groups, rest = divmod(self.owners.size, len(_PATTERN))
        total = groups * len(_SLOTS) + sum(_PATTERN[:rest])
        object.__setattr__(self, "total", total)
        object.__setattr__(self, "_stride", _stride(total))
        object.__setattr__(self, "_salt", salt_of(self.owners.seed, "videos"))

    def at(self, position: int) -> Video:
        """The hit at a position from 0 to total - 1; all positions together are all videos."""
        number = position * self._stride % self.total
        group, slot = divmod(number, len(_SLOTS))
        offset, ordinal = _SLOTS[slot]
        return self._video(group * len(_PATTERN) + offset, ordinal)

    def of(self, owner_index: int) -> list[Video]:
        """A creator's videos, newest first, without courses."""
        count = _PATTERN[owner_index % len(_PATTERN)]
        videos = [self._video(owner_index, ordinal) for ordinal in range(count)]
        shown = [video for video in videos if not video.is_course]
        return sorted(shown, key=lambda video: -video.pubdate)

    def by_aid(self, aid: int) -> Video | None:
        """The video with this number, unless it belongs to no creator of this domain."""
        code = (aid - _AID_BASE) * _GATHER & _AID_MASK
        if not _AID_BASE <= aid <= _AID_BASE + _AID_MASK or code >> _CODE_BITS:
            return None
        code ^= self._scramble
        domain_index, owner_index, ordinal = code >> 26, code >> 2 & 0xFFFFFF, code & 3
        if domain_index != self.owners.domain_index or owner_index >= self.owners.size:
            return None
        if ordinal >= _PATTERN[owner_index % len(_PATTERN)]:
            return None
        return self._video(owner_index, ordinal)

    @property
    def _scramble(self) -> int:
        return self._salt & ((1 << _CODE_BITS) - 1)

    def _video(self, owner_index: int, ordinal: int) -> Video:
        code = self.owners.domain_index << 26 | owner_index << 2 | ordinal
        aid = _AID_BASE + ((code ^ self._scramble) * _SPREAD & _AID_MASK)
        bits = mix64(self._salt ^ code)
        # Only a second or third video may be a course, so dropping courses loses no creator.
        is_course = ordinal > 0 and (bits >> 50) % _COURSE_OF == 0
        return Video(
            aid=aid,
            owner_index=owner_index,
            ordinal=ordinal,
            domain=self.owners.domain,
            bits=bits,
            is_course=is_course,
        )


def _stride(total: int) -> int:
    """A step near the golden section of `total` that visits every position once."""
    step = max(1, int(total * 0.618))
    while math.gcd(step, total) > 1:
        step += 1
    return step
