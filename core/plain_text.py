"""Text from outside: files in the encodings of spreadsheet programs, and lines fit to be shown."""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import InvalidInputError

# In this order: gb18030, which includes GBK, decodes nearly any bytes, UTF-8 only its own.
ENCODINGS = ("utf-8-sig", "gb18030")
# Letters written from right to left, and the characters that embed, override or isolate.
TURNS = re.compile(
    "[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff]"
)
TURN_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")
FIRST_STRONG, ISOLATE_END = "\u2068", "\u2069"
ISOLATE_BEGINS = "\u2066\u2067\u2068"
PARAGRAPH_END = re.compile("[^\n\r\x1c-\x1e\x85\u2029]+")  # an isolate ends there in any case
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_text(file: Path) -> str:
    """Read a text file in UTF-8, GBK, or UTF-16 with a byte order mark.

    Raises:
        InvalidInputError: it cannot be read, or has another encoding.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        detail = error.strerror or str(error)
        raise InvalidInputError("file_not_readable", file=str(file), detail=detail) from error
    return decode_text(content, str(file))


def decode_text(content: bytes, name: str) -> str:
    """Return the text in a file's bytes: UTF-8, GBK, or UTF-16 with a byte order mark.

    Messages call the file `name`.

    Raises:
        InvalidInputError: it has another encoding.
    """
    for encoding in ("utf-16",) if content.startswith(UTF_16_MARKS) else ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidInputError("text_encoding_unknown", file=name)


def one_line(text: str) -> str:
    """Replace every control character by a space, so that the text cannot move the cursor.

    Those that change the direction of writing are escaped.
    """
    return escaped_turns(
        "".join(" " if ord(letter) < 32 or ord(letter) == 127 else letter for letter in text)
    )


def escaped_turns(text: str) -> str:
    """Return the text for a terminal, with characters that embed, override or isolate a direction
    of writing as escapes (`\\u202e`): lines are cut, and an isolate could lose its end."""
    return text if text.isascii() else TURN_MARKS.sub(lambda mark: repr(mark[0])[1:-1], text)


def isolated(text: str) -> str:
    """Return the text for a page, so that its direction of writing stays within it.

    A name with U+202E in it would turn what stands behind it around. What writes from right to
    left, or says so, is put between FSI and PDI; marks in it that would end this are removed. Any
    other text, and one that is isolated already, is returned as it is.
    """
    if text.isascii() or not TURNS.search(text):
        return text
    return PARAGRAPH_END.sub(lambda found: _isolated_paragraph(found[0]), text)


def _isolated_paragraph(text: str) -> str:
    """Return a text without line breaks between FSI and PDI, each mark in it with its end."""
    if not TURNS.search(text):
        return text
    kept, depth = [], 0
    for letter in text:
        if letter in ISOLATE_BEGINS:
            depth += 1
        elif letter == ISOLATE_END:
            if depth == 0:
                continue
            depth -= 1
        kept.append(letter)
    inner = "".join(kept) + ISOLATE_END * depth
    if depth == 0 and _is_one_isolate(inner):
        return inner
    return f"{FIRST_STRONG}{inner}{ISOLATE_END}"


def _is_one_isolate(text: str) -> bool:
    """Return True when the first letter begins an isolate that the last one ends."""
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter in ISOLATE_BEGINS) - (letter == ISOLATE_END)
        if depth == 0:
            return at > 0 and at == len(text) - 1
    return False
