"""The choice of the language in which people are addressed."""

from __future__ import annotations

import locale

from presentation.i18n.chinese import CHINESE
from presentation.i18n.english import ENGLISH
from presentation.i18n.texts import Texts


def texts_for(language: str) -> Texts:
    """Return the texts of a language: `zh`, `en`, or `auto` for that of the locale."""
    if language == "auto":
        language = locale.getlocale()[0] or "en"
    return CHINESE if language.lower().startswith(("zh", "chinese")) else ENGLISH
