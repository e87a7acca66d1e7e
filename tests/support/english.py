"""Sentences of messages and errors in English, as the terminal shows them."""

from __future__ import annotations

from core.messages import Message
from presentation.i18n.renderer import LOG_RENDERER


def english(value: Message | BaseException | str | None) -> str:
    """Return the sentence with its advice; a stored text is read as its column is."""
    if value is None:
        return ""
    return LOG_RENDERER.sentence(Message.load(value) if isinstance(value, str) else value)
