"""Files that a form brings."""

from __future__ import annotations

from fastapi import UploadFile

from core.text_files import decode_text


def text_of(file: UploadFile | None) -> str:
    """The text of what was chosen; empty when nothing was. Raises InvalidInputError."""
    if file is None or not file.filename:
        return ""
    return decode_text(file.file.read(), name_of(file))


def name_of(file: UploadFile | None) -> str:
    """What messages call it."""
    return (file.filename or "file")[:200] if file else "file"
