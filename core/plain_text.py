"""Text from outside: files in the encodings of spreadsheet programs, and lines fit to be shown."""

from __future__ import annotations

from pathlib import Path

from core.errors import InvalidInputError

# In this order: gb18030, which includes GBK, decodes nearly any bytes, UTF-8 only its own.
ENCODINGS = ("utf-8-sig", "gb18030")
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
    """Replace every control character by a space, so that the text cannot move the cursor."""
    return "".join(" " if ord(letter) < 32 or ord(letter) == 127 else letter for letter in text)
