"""A creator's own pages in the platform's JSON."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.creators import Creator
from sandbox.messages import Json
from sandbox.videos import Video
from sandbox.world import Seen

Profile = Callable[[Creator, list[Video]], Json]


def uploads(
    owner: Creator, shown: list[tuple[Video, Seen]], page: int, size: int, total: int
) -> Json:
    """`data` of a page of uploads."""
    return {
        "list": {"tlist": None, "vlist": [_upload(owner, *each) for each in shown], "slist": []},
        "page": {"pn": page, "ps": size, "count": total},
        "episodic_button": {"text": "播放全部", "uri": ""},
        "is_risk": False,
        "gaia_res_type": 0,
        "gaia_data": None,
    }


def card(creator: Creator, videos: list[Video]) -> Json:
    """`data` of a creator's card; `mid` is a string here."""
    return {
        "card": {
            "mid": str(creator.uid),
            "name": creator.name,
            "sex": "保密",
            "face": f"https://i0.hdslb.com/bfs/face/{creator.bits:016x}.jpg",
            "sign": "",
            "fans": creator.fans,
            "friend": creator.bits % 500,
            "attention": creator.bits % 500,
            "level_info": {"current_level": creator.level},
            "Official": {"role": 0, "title": "", "desc": "", "type": -1},
        },
        "following": False,
        "archive_count": len(videos),
        "article_count": 0,
        "follower": creator.fans,
        "like_num": creator.bits >> 12 & 0xFFFFF,
    }


def followers(creator: Creator, _: list[Video]) -> Json:
    """`data` of a creator's relations."""
    return {
        "mid": creator.uid,
        "following": creator.bits % 500,
        "whisper": 0,
        "black": 0,
        "follower": creator.fans,
    }


def _upload(owner: Creator, video: Video, seen: Seen) -> Json:
    minutes, seconds = divmod(video.seconds, 60)
    return {
        "aid": video.aid,
        "bvid": video.bvid,
        "title": video.title,
        "description": "-",
        "play": "--" if "view" in seen.fate.hides else seen.counters["view"],
        "comment": seen.counters["comment"],
        "video_review": seen.counters["danmaku"],
        "created": video.pubdate,
        "length": f"{minutes:02d}:{seconds:02d}",
        "mid": owner.uid,
        "author": owner.name,
        "pic": f"http://i0.hdslb.com/bfs/archive/{video.bits:016x}.jpg",
        "typeid": 21 + video.count(11, 200),
        "copyright": "1",
        "is_union_video": 0,
        "hide_click": "view" in seen.fate.hides,
    }
