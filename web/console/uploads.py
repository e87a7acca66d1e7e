"""Read the files of forms."""

from __future__ import annotations

from fastapi import UploadFile

from core.errors import InvalidInputError
from core.plain_text import decode_text


def text_of(file: UploadFile | None) -> str:
    """Return the text of the chosen file; empty when none was.

    Raises:
        InvalidInputError: the file is no text.
    """
    if file is None or not file.filename:
        return ""
    return decode_text(file.file.read(), name_of(file))


def content_of(file: UploadFile | None) -> bytes:
    """Return the bytes of the chosen file.

    Raises:
        InvalidInputError: none was chosen, or it is empty.
    """
    content = file.file.read() if file is not None and file.filename else b""
    if not content.strip():
        raise InvalidInputError("file_not_chosen")
    return content


def name_of(file: UploadFile | None) -> str:
    """Return the file's name for messages, cut to 200 letters; `file` without one."""
    return (file.filename or "file")[:200] if file else "file"
