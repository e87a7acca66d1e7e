"""The command line's help in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from presentation.i18n.language import Language, language_of_environment

PARAGRAPH = "\n\n"


def translate_help(command: Any) -> Any:
    """Translate the help of a command, or of a group with all below it, in place; return it.

    A text without a translation stays English.
    """
    if language_of_environment() is Language.ENGLISH:
        return command
    from presentation.i18n.catalogue.zh.by_english.help import HELP

    _translate(command, HELP)
    return command


def translated(text: str) -> str:
    """Return a line of help in the reader's language; one without a translation stays English."""
    if language_of_environment() is Language.ENGLISH:
        return text
    from presentation.i18n.catalogue.zh.by_english.help import HELP

    return HELP.get(text, text)


def in_chinese_frame(text: str) -> str:
    """Return a help text with the library's own titles and placeholders replaced by Chinese
    ones."""
    from presentation.i18n.catalogue.zh.by_english.help import FRAME

    for english, chinese in FRAME.items():
        text = text.replace(english, chinese)
    return text


def _translate(command: Any, texts: Mapping[str, str]) -> None:
    command.help = _by_paragraph(command.help, texts)
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = _by_paragraph(parameter.help, texts)
    english_help = command.get_help
    command.get_help = lambda ctx: in_chinese_frame(english_help(ctx))
    below = getattr(command, "commands", None)
    if isinstance(below, dict):
        for child in below.values():
            _translate(child, texts)


def _by_paragraph(text: str | None, texts: Mapping[str, str]) -> str | None:
    """Return a help text with each of its paragraphs translated."""
    if text is None:
        return None
    return PARAGRAPH.join(texts.get(part, part) for part in text.split(PARAGRAPH))
