"""What people call the columns of export files, in English and Chinese."""

from __future__ import annotations

from crawler.creators import filters

ENGLISH = {
    "id": "ID",
    "uid": "Creator ID",
    "nickname": "Nickname",
    "platform": "Platform",
    "domain": "Domain",
    "followers": "Followers",
    "videos": "Videos",
    "likes": "Likes",
    "signature": "Signature",
    "source_page": "Source page",
    "ingested_at": "Ingested at (UTC)",
    "profile_url": "Profile",
    "raw_data": "Raw data",
}
CHINESE = {
    "id": "序号",
    "uid": "达人ID",
    "nickname": "昵称",
    "platform": "平台",
    "domain": "领域",
    "followers": "粉丝数",
    "videos": "作品数",
    "likes": "获赞数",
    "signature": "签名",
    "source_page": "来源页码",
    "ingested_at": "入库时间（UTC）",
    "profile_url": "主页链接",
    "raw_data": "原始数据",
}
UTC_NOTE = "（utc）"  # behind the header of a moment; nobody types it


def _by_name() -> dict[str, str]:
    """Return the column of each name, in small letters: of conditions, of headers, its own."""
    found = {name: field.value for name, field in filters.NAMES.items() if field in ENGLISH}
    for table in (ENGLISH, CHINESE):
        found |= {header.lower(): column for column, header in table.items()}
        found |= {header.lower().removesuffix(UTC_NOTE): one for one, header in table.items()}
    return found | {column: column for column in ENGLISH}


COLUMN_OF = _by_name()


def column_names(language: str) -> tuple[str, ...]:
    """Return a name for every column, in Chinese (`zh`) or else in English."""
    return tuple(CHINESE.values() if language == "zh" else ENGLISH)
