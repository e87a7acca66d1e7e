"""Parsing of Bilibili's search results: every field is checked, a bad entry spoils no page.

The texts are storable already: the client has replaced what no database stores.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import EmptyPageError, Evidence, InvalidEntryError, RetryableError
from core.messages import Message
from sources.base import Creator, CreatorPage, RejectedEntry
from sources.bilibili.response_rules import SEARCH
from sources.text import is_deeper

PATH = SEARCH
UID = re.compile(r"[1-9][0-9]{0,19}")
TAG = re.compile(r"<[^>]*>")
EXCERPT_CHARS = 500
EVIDENCE_CHARS = 4000
MAX_LEVELS = 30  # of an entry; MariaDB takes no deeper JSON
MAX_PAGES = 100_000  # more is no search result but a mistake


@dataclass(frozen=True)
class PageQuery:
    """The query that a page answers; `request` names it in errors, `redact` removes secrets."""

    page: int
    request: str
    redact: Callable[[str], str]


def read_users(data: Any, query: PageQuery) -> CreatorPage:
    """Return the creators on a page of `search_type=bili_user`.

    Raises:
        RetryableError: the answer cannot be parsed (`damaged` is set).
        EmptyPageError: the page is one of those that the answer counts, and has no result.
    """
    return _read(data, query, _creator_of_user, complete=True)


def read_authors(data: Any, query: PageQuery) -> CreatorPage:
    """Return the authors on a page of `search_type=video`, each once.

    Raises:
        RetryableError: the answer cannot be parsed (`damaged` is set).
    """
    return _read(data, query, _creator_of_video, complete=False)


def _read(
    data: Any, query: PageQuery, creator_of: Callable[[Any], Creator | None], *, complete: bool
) -> CreatorPage:
    def evidence() -> Evidence:
        shown = query.redact(json.dumps(data, ensure_ascii=False))[:EVIDENCE_CHARS]
        return Evidence(request=query.request, http_status=200, code=0, body=shown)

    def damaged(code: str, /, **params: Any) -> RetryableError:
        message = Message(code, params).with_texts(query.redact)
        return RetryableError(message, evidence(), damaged=True)

    page = query.page
    total_pages = data.get("numPages") if isinstance(data, dict) else None
    if not isinstance(total_pages, int) or isinstance(total_pages, bool):
        raise damaged("answer_lacks_field", name="numPages")
    if not 0 <= total_pages <= MAX_PAGES:
        raise damaged("pages_implausible", pages=total_pages)
    entries = data.get("result")
    if entries is None or entries == []:
        if page <= total_pages:
            raise EmptyPageError("page_without_result", evidence(), page=page, total=total_pages)
        return CreatorPage(page, total_pages, (), complete=complete)
    if not isinstance(entries, list):
        raise damaged("search_result_not_list")
    creators, rejected = _split(entries, creator_of, query.redact)
    if len(rejected) == len(entries):
        raise damaged("no_entry_understood", cause=rejected[0].reason)
    return CreatorPage(
        page=page, total_pages=total_pages, creators=creators, rejected=rejected, complete=complete
    )


def _split(
    entries: list[Any], creator_of: Callable[[Any], Creator | None], redact: Callable[[str], str]
) -> tuple[tuple[Creator, ...], tuple[RejectedEntry, ...]]:
    creators: dict[str, Creator] = {}
    rejected = []
    # One walk through all entries: each of them alone would take as long as all together.
    may_be_too_deep = is_deeper(entries, MAX_LEVELS)
    for position, entry in enumerate(entries):
        try:
            if may_be_too_deep and is_deeper(entry, MAX_LEVELS):
                raise InvalidEntryError("entry_too_deep")
            creator = creator_of(entry)
        except InvalidEntryError as error:
            excerpt = redact(json.dumps(entry, ensure_ascii=False))[:EXCERPT_CHARS]
            rejected.append(RejectedEntry(position, error.message.with_texts(redact), excerpt))
            continue
        if creator is not None:
            creators[creator.uid] = creator
    return tuple(creators.values()), tuple(rejected)


def _creator_of_user(entry: Any) -> Creator:
    fields = _object(entry)
    return Creator(_uid(fields), _text(fields, "uname"), fields)


def _creator_of_video(entry: Any) -> Creator | None:
    fields = _object(entry)
    if fields.get("type") != "video":
        return None  # courses and the like stand between the videos
    author = _text(fields, "author")
    raw = {
        "mid": fields.get("mid"),
        "uname": author,
        "video": {
            "bvid": fields.get("bvid"),
            "title": _title(fields),
            "pubdate": fields.get("pubdate"),
        },
    }
    return Creator(_uid(fields), author, raw)


def _title(fields: Mapping[str, Any]) -> str:
    try:
        return html.unescape(TAG.sub("", _text(fields, "title")))
    except ValueError:
        raise InvalidEntryError("entry_number_too_long", name="title") from None


def _object(entry: Any) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise InvalidEntryError("entry_not_object", found=type(entry).__name__)
    return entry


def _uid(fields: Mapping[str, Any]) -> str:
    mid = fields.get("mid")
    if isinstance(mid, bool) or not isinstance(mid, int | str) or not UID.fullmatch(str(mid)):
        raise InvalidEntryError("entry_field_not_id", name="mid", found=type(mid).__name__)
    return str(mid)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise InvalidEntryError("entry_field_not_text", name=name, found=type(value).__name__)
    return value
