"""The columns of export files: their names, and how their values are read from a stored row."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

import msgspec

from core.errors import InvalidInputError
from crawler.creators import filters
from crawler.creators.profiles import address_of
from storage.engines.transactions import Row

DEFAULT_COLUMNS = (
    "id",
    "uid",
    "nickname",
    "platform",
    "domain",
    "followers",
    "videos",
    "signature",
    "source_page",
    "ingested_at",
)
STORED = ("id", "uid", "nickname", "platform", "domain", "source_page")
RAW = "raw_data"
PROFILE_URL = "profile_url"
KNOWN_COLUMNS = (*DEFAULT_COLUMNS, "likes", PROFILE_URL, RAW)
MAX_HEADER = 255
# What people call the columns.
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
Picker = Callable[[Row, Mapping[str, Any]], object]
NOTHING: Mapping[str, Any] = {}
# Raw data that msgspec refuses: json reads more than JSON.
UNREADABLE = (msgspec.MsgspecError, UnicodeEncodeError)


@dataclass(frozen=True)
class ChosenColumns:
    """The columns of a file and their headers, in order; a header of None is a usual one."""

    names: tuple[str, ...]
    headers: tuple[str | None, ...]


def parse_columns(text: str | None) -> ChosenColumns:
    """Return the columns in a text like `a,b=HEADER,c`; the default columns for None.

    Besides KNOWN_COLUMNS, `raw_data.KEY[.KEY]` are columns. Names are also those of headers and of
    conditions, such as `粉丝数`, in any case; between names a Chinese comma separates too.

    Raises:
        InvalidInputError: there is no name (an empty text), an unknown one, or one twice.
    """
    if text is None:
        return ChosenColumns(DEFAULT_COLUMNS, (None,) * len(DEFAULT_COLUMNS))
    parts = [part.partition("=") for part in _separated(text)]
    names = tuple(_column_named(name.strip()) for name, _, _ in parts)
    if not names or len(set(names)) != len(names):
        raise InvalidInputError("columns_repeated")
    return ChosenColumns(names, tuple(_header(header) for _, _, header in parts))


def _separated(text: str) -> list[str]:
    """Return the parts of a list of columns; a Chinese comma within a header belongs to it."""
    parts: list[str] = []
    for part in text.split(","):
        names, sign, header = part.partition("=")
        *before, last = names.split("，")
        parts += [*before, f"{last}{sign}{header}"]
    return [part.strip() for part in parts if part.strip()]


def _column_named(name: str) -> str:
    if name.startswith(f"{RAW}.") and len(name) > len(RAW) + 1:
        return name
    column = COLUMN_OF.get(name.lower())
    if column is None:
        known = [*KNOWN_COLUMNS, f"{RAW}.KEY[.KEY]"]
        raise InvalidInputError("column_unknown", name=name, known=known)
    return column


def _header(text: str) -> str | None:
    header = text.strip()
    if len(header) > MAX_HEADER or any(ord(letter) < 32 for letter in header):
        raise InvalidInputError("header_malformed", most=MAX_HEADER)
    return header or None


class RowReader:
    """Turns a stored row into the values of its columns.

    Args:
        raw_fields: for each common column, the key of its value in the platform's raw data.
        columns: names that `parse_columns` returned, in the order of the values.
        profile_url: the address of a profile of the platform with `{uid}` in it; None: none.
    """

    # Exports spend most of their time here: stored columns, common raw fields and special columns
    # are read by calls that run in C, and then put into the order of `columns`.

    def __init__(
        self,
        *,
        raw_fields: Mapping[str, str],
        columns: Sequence[str],
        profile_url: str | None = None,
    ) -> None:
        stored = [name for name in columns if name in STORED]
        common = [name for name in columns if name in raw_fields and name not in STORED]
        special = [name for name in columns if name not in STORED and name not in raw_fields]
        self.columns = tuple(columns)
        self._stored = itemgetter("id", "id", *stored)  # two more, so that it is always a tuple
        self._keys = tuple(dict.fromkeys(raw_fields[name] for name in common))
        self._special = [_picker(name, profile_url) for name in special]
        found = ["", "", *stored, *((RAW, key) for key in self._keys), *special]
        wanted = [(RAW, raw_fields[name]) if name in common else name for name in columns]
        self._order = itemgetter(*map(found.index, wanted), 0)
        self._needs_all = any(name.startswith(RAW) for name in special)
        self._read_fields = _fields_reader(self._keys)

    def values(self, row: Row) -> tuple[object, ...]:
        """Return the values of the columns, in their order; None where the row has none."""
        raw = NOTHING
        fields: tuple[object, ...] = ()
        if self._needs_all:
            raw = _read_all(row[RAW])
            fields = tuple(map(raw.get, self._keys))
        elif self._keys:
            fields = self._read_fields(row[RAW])
        special = [pick(row, raw) for pick in self._special]
        values: tuple[object, ...] = self._order((*self._stored(row), *fields, *special))[:-1]
        return values


def _read_all(text: str) -> Mapping[str, Any]:
    raw: Mapping[str, Any]
    try:
        raw = msgspec.json.decode(text)
    except UNREADABLE:
        raw = json.loads(text)
    return raw


@lru_cache(maxsize=64)
def _fields_reader(keys: tuple[str, ...]) -> Callable[[str], tuple[object, ...]]:
    """Return what reads the values of these keys from raw data, and builds nothing else of it."""
    names = {f"field_{n}": key for n, key in enumerate(keys)}
    fields = [(name, Any, None) for name in names]
    decode = msgspec.json.Decoder(msgspec.defstruct("Fields", fields, rename=names)).decode

    def read(text: str) -> tuple[object, ...]:
        try:
            return msgspec.structs.astuple(decode(text))
        except UNREADABLE:
            return tuple(map(json.loads(text).get, keys))

    return read


def _picker(name: str, profile_url: str | None) -> Picker:
    if name == "ingested_at":
        return lambda row, raw: row["ingested_at"].replace(" ", "T") + "Z"
    if name == PROFILE_URL:
        return lambda row, raw: address_of(profile_url, row["uid"])
    if name == "likes":  # a platform that tells none has no such key
        return lambda row, raw: None
    if name == RAW:
        return lambda row, raw: raw
    path = name.split(".")[1:]
    return lambda row, raw: _dig(raw, path)


def _dig(value: object, path: Sequence[str]) -> object:
    # The raw data is what a platform sent: any step of the path may be missing or of another type.
    for key in path:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def column_names(language: str) -> tuple[str, ...]:
    """Return a name for every column, in Chinese (`zh`) or else in English."""
    return tuple(CHINESE.values() if language == "zh" else ENGLISH)


def _by_name() -> dict[str, str]:
    """Return the column of each name, in small letters: of conditions, of headers, its own."""
    found = {name: field.value for name, field in filters.NAMES.items() if field in ENGLISH}
    for table in (ENGLISH, CHINESE):
        found |= {header.lower(): column for column, header in table.items()}
        found |= {header.lower().removesuffix(UTC_NOTE): one for one, header in table.items()}
    return found | {column: column for column in ENGLISH}


COLUMN_OF = _by_name()
