"""JSON from platforms, and texts sanitized so that every database and file can store them."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

# MariaDB and SQLite refuse or cut texts with these, and UTF-8 has no form for surrogates.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
SURROGATE_IN_JSON = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
CONTAINERS = frozenset((dict, list))
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def parse_json(content: bytes) -> Any:
    """Return the value of a JSON body.

    NaN and numbers that overflow, which are no JSON and which no database stores, become None.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is nested too deeply to be read.
    """
    try:
        return msgspec.json.decode(content)
    except msgspec.MsgspecError:
        # Other encodings, lone surrogates and such numbers: json reads more than JSON.
        return json.loads(content, parse_constant=_unknown, parse_float=_finite)


def dump_json(value: Any) -> str:
    """Return a value that `parse_json` and `storable_json` returned as compact JSON."""
    return msgspec.json.encode(value).decode()


def _unknown(_word: str) -> None:
    """Return None for NaN and Infinity."""


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def may_be_unstorable(body: bytes) -> bool:
    """Return True when a JSON body may hold a NUL or a lone surrogate, which is rare.

    A NUL byte indicates UTF-16 or UTF-32, which Python's parser accepts too.
    """
    if b"\x00" in body or b"\\u0000" in body:
        return True
    # Looking for a byte costs far less than the regular expression, which most bodies are spared.
    suspicious = b"\\u" in body or b"\xed" in body
    return suspicious and SURROGATE_IN_JSON.search(body) is not None and not _is_strict(body)


def _is_strict(body: bytes) -> bool:
    """Return whether msgspec reads a body: it refuses lone surrogates, but takes pairs of them.

    Reading it once more costs a tenth of walking through its value: emoji are often such pairs.
    """
    try:
        msgspec.json.decode(body)
    except msgspec.MsgspecError:
        return False
    return True


def is_deeper(value: Any, levels: int) -> bool:
    """Return True when a JSON value nests lists and objects deeper than `levels`."""
    # Only lists and objects are kept from level to level: most values of a body are neither.
    level = [value] if type(value) in CONTAINERS else []
    for _ in range(levels):
        level = [
            inner
            for node in level
            for inner in (node.values() if type(node) is dict else node)
            if type(inner) in CONTAINERS
        ]
        if not level:
            return False
    return any(level)


def storable(text: str) -> str:
    """Return the text with NUL characters and lone surrogates replaced by U+FFFD."""
    # The quick way for most texts: isascii() is far cheaper than the regular expression.
    if text.isascii() and "\x00" not in text:
        return text
    return UNSTORABLE.sub(REPLACEMENT, text)


def storable_json(value: Any) -> Any:
    """Return a JSON value with all texts inside it, keys included, made storable."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(key): storable_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable_json(item) for item in value]
    return value
