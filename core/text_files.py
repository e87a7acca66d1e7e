"""Text files as people's programs save them."""

from __future__ import annotations

from pathlib import Path

from core.errors import InvalidInputError

ENCODINGS = ("utf-8-sig", "gb18030")  # what spreadsheets save
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_text(file: Path) -> str:
    """The file's text, whether it is UTF-8, GBK, or UTF-16 with its mark.

    Raises:
        InvalidInputError: it cannot be read, or is none of these.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{file}: {error.strerror}") from error
    return decoded(content, str(file))


def decoded(content: bytes, name: str) -> str:
    """The same for a file's content; `name` is what messages call it. Raises InvalidInputError."""
    for encoding in ("utf-16",) if content.startswith(UTF_16) else ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidInputError(f"{name}: neither UTF-8 nor GBK text; save it as UTF-8")
