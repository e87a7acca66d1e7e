"""Files that a form brings."""

from __future__ import annotations

from fastapi import UploadFile

from core.text_files import decode_text


def text_of(file: UploadFile | None) -> str:
    """Return the text of the chosen file; empty when none was. Raise InvalidInputError for a file
    that is no text."""
    if file is None or not file.filename:
        return ""
    return decode_text(file.file.read(), name_of(file))


def name_of(file: UploadFile | None) -> str:
    """Return what messages call the file."""
    return (file.filename or "file")[:200] if file else "file"
