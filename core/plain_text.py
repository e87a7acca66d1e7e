"""Text from outside: files in the encodings of spreadsheet programs, and lines fit to be shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from core.errors import InvalidInputError
from core.messages import Message

# Letters written from right to left, and the characters that embed, override or isolate.
TURNS = re.compile(
    "[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff]"
)
TURN_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")
FIRST_STRONG, ISOLATE_END = "\u2068", "\u2069"
ISOLATE_BEGINS = "\u2066\u2067\u2068"
PARAGRAPH_END = re.compile("[^\n\r\x1c-\x1e\x85\u2029]+")  # an isolate ends there in any case
# More is no list of a person and no browser's cookies; reading it would only take the memory.
MAX_FILE_BYTES = 100_000_000
UTF_8 = "UTF-8"
MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig", UTF_8),
    (b"\xff\xfe\x00\x00", "utf-32", "UTF-32"),
    (b"\x00\x00\xfe\xff", "utf-32", "UTF-32"),
    (b"\xff\xfe", "utf-16", "UTF-16"),
    (b"\xfe\xff", "utf-16", "UTF-16"),
)
# Files that are no text, by their first bytes.
KINDS = (
    (b"PK\x03\x04", "ZIP"),
    (b"\xd0\xcf\x11\xe0", "Excel 97"),
    (b"SQLite format 3\x00", "SQLite"),
    (b"\x1f\x8b", "gzip"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
)
SAMPLE_BYTES = 4000
BIG5_CHARACTER = re.compile(rb"[\xa4-\xc6][\x40-\x7e\xa1-\xfe]")
GB_CHARACTER = re.compile(rb"[\xb0-\xd7][\xa1-\xfe]")
TWO_BYTES = re.compile(rb"[\x81-\xfe][\x40-\xfe]")


@dataclass(frozen=True)
class DecodedText:
    """The text of a file, and the encoding that it had, by a name to show."""

    text: str = field(repr=False)
    encoding: str

    @property
    def note(self) -> Message | None:
        """Return what to tell of the encoding; None for UTF-8, which is not guessed."""
        if self.encoding == UTF_8:
            return None
        return Message.of("text_read_as", encoding=self.encoding)


def read_text(file: Path) -> str:
    """Read a text file in any encoding that `decoded` knows.

    Raises:
        InvalidInputError: it cannot be read, is too large, no text, or has another encoding.
    """
    return decode_text(read_bytes(file), str(file))


def read_bytes(file: Path) -> bytes:
    """Return a file's content, at most MAX_FILE_BYTES.

    Raises:
        InvalidInputError: it cannot be read or is larger.
    """
    try:
        with file.open("rb") as stream:
            return read_stream(stream, str(file))
    except OSError as error:
        detail = error.strerror or str(error)
        raise InvalidInputError("file_not_readable", file=str(file), detail=detail) from error


def read_stream(stream: BinaryIO, name: str) -> bytes:
    """Return what a stream still has, at most MAX_FILE_BYTES; messages call it `name`.

    Raises:
        InvalidInputError: it is more.
        OSError: it cannot be read.
    """
    content = stream.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise InvalidInputError("file_too_large", file=name, most=MAX_FILE_BYTES // 10**6)
    return content


def decode_text(content: bytes, name: str) -> str:
    """Return the text in a file's bytes, as `decoded` does."""
    return decoded(content, name).text


def decoded(content: bytes, name: str) -> DecodedText:
    """Return the text in a file's bytes: UTF-8, UTF-16, UTF-32, GB18030 (with GBK) or Big5.

    Messages call the file `name`. Bytes that end in NULs, as a cut copy does, lose these.

    Raises:
        InvalidInputError: it is no text, or has another encoding.
    """
    kind = next((kind for mark, kind in KINDS if content.startswith(mark)), None)
    if kind is not None:
        raise InvalidInputError("file_is_no_text", file=name, kind=kind)
    for codec, encoding in _candidates(content):
        try:
            return DecodedText(content.decode(codec).rstrip("\0"), encoding)
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


def _candidates(content: bytes) -> list[tuple[str, str]]:
    """Return codecs to try, most certain first, each with the name to show."""
    marked = [(codec, name) for mark, codec, name in MARKS if content.startswith(mark)]
    if marked:
        return marked[:1]
    guessed = _utf_16_without_mark(content)
    if guessed is not None:
        return [(guessed, "UTF-16")]
    # gb18030 decodes nearly any bytes, UTF-8 only its own.
    chinese = [("gb18030", "GB18030"), ("big5", "Big5")]
    return [("utf-8", UTF_8), *(chinese[::-1] if _looks_like_big5(content) else chinese)]


def _utf_16_without_mark(content: bytes) -> str | None:
    """Return the codec of text whose every other byte is mostly zero; None for other text."""
    sample = content[:SAMPLE_BYTES].rstrip(b"\0")
    if len(sample) < 4:
        return None
    high, low = sample[0::2].count(0), sample[1::2].count(0)
    enough = len(sample) // 4
    if low >= enough and high == 0:
        return "utf-16-le"
    return "utf-16-be" if high >= enough and low == 0 else None


def _looks_like_big5(content: bytes) -> bool:
    """Return whether more of the characters are frequent ones as Big5 than as GBK."""
    sample = content[:SAMPLE_BYTES]
    pairs = TWO_BYTES.findall(sample)
    big5 = sum(BIG5_CHARACTER.fullmatch(pair) is not None for pair in pairs)
    return big5 > sum(GB_CHARACTER.fullmatch(pair) is not None for pair in pairs)
