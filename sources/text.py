"""Making a platform's text fit for every database and file."""

from __future__ import annotations

import re
from typing import Any

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
UNSTORABLE_IN_JSON = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def may_be_unstorable(body: bytes) -> bool:
    """Whether a JSON body can hold a NUL or a lone surrogate; most hold neither."""
    return UNSTORABLE_IN_JSON.search(body) is not None


def storable(text: str) -> str:
    """NUL characters and lone surrogates become U+FFFD; everything else stays."""
    if text.isascii() and "\x00" not in text:
        return text
    return UNSTORABLE.sub(REPLACEMENT, text)


def storable_json(value: Any) -> Any:
    """The same for every text inside a JSON value."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(key): storable_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable_json(item) for item in value]
    return value
