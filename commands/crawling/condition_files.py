"""Files with lists that commands take: values of a condition, words to search for."""

from __future__ import annotations

from pathlib import Path

from app.container import App
from commands.framework.context import say
from core.errors import InvalidInputError
from core.plain_text import decoded
from crawler.creators.filters import ConditionReader


def condition_reader(app: App) -> ConditionReader:
    """Return the reader of conditions by the application's clock, in the quota zone."""
    return ConditionReader(now=app.clock.now(), zone=app.calendar.zone, read_list=_lines_of)


def content_of(path: Path) -> bytes:
    """Return the content of a list.

    Raises:
        InvalidInputError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        cause = error.strerror or str(error)
        raise InvalidInputError("list_unreadable", path=str(path), cause=cause) from error


def _lines_of(path: str) -> list[str]:
    # Not by commas, as lists of keywords are: nicknames hold any character.
    given = decoded(content_of(Path(path)), Path(path).name)
    if given.note is not None:
        say(given.note)
    return [line.strip() for line in given.text.splitlines() if line.strip()]
