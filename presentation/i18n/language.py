"""The language in which a person is addressed, and the zone of the times that are shown."""

from __future__ import annotations

import locale
import os
from datetime import UTC, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.clock import DEFAULT_ZONE
from core.installation.home import locate_home

SETTING = "BATON_LANGUAGE"
ZONE_SETTING = "BATON_QUOTA_TIMEZONE"
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
    return language_named(_setting(SETTING) or AUTO)


def zone_of_environment() -> tzinfo:
    """Return the zone of shown times, from the environment or `.env`, as the settings have it.

    It raises nothing; UTC stands for a zone that nobody knows.
    """
    try:
        return ZoneInfo(_setting(ZONE_SETTING) or DEFAULT_ZONE)
    except (ValueError, OSError, KeyError):
        return UTC  # Whoever reads the settings next reports it.


def _setting(name: str) -> str | None:
    """Return a setting of the environment, else of `.env`; None when it is not there, or the file
    is unreadable."""
    if os.environ.get(name):
        return os.environ[name]
    try:
        path = locate_home().env_file
        if not path.is_file():
            return None
        from dotenv import dotenv_values

        return dotenv_values(path, interpolate=False).get(name)
    except (OSError, UnicodeDecodeError, RuntimeError):
        return None  # Whoever reads the settings next reports it.
