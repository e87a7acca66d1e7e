"""What the cells of a foreign file mean: names of columns, platforms, dates, yes and no."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from core.errors import InvalidInputError
from sources.links import ShortLink, VideoLink, normalize_bilibili_id, recognise
from works.catalogue.entries import WorkEntry, checked

NAMES: Mapping[str, tuple[str, ...]] = {
    "platform": ("platform", "平台", "所属平台"),
    "work_id": (
        "work_id",
        "video_id",
        "bvid",
        "bv",
        "aweme_id",
        "作品id",
        "视频id",
        "作品编号",
        "bv号",
    ),
    "link": (
        "link",
        "url",
        "video_url",
        "work_url",
        "share_url",
        "链接",
        "作品链接",
        "视频链接",
        "地址",
        "分享链接",
    ),
    "id": ("id",),  # often only a row's number in somebody's database: the last one to believe
    "title": ("title", "标题", "作品标题", "视频标题", "作品名称", "名称"),
    "author": ("author", "author_name", "nickname", "作者", "作者昵称", "up主", "达人", "昵称"),
    "uid": ("uid", "mid", "author_id", "作者id", "达人id", "用户id", "up主id"),
    "publish_time": (
        "publish_time",
        "published_at",
        "pubdate",
        "发布时间",
        "发布日期",
        "投稿时间",
        "发表时间",
    ),
    "cover_url": ("cover_url", "cover", "pic", "封面", "封面链接", "封面地址"),
    "is_valid": ("is_valid", "valid", "enabled", "有效", "是否有效", "状态"),
    "reason": ("reason", "invalid_reason", "原因", "失效原因"),
}
PLATFORMS: Mapping[str, tuple[str, ...]] = {
    "bilibili": ("bilibili", "bili", "b站", "哔哩哔哩", "哔哩"),
    "douyin": ("douyin", "抖音"),
    "youtube": ("youtube", "油管"),
    "tiktok": ("tiktok",),
}
YES = {"true", "1", "yes", "y", "是", "有效", "启用", "正常", "valid", "enabled"}
NO = {"false", "0", "no", "n", "否", "无效", "失效", "停用", "禁用", "invalid", "disabled"}
SECONDS = re.compile(r"[0-9]{9,10}")
LOCAL_TIME = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?"
    r"(?:[ T]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?)?"
)
SHOWN_CHARS = 60


def column_of(header: str) -> str | None:
    """Which of our columns a header of a foreign file means."""
    word = header.strip().lower().replace(" ", "_").replace("-", "_")
    for column, words in NAMES.items():
        if word in words:
            return column
    return None


def read_fields(
    cells: Mapping[str, Any], platform: str | None, zone: tzinfo
) -> tuple[VideoLink | ShortLink, WorkEntry]:
    """What a row with our column names tells; a short link's entry has no id yet.

    Args:
        platform: whose the bare ids are where the row does not say.
        zone: of times without an offset.

    Raises:
        InvalidInputError: the row is wrong; the message says why.
    """
    told = {name: _text(name, value) for name, value in cells.items()}
    named = told.get("platform")
    link = _link(told, _platform(named) if named else platform)
    entry = WorkEntry(
        platform=link.platform,
        work_id=link.video_id if isinstance(link, VideoLink) else "",
        title=told.get("title"),
        author=told.get("author"),
        uid=told.get("uid"),
        cover_url=told.get("cover_url"),
        reason=told.get("reason"),
        publish_time=_moment(told.get("publish_time"), zone),
        is_valid=_yes_or_no(told.get("is_valid")),
    )
    return link, checked(entry)


def read_link(text: str, platform: str | None) -> VideoLink | ShortLink:
    """As `recognise`, with a word of help where a `BV` was left out. Raises InvalidInputError."""
    try:
        return recognise(text, platform)
    except InvalidInputError as error:
        meant = normalize_bilibili_id(f"BV{text.strip()}")
        if meant is None or platform not in (None, "bilibili"):
            raise
        raise InvalidInputError(f"{text.strip()!r} is no id; did you mean {meant}?") from error


def _link(told: Mapping[str, str | None], platform: str | None) -> VideoLink | ShortLink:
    text = told.get("work_id") or told.get("link") or told.get("id")
    if not text:
        raise InvalidInputError("it has neither an id nor a link")
    return read_link(text, platform)


def _text(name: str, value: Any) -> str | None:
    """A cell as text; None for an empty one."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise InvalidInputError(f"its {name} is neither a text nor a number")
    return str(value).strip() or None


def _platform(word: str) -> str:
    for platform, words in PLATFORMS.items():
        if word.lower() in words:
            return platform
    raise InvalidInputError(
        f"unknown platform {word[:SHOWN_CHARS]!r}; known: {', '.join(PLATFORMS)}"
    )


def _yes_or_no(text: str | None) -> bool | None:
    if text is None:
        return None
    word = text.lower()
    if word not in YES | NO:
        raise InvalidInputError(f"is_valid is {text[:SHOWN_CHARS]!r}; write true or false")
    return word in YES


def _moment(text: str | None, zone: tzinfo) -> datetime | None:
    """ISO with an offset or without (then of that zone), a date alone, or Unix seconds."""
    if text is None:
        return None
    try:
        if SECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text), UTC)
        local = LOCAL_TIME.fullmatch(text)
        if local:
            return datetime(*(int(part or 0) for part in local.groups()), tzinfo=zone)  # type: ignore[arg-type, misc]
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=zone)
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(
            f"publish_time is {text[:SHOWN_CHARS]!r}; write it like 2026-11-22 13:05:00"
        ) from error
