"""The language in which people are addressed, and the renderer of messages in it."""

from __future__ import annotations

from datetime import UTC, tzinfo

from presentation.i18n.chinese import CHINESE
from presentation.i18n.english import ENGLISH
from presentation.i18n.language import Language, language_named
from presentation.i18n.renderer import FrontEnd, Renderer
from presentation.i18n.texts import Texts


def texts_for(language: str) -> Texts:
    """Return the terminal's texts in a language: `zh`, `en`, or `auto` for that of the locale."""
    return CHINESE if language_named(language) is Language.CHINESE else ENGLISH


def renderer_for(
    language: str, zone: tzinfo = UTC, front_end: FrontEnd = FrontEnd.TERMINAL
) -> Renderer:
    """Return the renderer of messages in a language, named as in the settings: `zh`, `en`,
    `auto`."""
    return Renderer(language_named(language), zone, front_end)
