"""Parsing of a good response into a page: every field is checked, and a bad entry is left out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import DamagedAnswerError, Evidence, InvalidEntryError, RetryableError
from core.messages import Message
from sources.base import Creator, CreatorPage, RejectedEntry
from sources.declared.cursors import Cursor
from sources.declared.declaration import Columns, Declaration
from sources.declared.expressions import Expression

NUMBER_UID = re.compile(r"[1-9][0-9]{0,19}")
# As long as the column, without blanks, and without U+FFFD, which marks damaged text.
TEXT_UID = re.compile(r"[!-~\u00a1-\ufffc]{1,255}")  # what the column holds
COUNT = re.compile(r"[0-9]{1,12}")
EXCERPT_CHARS = 500
EVIDENCE_CHARS = 4000
MAX_PAGES = 100_000  # more is no search result but a mistake
# Keeps computed columns apart from the platform's own keys.
COLUMN_PREFIX = "baton_"


@dataclass(frozen=True)
class PageQuery:
    """The query that a page answers; `request` names it in errors, `redact` removes secrets."""

    page: int
    cursor: Cursor | None
    request: str
    redact: Callable[[str], str]


@dataclass(frozen=True)
class ReadPage:
    """A page, the cursor of the next one, and the columns that matched nothing on this page.

    `next_cursor` is None when there is no next page or pages have no cursors.
    """

    page: CreatorPage
    next_cursor: Cursor | None
    unmatched: tuple[str, ...]


class PageReader:
    """Parses good responses of one declared platform into pages."""

    def __init__(self, declaration: Declaration) -> None:
        self._paging = declaration.paging
        self._where = declaration.creators
        self._columns = column_expressions(declaration.columns)

    def read(self, body: Any, query: PageQuery) -> ReadPage:
        """Return the page in a response; an empty one when `query.page` lies behind the last.

        Single entries that cannot be parsed are listed in `rejected`.

        Raises:
            RetryableError: the response is no page, not as the file says, or no entry of it can be
                parsed (`damaged` is set).
        """
        try:
            return self._read(body, query)
        except DamagedAnswerError as error:
            shown = query.redact(json.dumps(body, ensure_ascii=False))[:EVIDENCE_CHARS]
            evidence = Evidence(query.request, 200, body=shown)
            message = error.message.with_texts(query.redact)
            raise RetryableError(message, evidence, damaged=True) from None

    def _read(self, body: Any, query: PageQuery) -> ReadPage:
        declared = self._declared_total(body)
        entries = self._entries(body, query, declared)
        next_cursor = self._next_cursor(body, query, len(entries))
        total = self._total(body, query, declared, len(entries), next_cursor)
        # Some platforms repeat their last page for every page behind it.
        if query.page > total:
            return ReadPage(CreatorPage(query.page, total, ()), None, ())
        self._check_length(query.page, total, len(entries))
        creators, rejected = self._split(entries, query.redact)
        if entries and len(rejected) == len(entries):
            raise DamagedAnswerError("no_entry_understood", cause=rejected[0].reason)
        unmatched = self._unmatched(creators) if creators else ()
        page = CreatorPage(page=query.page, total_pages=total, creators=creators, rejected=rejected)
        return ReadPage(page, next_cursor, unmatched)

    def _declared_total(self, body: Any) -> int | None:
        """Return the number of pages that the response states; None when the file declares none."""
        paging = self._paging
        if paging.total_pages is not None:
            total = _count("paging.total_pages", paging.total_pages, body)
        elif paging.total_count is not None and paging.page_size is not None:
            count = _count("paging.total_count", paging.total_count, body)
            total = -(-count // paging.page_size)
        else:
            return None
        if total > MAX_PAGES and paging.max_pages is None:
            raise DamagedAnswerError("pages_implausible", pages=total)
        return total

    def _entries(self, body: Any, query: PageQuery, declared: int | None) -> list[Any]:
        entries = self._where.list.find(body)
        if isinstance(entries, list):
            return entries
        if entries is not None:
            raise DamagedAnswerError("entries_not_list", path=self._where.list.text)
        if declared is not None and query.page > declared:
            return []
        raise DamagedAnswerError("entries_missing", path=self._where.list.text)

    def _next_cursor(self, body: Any, query: PageQuery, count: int) -> Cursor | None:
        paging = self._paging
        if paging.kind != "cursor" or paging.next_cursor is None:
            return None
        if paging.more is not None and not paging.more.holds(body):
            return None
        found = paging.next_cursor.find(body)
        if found in (None, "", False) or (count == 0 and paging.more is None):
            return None
        if isinstance(found, bool) or not isinstance(found, str | int):
            raise DamagedAnswerError(
                "cursor_malformed", path=paging.next_cursor.text, found=type(found).__name__
            )
        if found == query.cursor:
            raise DamagedAnswerError("cursor_repeated")
        return found

    def _total(
        self,
        body: Any,
        query: PageQuery,
        declared: int | None,
        count: int,
        next_cursor: Cursor | None,
    ) -> int:
        page, paging = query.page, self._paging
        if paging.kind == "cursor":
            here = page if count or next_cursor is not None else page - 1
            total = max(declared or 0, page + 1) if next_cursor is not None else here
        elif declared is not None:
            total = declared
        else:
            total = self._total_by_what_follows(body, page, count)
        max_pages = min(paging.max_pages or MAX_PAGES, MAX_PAGES)
        return min(total, max_pages)

    def _total_by_what_follows(self, body: Any, page: int, count: int) -> int:
        more = self._paging.more
        has_more = more.holds(body) if more else count >= (self._paging.page_size or 1)
        if count == 0 and not has_more:
            return page - 1
        return page + 1 if has_more else page

    def _check_length(self, page: int, total: int, count: int) -> None:
        """Raise DamagedAnswerError for a page that is empty or not as long as declared.

        Such a page would leave creators out unnoticed.
        """
        size = self._paging.page_size
        if self._paging.short_pages:
            return
        if count == 0:
            raise DamagedAnswerError("page_without_entries", page=page, total=total)
        if size is not None and (count > size or (page < total and count != size)):
            raise DamagedAnswerError(
                "page_length_wrong", page=page, total=total, count=count, size=size
            )

    def _split(
        self, entries: list[Any], redact: Callable[[str], str]
    ) -> tuple[tuple[Creator, ...], tuple[RejectedEntry, ...]]:
        creators: dict[str, Creator] = {}
        rejected = []
        for position, entry in enumerate(entries):
            try:
                creator = self._creator(entry)
            except InvalidEntryError as error:
                excerpt = redact(json.dumps(entry, ensure_ascii=False))[:EXCERPT_CHARS]
                rejected.append(RejectedEntry(position, error.message.with_texts(redact), excerpt))
            else:
                creators[creator.uid] = creator
        return tuple(creators.values()), tuple(rejected)

    def _creator(self, entry: Any) -> Creator:
        if not isinstance(entry, dict):
            raise InvalidEntryError("entry_not_object", found=type(entry).__name__)
        uid = _uid(self._where.uid, entry)
        nickname = self._where.nickname.find(entry)
        if not isinstance(nickname, str):
            raise InvalidEntryError(
                _mismatch("creators.nickname", self._where.nickname, "path_not_text", nickname)
            )
        return Creator(uid, nickname, self._raw(entry))

    def _raw(self, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the platform's own entry, with the columns that are no plain key of it added."""
        computed = {
            raw_field(name, expression): expression.find(entry)
            for name, expression in self._columns.items()
            if expression is not None and not expression.is_plain_key
        }
        return {**entry, **computed} if computed else entry

    def _unmatched(self, creators: tuple[Creator, ...]) -> tuple[str, ...]:
        return tuple(
            f"columns.{name} (`{expression.text}`)"
            for name, expression in self._columns.items()
            if expression is not None
            and all(creator.raw.get(raw_field(name, expression)) is None for creator in creators)
        )


