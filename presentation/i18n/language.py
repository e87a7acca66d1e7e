"""The language in which a person is addressed."""

from __future__ import annotations

import locale
import os
from enum import StrEnum

from core.installation.home import locate_home

SETTING = "BATON_LANGUAGE"
AUTO = "auto"


class Language(StrEnum):
    """The languages of messages; the value is the name in settings."""

    ENGLISH = "en"
    CHINESE = "zh"


def language_named(setting: str) -> Language:
    """Return the language of a setting: `zh`, `en`, or `auto` for that of the locale.

    Any other text is English.
    """
    name = (locale.getlocale()[0] or "en") if setting == AUTO else setting
    return Language.CHINESE if name.lower().startswith(("zh", "chinese")) else Language.ENGLISH


def language_of_environment() -> Language:
    """Return the reader's language from BATON_LANGUAGE in the environment or `.env`, else the
    locale's.

    It raises nothing: help is shown, and a wrong setting reported, before the other settings are
    read.
    """
    return language_named(os.environ.get(SETTING) or _from_env_file() or AUTO)


def _from_env_file() -> str | None:
    """Return the setting in `.env`; None when it is not there, or the file is unreadable."""
    try:
        path = locate_home().env_file
        if not path.is_file():
            return None
        from dotenv import dotenv_values

        return dotenv_values(path, interpolate=False).get(SETTING)
    except (OSError, UnicodeDecodeError, RuntimeError):
        return None  # Whoever reads the settings next reports it.
