"""What is shown to whoever reads the terminal: messages, words and titles in their language."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from core.messages import Message
from presentation.i18n.language import SETTING, Language, language_of_environment
from presentation.i18n.renderer import ENGLISH_RENDERER, Renderer


def reader() -> Renderer:
    """Return the renderer for whoever reads the terminal; the settings may be unreadable."""
    return _reader(os.environ.get(SETTING), Path.cwd())


@cache  # a table asks for each cell, and `.env` would be read each time
def _reader(_setting: str | None, _folder: Path) -> Renderer:
    return Renderer(language_of_environment(), datetime.now().astimezone().tzinfo or UTC)


def is_chinese() -> bool:
    """Return whether the reader is addressed in Chinese."""
    return reader().language is Language.CHINESE


def text_of(message: Message) -> str:
    """Return a message's text in the reader's language."""
    return reader().text(message)


def in_english(message: Message) -> str:
    """Return a message's sentence as programs get it."""
    return ENGLISH_RENDERER.sentence(message)


def word(english: str) -> str:
    """Return a state, or another word of a listing, in the reader's language."""
    return text_of(Message(f"word_{english.replace(' ', '_')}"))


def column_titles(english: Sequence[str]) -> tuple[str, ...]:
    """Return the titles of a table's columns in the reader's language."""
    return tuple(text_of(Message(f"column_{title.replace(' ', '_')}")) for title in english)


def named_count(number: int, english: str) -> str:
    """Return a number of what is in a state: `2 delivered`."""
    return text_of(Message.of("named_count", count=number, name=word(english)))


def joined(parts: Sequence[str]) -> str:
    """Return texts one behind the other, as the reader's language separates sentences."""
    return text_of(Message.of("parts_listed", parts=parts))


def shown(text: str | Message | None) -> str:
    """Return a stored reason, error or result, or a message, in the reader's language."""
    if text is None:
        return ""
    return reader().sentence(Message.load(text) if isinstance(text, str) else text)