def column_expressions(columns: Columns) -> dict[str, Expression | None]:
    """Return the expression of each common export column; None where the file declares none."""
    return {name: getattr(columns, name) for name in Columns.model_fields}


def raw_field(column: str, expression: Expression | None) -> str:
    """Return the key in a creator's raw data that holds the value of an export column.

    It is the platform's own key where `expression` is one; otherwise, and for None, a key of
    Baton's, under which the value is stored.
    """
    if expression is not None and expression.is_plain_key:
        return expression.plain_key
    return f"{COLUMN_PREFIX}{column}"


def _count(key: str, expression: Expression, body: Any) -> int:
    found = expression.find(body)
    if isinstance(found, str) and COUNT.fullmatch(found):
        return int(found)
    if isinstance(found, bool) or not isinstance(found, int):
        raise DamagedAnswerError(_mismatch(key, expression, "path_not_number", found))
    if found < 0:
        raise DamagedAnswerError("path_value_negative", key=key, path=expression.text, value=found)
    return found


def _uid(expression: Expression, entry: Mapping[str, Any]) -> str:
    found = expression.find(entry)
    if isinstance(found, int) and not isinstance(found, bool) and NUMBER_UID.fullmatch(str(found)):
        return str(found)
    if isinstance(found, str) and TEXT_UID.fullmatch(found) and not re.search(r"\s", found):
        return found
    raise InvalidEntryError(_mismatch("creators.uid", expression, "path_not_id", found))


def _mismatch(key: str, expression: Expression, code: str, found: Any) -> Message:
    """Return why a value is not what it should be; `code` is for a value of another type."""
    if found is None:
        return Message.of("path_matches_nothing", key=key, path=expression.text)
    return Message.of(code, key=key, path=expression.text, found=type(found).__name__)
