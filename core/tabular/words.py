"""Lists of single words, such as keywords: one a line, several a line, or a column of a table."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from core.errors import InvalidInputError
from core.messages import Message
from core.plain_text import decoded
from core.tabular.table import Table, header_word, parse_table, read_table
from core.tabular.workbook import is_workbook

BETWEEN = re.compile(r"[,，、;；|\t\r\n]")
WORD = "word"


@dataclass(frozen=True)
class WordList:
    """The words of a list, each once, in its order; `notes` are worth a word, as the encoding."""

    words: tuple[str, ...]
    notes: tuple[Message, ...] = ()


def read_words(content: bytes, name: str, headers: Collection[str]) -> WordList:
    """Return the words in a file's bytes: text in any encoding, or a workbook.

    A first line that has one of `headers` makes it a table, of which only that column counts. A
    first line without one is words already. Messages call the file `name`.

    Raises:
        InvalidInputError: it is empty, no text, or a workbook without such a header.
    """
    if is_workbook(content):
        return _of_table(read_table(content, name, {WORD: headers}), name)
    given = decoded(content, name)
    first = given.text.removeprefix("\ufeff").lstrip().partition("\n")[0]
    if any(header_word(part) in headers for part in BETWEEN.split(first)):
        return _of_table(parse_table(given, name, {WORD: headers}), name)
    notes = () if given.note is None else (given.note,)
    return _once(BETWEEN.split(given.text.removeprefix("\ufeff")), name, notes)


def _of_table(table: Table, name: str) -> WordList:
    if WORD not in table.columns:
        raise InvalidInputError("table_empty", file=name)
    return _once([row.cells.get(WORD, "") for row in table.rows], name, table.notes)


def _once(words: Collection[str], name: str, notes: tuple[Message, ...]) -> WordList:
    found = tuple(dict.fromkeys(word.strip() for word in words if word.strip()))
    if not found:
        raise InvalidInputError("table_empty", file=name)
    return WordList(found, notes)
