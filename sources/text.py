"""Making a platform's text fit for every database and file."""

from __future__ import annotations

import re
from typing import Any

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
UNSTORABLE_IN_JSON = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def may_be_unstorable(body: bytes) -> bool:
    """Whether a JSON body can hold a NUL or a lone surrogate; most hold neither.

    A NUL byte tells of UTF-16 or UTF-32, which Python's parser takes too.
    """
    return b"\x00" in body or UNSTORABLE_IN_JSON.search(body) is not None


def is_deeper(value: Any, levels: int) -> bool:
    """Whether a JSON value has more than so many levels of lists and objects."""
    level = [value]
    for _ in range(levels + 1):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


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
