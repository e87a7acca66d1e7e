"""Line numbers of the keys of a TOML file, so that an error can say where to look."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

Key = tuple[str | int, ...]
SEGMENT = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
DOTTED = rf"{SEGMENT}(?:\s*\.\s*{SEGMENT})*"
HEADER = re.compile(rf"^\s*(\[\[?)\s*({DOTTED})\s*\]")
ASSIGNMENT = re.compile(rf"^\s*({DOTTED})\s*=")
LONG_QUOTE = re.compile('"""|' + "'''")


def line_of(text: str, key: Sequence[str | int]) -> int | None:
    """Return the line, from 1, of a key in TOML text, or of the innermost table around it.

    `key` is its path, with indexes for arrays of tables. None: neither was found.
    """
    found: dict[Key, int] = {}
    for number, where in _keys(text):
        for length in range(1, len(where) + 1):
            found.setdefault(where[:length], number)
    for length in range(len(key), 0, -1):
        if tuple(key[:length]) in found:
            return found[tuple(key[:length])]
    return None


def _keys(text: str) -> Iterator[tuple[int, Key]]:
    """Yield each line that begins a table or assigns a key, with the full key."""
    table: Key = ()
    entries: Counter[Key] = Counter()
    closing: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if closing is not None:
            closing = None if closing in line else closing
            continue
        header, assignment = HEADER.match(line), ASSIGNMENT.match(line)
        if header:
            table = _segments(header[2])
            if header[1] == "[[":
                entries[table] += 1
                table = (*table, entries[table] - 1)
            yield number, table
        elif assignment:
            yield number, (*table, *_segments(assignment[1]))
            quote = LONG_QUOTE.search(line)
            if quote and line.count(quote[0]) == 1:
                closing = quote[0]


def _segments(dotted: str) -> Key:
    return tuple(part.strip("\"'") for part in re.findall(SEGMENT, dotted))
