"""Creators and videos in the platform's JSON: field names, types and their oddities."""

from __future__ import annotations

import html

from sandbox.catalog import Question, Span
from sandbox.creators import Creator
from sandbox.messages import Json
from sandbox.videos import Video
from sandbox.world import Seen

_NOT_VERIFIED = {"type": 127, "desc": ""}


def search_data(question: Question, span: Span, page_size: int, result: list[Json]) -> Json:
    """`data` of a search; a page without hits has no `result` at all."""
    data: Json = {
        "seid": "4711471147114711471",
        "page": question.page,
        "pagesize": page_size,
        "numResults": span.num_results,
        "numPages": span.num_pages,
        "suggest_keyword": "",
        "rqt_type": "search",
        "exp_list": {},
        "egg_hit": 0,
    }
    return {**data, "result": result} if result else data


def _signature(creator: Creator) -> str:
    """What a creator writes of himself: a third nothing, and a fifth of the others a contact."""
    bits = creator.bits
    if bits % 3 == 0:
        return ""
    ways = (
        f"商务合作：up{creator.index}@example.com",
        f"合作V: up_{creator.index:06}",
        f"商务微信up{creator.index}，勿加QQ",
        f"合作电话 020-8{creator.index % 10_000_000:07}",
    )
    way = (bits >> 5) % (5 * len(ways))
    return ways[way] if way < len(ways) else f"合作请私信, 第{creator.index}号"


def creator_hit(creator: Creator, videos: list[Video]) -> Json:
    """One hit of a creator search, with up to three of the creator's newest videos."""
    bits = creator.bits
    is_verified = bits % 10 == 0
    return {
        "type": "bili_user",
        "mid": creator.uid,
        "uname": creator.name,
        "usign": _signature(creator),
        "fans": creator.fans,
        "videos": len(videos) + (bits >> 30) % 300,
        "upic": _picture("face", bits),
        "face_nft": 0,
        "verify_info": "知名UP主" if is_verified else "",
        "level": creator.level,
        "gender": 1 + (bits >> 9) % 3,
        "is_upuser": 1,
        "is_live": int(bits % 50 == 1),
        "room_id": (bits >> 24) % 10_000_000 if bits % 4 == 1 else 0,
        "official_verify": {"type": 0, "desc": "知名UP主"} if is_verified else _NOT_VERIFIED,
        "hit_columns": ["uname"],
        "is_senior_member": 0,
        "res": [_newest(video) for video in videos[:3]],
    }


def video_hit(video: Video, author: Creator) -> Json:
    """One hit of a video search; a course is a `ketang` with neither BV id nor date."""
    return {
        "type": "ketang" if video.is_course else "video",
        "id": video.aid,
        "author": author.name,
        "mid": author.uid,
        "typeid": str(21 + video.count(11, 200)),
        "typename": "日常",
        "arcurl": f"http://www.bilibili.com/video/av{video.aid}",
        "aid": video.aid,
        "bvid": video.bvid,
        "title": _highlighted(video),
        "description": "-",
        "pic": _picture("archive", video.bits),
        "play": video.play,
        "video_review": video.count(17, 9_000),
        "favorites": video.count(19, 50_000),
        "tag": f"{video.domain},日常",
        "review": video.count(23, 20_000),
        "pubdate": video.pubdate,
        "senddate": video.pubdate,
        "duration": _duration(video),
        "like": video.count(13, 200_000),
        "upic": f"https:{_picture('face', author.bits)}",
    }


def video_view(video: Video, owner: Creator, seen: Seen) -> Json:
    """`data` of one video's own page, with its statistics of now."""
    return {
        "bvid": video.bvid,
        "aid": video.aid,
        "videos": 1,
        "tid": 21 + video.count(11, 200),
        "tname": "日常",
        "copyright": 1,
        "pic": f"http:{_picture('archive', video.bits)}",
        "title": video.title,
        "pubdate": video.pubdate,
        "ctime": video.pubdate,
        "desc": "-",
        "state": 0,
        "duration": video.seconds,
        "owner": {
            "mid": owner.uid,
            "name": owner.name,
            "face": f"https:{_picture('face', owner.bits)}",
        },
        "stat": _stat(video, seen),
        "cid": video.aid + 7,
        "pages": [{"cid": video.aid + 7, "page": 1, "part": "", "duration": video.seconds}],
    }


def _stat(video: Video, seen: Seen) -> Json:
    counters = seen.counters
    return {
        "aid": video.aid,
        "view": "--" if "view" in seen.fate.hides else counters["view"],
        "danmaku": counters["danmaku"],
        "reply": counters["comment"],
        "favorite": counters["favorite"],
        "coin": counters["coin"],
        "share": counters["share"],
        "now_rank": 0,
        "his_rank": 0,
        "like": counters["like"],
        "dislike": 0,
        "evaluation": "",
        "vt": 0,
    }


def _newest(video: Video) -> Json:
    return {
        "aid": video.aid,
        "bvid": video.bvid,
        "title": video.title,
        "pubdate": video.pubdate,
        "arcurl": f"http://www.bilibili.com/video/av{video.aid}",
        "pic": _picture("archive", video.bits),
        "play": str(video.play),
        "dm": video.count(17, 9_000),
        "coin": video.count(29, 80_000),
        "fav": video.count(19, 50_000),
        "desc": "-",
        "duration": _duration(video),
        "is_pay": 0,
    }


def _highlighted(video: Video) -> str:
    title = html.escape(video.title).replace("&#x27;", "&#39;")
    return title.replace(video.domain, f'<em class="keyword">{video.domain}</em>', 1)


def _duration(video: Video) -> str:
    minutes, seconds = divmod(video.seconds, 60)
    return f"{minutes}:{seconds}"


def _picture(kind: str, bits: int) -> str:
    return f"//i0.hdslb.com/bfs/{kind}/{bits:016x}.jpg"
