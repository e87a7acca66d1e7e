"""Conditions on creators as the command line takes them: lists of values may be files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from core.errors import InvalidInputError
from core.settings import load_settings
from crawler.creators.filters import ConditionReader


def condition_reader() -> ConditionReader:
    """Return the reader of conditions, in the quota zone, by the clock of this host."""
    zone = ZoneInfo(load_settings().quota_timezone)
    return ConditionReader(now=datetime.now(UTC), zone=zone, read_list=lines_of)


def lines_of(path: str) -> list[str]:
    """Return the lines of a file, without empty ones.

    Raises:
        InvalidInputError: it cannot be read, or is not UTF-8.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError("list_unreadable", path=path, cause=str(error)) from error
    return [line.strip() for line in text.splitlines() if line.strip()]
