"""The headers of columns in files, in the languages that people read."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from core.errors import InvalidInputError
from crawler.export.columns import ChosenColumns


class Headers(StrEnum):
    """The language of a file's headers; RAW: the names of the columns."""

    RAW = "raw"
    ENGLISH = "en"
    CHINESE = "zh"


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
TABLES = {Headers.RAW: {}, Headers.ENGLISH: ENGLISH, Headers.CHINESE: CHINESE}


def headers_named(name: str) -> Headers:
    """Return the headers of that name. Raise InvalidInputError when there are none."""
    try:
        return Headers(name.strip().lower())
    except ValueError as error:
        known = [one.value for one in Headers]
        raise InvalidInputError("headers_unknown", name=name, known=known) from error


def headers_of(chosen: ChosenColumns, language: Headers) -> tuple[str, ...]:
    """Return the header of each column: the one that was given, or the usual one.

    Raises:
        InvalidInputError: two columns would have the same header.
    """
    usual = TABLES[language]
    found = tuple(
        given or usual.get(name, name)
        for name, given in zip(chosen.names, chosen.headers, strict=True)
    )
    return _require_distinct(found)


def _require_distinct(headers: Sequence[str]) -> tuple[str, ...]:
    repeated = next((header for header in headers if headers.count(header) > 1), None)
    if repeated is not None:
        raise InvalidInputError("export_header_repeated", header=repeated)
    return tuple(headers)
