"""Messages, words and titles in the language of the person at the terminal."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.installation.home import SETTING as HOME_SETTING
from core.messages import Message
from presentation.i18n.language import (
    SETTING,
    ZONE_SETTING,
    Language,
    language_of_environment,
    zone_of_environment,
)
from presentation.i18n.renderer import ENGLISH_RENDERER, Renderer

if TYPE_CHECKING:
    from presentation.terminal.tables import Column, Table


def reader() -> Renderer:
    """Return the renderer of messages for the terminal. It needs no readable settings."""
    return _reader(
        os.environ.get(SETTING),
        os.environ.get(ZONE_SETTING),
        os.environ.get(HOME_SETTING),
        Path.cwd(),
    )


@cache  # a table asks for each cell, and `.env` would be read each time
def _reader(_setting: str | None, _zone: str | None, _home: str | None, _folder: Path) -> Renderer:
    return Renderer(language_of_environment(), zone_of_environment())


def is_chinese() -> bool:
    """Return True when the reader is addressed in Chinese."""
    return reader().language is Language.CHINESE


def text_of(message: Message) -> str:
    """Return a message's text in the reader's language, without advice (see `shown`)."""
    return reader().text(message)


def in_english(message: Message) -> str:
    """Return a message's sentence in English, with advice, as JSON for programs has it."""
    return ENGLISH_RENDERER.sentence(message)


def word(english: str) -> str:
    """Translate a word shown in listings, such as `idle`, from English to the reader's language.

    A word that is not in the catalogue comes out as its code, `word_…`: pass only known ones.
    """
    return text_of(Message(f"word_{english.replace(' ', '_')}"))


def column_titles(english: Sequence[str]) -> tuple[str, ...]:
    """Translate the titles of a table's columns from English to the reader's language.

    A title that is not in the catalogue comes out as its code, `column_…`: pass only known ones.
    """
    return tuple(text_of(Message(f"column_{title.replace(' ', '_')}")) for title in english)


def column_of(
    name: str,
    *,
    is_number: bool = False,
    is_long: bool = False,
    is_path: bool = False,
    is_optional: bool = False,
    min_cells: int | None = None,
) -> Column:
    """Return a column of that name, which is translated; the other values are those of `Column`."""
    from presentation.terminal.tables import Column

    [title] = column_titles((name,)) if name else [""]
    return Column(
        title,
        text_of(Message.of("column_label", title=title)),
        is_number=is_number,
        is_long=is_long,
        is_path=is_path,
        is_optional=is_optional,
        min_cells=min_cells,
    )


def table_of(columns: Sequence[str | Column]) -> Table:
    """Return an empty table; a column given by its name only has cells that stay whole."""
    from presentation.terminal.tables import Table

    return Table([column_of(one) if isinstance(one, str) else one for one in columns])


def named_count(number: int, english: str) -> str:
    """Return a number with the state that so many things are in: `2 delivered`.

    `english` is the state as `word` takes it.
    """
    return text_of(Message.of("named_count", count=number, name=word(english)))


def joined(parts: Sequence[str]) -> str:
    """Return texts one behind the other, as the reader's language separates sentences."""
    return text_of(Message.of("parts_listed", parts=parts))


def shown(text: str | Message | None) -> str:
    """Return a message as a sentence with advice, in the reader's language; empty for None.

    A `str` is a message as a column holds it.
    """
    if text is None:
        return ""
    return reader().sentence(Message.load(text) if isinstance(text, str) else text)
