"""Messages, words and titles in the language of the person at the terminal."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from core.installation.home import SETTING as HOME_SETTING
from core.messages import Message
from presentation.i18n.language import SETTING, Language, language_of_environment
from presentation.i18n.messages import texts_for
from presentation.i18n.renderer import LOG_RENDERER, Renderer
from presentation.i18n.texts import Texts


def reader() -> Renderer:
    """Return the renderer of messages for the terminal. It needs no readable settings."""
    return _reader(os.environ.get(SETTING), os.environ.get(HOME_SETTING), Path.cwd())


@cache  # a table asks for each cell, and `.env` would be read each time
def _reader(_setting: str | None, _home: str | None, _folder: Path) -> Renderer:
    return Renderer(language_of_environment(), datetime.now().astimezone().tzinfo or UTC)


def is_chinese() -> bool:
    """Return True when the reader is addressed in Chinese."""
    return reader().language is Language.CHINESE


def text_of(message: Message) -> str:
    """Return a message's text in the reader's language, without advice."""
    return reader().text(message)


def in_english(message: Message) -> str:
    """Return a message's sentence in English, as JSON for programs has it."""
    return LOG_RENDERER.sentence(message)


def counted(number: int, noun: str) -> Message:
    """Return a message like `1 file` or `2,000 files`; `noun` is the English singular."""
    return Message(f"count_{noun.replace(' ', '_')}s", {"n": number})


def word(english: str) -> str:
    """Return a word of a listing, such as `idle`, in the reader's language, by its English."""
    return text_of(Message(f"word_{english.replace(' ', '_')}"))


def column_titles(english: Sequence[str]) -> tuple[str, ...]:
    """Return the titles of a table's columns in the reader's language, by their English."""
    return tuple(text_of(Message(f"column_{title.replace(' ', '_')}")) for title in english)


def shown(text: str | Message | None) -> str:
    """Return a message, or one as a column holds it, as a sentence with advice; empty for None."""
    if text is None:
        return ""
    return reader().sentence(Message.load(text) if isinstance(text, str) else text)


def reader_texts() -> Texts:
    """Return the texts of screens and summaries in the reader's language."""
    return texts_for(reader().language)
