"""Videos of Douyin and TikTok in the platforms' own JSON, as TikHub passes it on."""

from __future__ import annotations

from sandbox.fates import GONE, HIDDEN, IN_REVIEW, NOT_YET_OUT, OWNER_ONLY, VISIBLE
from sandbox.foreign_videos import DOUYIN, TIKTOK
from sandbox.messages import Json
from sandbox.world import Seen

_REASONS = {GONE: 8, OWNER_ONLY: 5, HIDDEN: 10, IN_REVIEW: 10, NOT_YET_OUT: 10}
_NOTICES = {5: "作品权限或已被设置为私密", 8: "作品不存在或已被删除", 10: "作品仅部分人可见"}
_COUNTS = {
    "digg_count": "like",
    "comment_count": "comment",
    "share_count": "share",
    "collect_count": "favorite",
}
_FEW = {"digg_count": "like", "play_count": "view", "share_count": "share"}


def detail(seen: Seen) -> Json:
    """`data` of one video; one that cannot be seen is null, with the reason."""
    data: Json = {"status_code": 0, "log_pb": {"impr_id": "20260101000000"}}
    if seen.fate.state == VISIBLE:
        return {**data, "aweme_detail": aweme(seen)}
    blocked = filtered(seen)
    reason = {"filter_reason": str(blocked["reason"]), "detail_msg": blocked["filter_msg"]}
    told = {"aweme_id": seen.id, "icon": "", "notice": "", **reason}
    return {**data, "aweme_detail": None, "filter_list": [blocked], "filter_detail": told}


def details(all_seen: list[Seen]) -> Json:
    """`data` of many videos; those that cannot be seen are only in `filter_list`."""
    return {
        "status_code": 0,
        "aweme_details": [aweme(seen) for seen in all_seen if seen.fate.state == VISIBLE],
        "filter_list": [filtered(seen) for seen in all_seen if seen.fate.state != VISIBLE],
    }


def statistics_list(all_seen: list[Seen]) -> Json:
    """`data` of the play counts; videos that cannot be seen are left out."""
    return {
        "status_code": 0,
        "statistics_list": [
            {"aweme_id": seen.id, **_shown(seen, _FEW)}
            for seen in all_seen
            if seen.fate.state == VISIBLE
        ],
    }


def aweme(seen: Seen) -> Json:
    """One video. Douyin's `play_count` is 0 here, whatever the truth."""
    return {
        "aweme_id": seen.id,
        "desc": seen.title,
        "create_time": seen.published_at,
        "author": {"uid": seen.uid, "nickname": seen.author, "sec_uid": f"MS4w{seen.uid}"},
        "statistics": _statistics(seen),
        "share_url": seen.url,
        "status": {"is_delete": False, "private_status": 0},
    }


def filtered(seen: Seen) -> Json:
    """Why a video is not shown: 8 deleted, 5 private, 10 partly visible."""
    reason = _REASONS[seen.fate.state]
    return {"aweme_id": seen.id, "reason": reason, "filter_msg": _NOTICES[reason]}


def _statistics(seen: Seen) -> Json:
    counts = {"aweme_id": seen.id, **_shown(seen, _COUNTS)}
    if seen.platform == DOUYIN:
        return {**counts, "play_count": 0, "admire_count": 0, "recommend_count": 0}
    assert seen.platform == TIKTOK
    return {
        **counts,
        "play_count": seen.counters["view"],
        "download_count": seen.counters["share"] // 3,
        "forward_count": 0,
        "whatsapp_share_count": 0,
    }


def _shown(seen: Seen, names: dict[str, str]) -> dict[str, int]:
    return {
        name: seen.counters[ours] for name, ours in names.items() if ours not in seen.fate.hides
    }
