"""The language in which people are addressed, and who renders messages in it."""

from __future__ import annotations

import locale
import os
from datetime import UTC, tzinfo

from presentation.i18n.chinese import CHINESE
from presentation.i18n.english import ENGLISH
from presentation.i18n.renderer import FrontEnd, Language, Renderer
from presentation.i18n.texts import Texts


def language_named(setting: str) -> Language:
    """Return the language of a setting: `zh`, `en`, or `auto` for that of the locale."""
    name = (locale.getlocale()[0] or "en") if setting == "auto" else setting
    return Language.CHINESE if name.lower().startswith(("zh", "chinese")) else Language.ENGLISH


def language_of_environment() -> Language:
    """Return the reader's language where the settings may be unreadable."""
    return language_named(os.environ.get("BATON_LANGUAGE") or "auto")


def texts_for(language: str) -> Texts:
    """Return the texts of a language: `zh`, `en`, or `auto` for that of the locale."""
    return CHINESE if language_named(language) is Language.CHINESE else ENGLISH


def renderer_for(
    language: str, zone: tzinfo = UTC, front_end: FrontEnd = FrontEnd.TERMINAL
) -> Renderer:
    """Return the renderer of messages in a language, named as in the settings."""
    return Renderer(language_named(language), zone, front_end)


LOG_RENDERER = Renderer(Language.ENGLISH, UTC)
API_RENDERER = Renderer(Language.ENGLISH, UTC, FrontEnd.API)
