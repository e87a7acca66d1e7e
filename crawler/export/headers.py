"""The headers of columns in files, in the languages that people read."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from core.errors import InvalidInputError
from crawler.export.columns import CHINESE, ENGLISH, ChosenColumns


class Headers(StrEnum):
    """The language of a file's headers; RAW: the names of the columns."""

    RAW = "raw"
    ENGLISH = "en"
    CHINESE = "zh"


TABLES = {Headers.RAW: {}, Headers.ENGLISH: ENGLISH, Headers.CHINESE: CHINESE}


def headers_named(name: str) -> Headers:
    """Return the headers of that name. Raise InvalidInputError when there are none."""
    try:
        return Headers(name.strip().lower())
    except ValueError as error:
        known = [one.value for one in Headers]
        raise InvalidInputError("headers_unknown", name=name, known=known) from error


def headers_of(chosen: ChosenColumns, language: Headers) -> tuple[str, ...]:
    """Return the header of each column: the one that was given, or the usual one.

    Raises:
        InvalidInputError: two columns would have the same header.
    """
    usual = TABLES[language]
    found = tuple(
        given or usual.get(name, name)
        for name, given in zip(chosen.names, chosen.headers, strict=True)
    )
    return _require_distinct(found)


def _require_distinct(headers: Sequence[str]) -> tuple[str, ...]:
    repeated = next((header for header in headers if headers.count(header) > 1), None)
    if repeated is not None:
        raise InvalidInputError("export_header_repeated", header=repeated)
    return tuple(headers)
