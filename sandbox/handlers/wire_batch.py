"""Videos as the batch endpoints show them."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.creators import Creator
from sandbox.messages import Json
from sandbox.videos import Video
from sandbox.world import Seen

Item = Callable[[Video, Creator, Seen], Json]

_NAMES = {
    "play": "view",
    "danmaku": "danmaku",
    "reply": "comment",
    "collect": "favorite",
    "coin": "coin",
    "share": "share",
    "thumb_up": "like",
}
_SHORT = ("collect", "play", "danmaku")
_DEAD_TITLE = "已失效视频"


def full_item(video: Video, owner: Creator, seen: Seen) -> Json:
    """An item with all seven counters; hidden ones are `--`."""
    return _item(video, owner, seen, tuple(_NAMES))


def short_item(video: Video, owner: Creator, seen: Seen) -> Json:
    """An item with three counters."""
    return _item(video, owner, seen, _SHORT)


def dead(item: Json) -> Json:
    """The same item when the video can no longer be opened: its zeros mean nothing."""
    counters = dict.fromkeys(item["cnt_info"], 0)
    return {**item, "attr": 1, "title": _DEAD_TITLE, "cnt_info": counters}


def _item(video: Video, owner: Creator, seen: Seen, names: tuple[str, ...]) -> Json:
    counters = {
        name: "--" if _NAMES[name] in seen.fate.hides else seen.counters[_NAMES[name]]
        for name in names
    }
    return {
        "id": video.aid,
        "type": 2,
        "title": video.title,
        "cover": f"http://i0.hdslb.com/bfs/archive/{video.bits:016x}.jpg",
        "intro": "-",
        "page": 1,
        "duration": video.seconds,
        "upper": {"mid": owner.uid, "name": owner.name, "face": ""},
        "attr": 0,
        "cnt_info": counters,
        "link": f"bilibili://video/{video.aid}",
        "ctime": video.pubdate,
        "pubtime": video.pubdate,
        "bv_id": video.bvid,
        "bvid": video.bvid,
    }
