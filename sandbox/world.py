"""All videos of all platforms as they are now: state, counters, title, author."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sandbox.bvid import to_aid
from sandbox.catalog import VIDEO_SEARCH, Catalog, Question
from sandbox.creators import Creator
from sandbox.fates import GONE, HIDDEN, IN_REVIEW, NOT_YET_OUT, OWNER_ONLY, VISIBLE, Fate, Fates
from sandbox.foreign_videos import FOREIGN, ForeignVideo, foreign_ids, foreign_video
from sandbox.growth import grown
from sandbox.messages import Json
from sandbox.videos import Video

BILIBILI = "bilibili"
PLATFORMS = (BILIBILI, *FOREIGN)
_DRAWN = {1: HIDDEN, 2: GONE, 3: IN_REVIEW, 4: OWNER_ONLY, 5: NOT_YET_OUT}


@dataclass(frozen=True, slots=True)
class Seen:
    """A video at a moment; `counters` are true also where the platform hides them."""

    platform: str
    id: str
    fate: Fate
    counters: dict[str, int]
    title: str
    author: str
    uid: str
    published_at: int
    url: str

    def told(self) -> Json:
        """What a client that asks now must find: hidden counters are null, none if not visible."""
        shown = {
            name: None if name in self.fate.hides else count
            for name, count in self.counters.items()
        }
        return {
            "platform": self.platform,
            "id": self.id,
            "state": self.fate.state,
            "hides": list(self.fate.hides),
            "counters": shown if self.fate.state == VISIBLE else {},
            "title": self.title,
            "author": self.author,
            "uid": self.uid,
            "published_at": self.published_at,
            "url": self.url,
        }


class World:
    """Looks videos up; what it says is a function of seed, id, time and the decided fates."""

    def __init__(self, *, catalog: Catalog, seed: int, now: Callable[[], float]) -> None:
        self.catalog = catalog
        self.fates = Fates()
        self.now = now
        self._seed = seed

    def bilibili(self, aid: int) -> tuple[Video, Creator, Seen] | None:
        """A video of Bilibili by its number; None if there never was one."""
        found = self.catalog.video(aid)
        if found is None:
            return None
        return *found, self.at_home(*found)

    def foreign(self, platform: str, video_id: str) -> ForeignVideo:
        """A video of another platform: every well-formed id is one."""
        return foreign_video(self._seed, platform, video_id)

    def seen(self, platform: str, video_id: str) -> Seen | None:
        """Any video by its id (Bilibili: number or BV id); None if there never was one."""
        if platform == BILIBILI:
            found = self.bilibili(aid_of(video_id))
            return found[2] if found else None
        video = self.foreign(platform, video_id)
        fate = self.fates.of(platform, video_id, video.fate)
        return Seen(
            *(platform, video_id, fate, video.counters(self.now()), video.title, video.author),
            *(video.uid, video.published_at, video.url),
        )

    def ids(self, platform: str, domain: str) -> Iterator[str]:
        """Ids to choose from: the videos of a domain, or without end for another platform."""
        if platform != BILIBILI:
            yield from foreign_ids(self._seed, platform)
            return
        page = 1
        while (span := self.catalog.span(Question(VIDEO_SEARCH, domain, page))).start < span.stop:
            yield from (v.bvid for v, _ in self.catalog.videos(domain, span) if not v.is_course)
            page += 1

    def at_home(self, video: Video, owner: Creator) -> Seen:
        """A video of Bilibili at this moment."""
        fate = self.fates.of(BILIBILI, str(video.aid), drawn_fate(video))
        counters = grown(base_counters(video), video.bits, video.pubdate, self.now())
        url = f"https://www.bilibili.com/video/{video.bvid}"
        return Seen(
            *(BILIBILI, video.bvid, fate, counters, video.title, owner.name, str(owner.uid)),
            *(video.pubdate, url),
        )


def aid_of(text: str) -> int:
    """The number of a BV id or of digits; ValueError for anything else."""
    if text.isascii() and text.isdigit() and len(text) < 17:
        return int(text)
    return to_aid(text)


def drawn_fate(video: Video) -> Fate:
    """The fate that a video of Bilibili was born with; one in 400 each."""
    return Fate(_DRAWN.get(video.lot, VISIBLE), ("view",) if video.hides_play else ())


def base_counters(video: Video) -> dict[str, int]:
    """The counters of a video of Bilibili at its publication, which a search still shows."""
    return {
        "view": video.play,
        "danmaku": video.count(17, 9_000),
        "comment": video.count(23, 20_000),
        "like": video.count(13, 200_000),
        "coin": video.count(29, 80_000),
        "favorite": video.count(19, 50_000),
        "share": video.count(31, 10_000),
    }
