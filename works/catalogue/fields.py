"""The meaning of cells in files of other programs: column names, platforms, dates, yes and no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial
from typing import Any, TypeVar

from core.errors import InvalidInputError
from core.messages import Message
from core.tabular.cells import moment
from core.tabular.table import header_word
from sources.links import (
    PLATFORM_WORDS,
    ShortLink,
    VideoLink,
    normalize_bilibili_id,
    platform_of_word,
    recognise,
)
from works.catalogue.entries import (
    CLEARED_VALUES,
    MAX_CHARS,
    MAX_REASON_CHARS,
    WorkEntry,
    checked_text,
    checked_time,
    validated,
)

T = TypeVar("T")

COLUMN_NAMES: Mapping[str, tuple[str, ...]] = {
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
    # Often only the row's number in somebody's database, so it is believed last.
    "id": ("id",),
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
YES = {"true", "1", "yes", "y", "是", "有效", "启用", "正常", "valid", "enabled"}
NO = {"false", "0", "no", "n", "否", "无效", "失效", "停用", "禁用", "invalid", "disabled"}
SHOWN_CHARS = 60


def column_of(header: str) -> str | None:
    """Return the column of ours for a header of another program's
    file; None for an unknown header."""
    word = header_word(header)
    for column, names in COLUMN_NAMES.items():
        if word in names:
            return column
    return None


@dataclass(frozen=True)
class WorkFields:
    """What a row says of one work.

    The entry of a short link has an empty id until the link is resolved. `lost` are the errors of
    optional cells, whose fields the row counts as not reporting.
    """

    link: VideoLink | ShortLink
    entry: WorkEntry
    lost: tuple[InvalidInputError, ...] = ()


def read_fields(
    cells: Mapping[str, Any], platform: str | None, zone: tzinfo, *, clears: bool = False
) -> WorkFields:
    """Return the link and the entry in a row.

    Args:
        cells: values by our column names; an absent or empty one leaves its field None.
        platform: the platform of bare ids where the row names none; None: such a row is wrong.
        zone: the time zone of times without an offset.
        clears: whether a cell that is there and empty clears its field, where that may be.

    Raises:
        InvalidInputError: the row names no video, or a platform that is not known.
    """
    optional = _OptionalCells(cells)
    named = _text("platform", cells.get("platform"))
    texts = {name: _text(name, cells.get(name)) for name in ("work_id", "link", "id")}
    link = _link(texts, _platform(named) if named else platform)
    fields: dict[str, Any] = {
        name: optional.read(name, partial(checked_text, name, max_chars=max_chars))
        for name, max_chars in MAX_CHARS.items()
    }
    reason = optional.read("reason", partial(checked_text, "reason", max_chars=MAX_REASON_CHARS))
    entry = WorkEntry(
        platform=link.platform,
        work_id=link.video_id if isinstance(link, VideoLink) else "",
        reason=Message.text(reason) if reason else None,
        publish_time=optional.read("publish_time", lambda text: checked_time(_moment(text, zone))),
        is_valid=optional.read("is_valid", _yes_or_no),
        cleared=_emptied(cells) if clears else frozenset(),
        **fields,
    )
    return WorkFields(link, validated(entry), tuple(optional.lost))


def concerned_platforms(cells: object) -> frozenset[str]:
    """Return the platforms that a row which cannot be understood may be about.

    That is the one which it names, none when that is no platform of ours, or else all of them.
    """
    named = cells.get("platform") if isinstance(cells, Mapping) else None
    if not isinstance(named, str) or not named.strip():
        return frozenset(PLATFORM_WORDS)
    try:
        return frozenset({_platform(named.strip())})
    except InvalidInputError:
        return frozenset()


def _emptied(cells: Mapping[str, Any]) -> frozenset[str]:
    """Return the fields whose cells are there and empty."""
    return frozenset(
        name
        for name in CLEARED_VALUES
        if name in cells and not str(cells[name] if cells[name] is not None else "").strip()
    )


class _OptionalCells:
    """The cells that a work can do without: a wrong one is lost, and its error kept in `lost`."""

    def __init__(self, cells: Mapping[str, Any]) -> None:
        self._cells = cells
        self.lost: list[InvalidInputError] = []

    def read(self, name: str, rule: Callable[[str], T | None]) -> T | None:
        """Return what the rule makes of a cell; None for an empty or a wrong one."""
        try:
            text = _text(name, self._cells.get(name))
            return None if text is None else rule(text)
        except InvalidInputError as error:
            self.lost.append(error)
            return None


def read_link(text: str, platform: str | None) -> VideoLink | ShortLink:
    """Return the video, or the unresolved short link, that a text names.

    Args:
        platform: the platform of a bare id, which may lack its `BV` on Bilibili; None when only
            links are accepted.

    Raises:
        InvalidInputError: the text names no video; it suggests an id where only `BV` is missing.
    """
    try:
        return recognise(text, platform)
    except InvalidInputError as error:
        suggestion = normalize_bilibili_id(f"BV{text.strip()}")
        if suggestion is None or platform is not None:
            raise
        raise InvalidInputError(
            "id_without_bv", text=text.strip(), suggestion=suggestion
        ) from error


def _link(texts: Mapping[str, str | None], platform: str | None) -> VideoLink | ShortLink:
    text = texts.get("work_id") or texts.get("link") or texts.get("id")
    if not text:
        raise InvalidInputError("work_unidentified")
    return read_link(text, platform)


def _text(name: str, value: Any) -> str | None:
    """Return a cell as text; None for an empty one. Raise InvalidInputError for a list or
    object."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise InvalidInputError("cell_not_text", name=name)
    return str(value).strip() or None


def _platform(word: str) -> str:
    """Return the platform of a name in English or Chinese. Raise
    InvalidInputError for an unknown one."""
    platform = platform_of_word(word)
    if platform is None:
        known = list(PLATFORM_WORDS)
        raise InvalidInputError("platform_unknown", name=word[:SHOWN_CHARS], known=known)
    return platform


def _yes_or_no(text: str) -> bool:
    """Return a word for yes or no as a bool. Raise InvalidInputError for another."""
    word = text.lower()
    if word not in YES | NO:
        raise InvalidInputError("is_valid_malformed", text=text[:SHOWN_CHARS])
    return word in YES


def _moment(text: str, zone: tzinfo) -> datetime:
    """Return the time in a text: ISO with an offset or without (then in
    `zone`), a date, Unix seconds."""
    try:
        return moment(text, zone)
    except (ValueError, OverflowError) as error:
        raise InvalidInputError("publish_time_malformed", text=text[:SHOWN_CHARS]) from error
