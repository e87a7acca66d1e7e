"""Excel and OpenDocument workbooks, read by python-calamine where it is installed."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from core.errors import InvalidInputError

# What the extra `excel` of pyproject.toml installs.
COMMAND = "pip install python-calamine"
OLE_MARK, ZIP_MARK = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
# A small file can unfold to any size.
MAX_UNPACKED_BYTES = 500_000_000
# Excel keeps 15 digits; of a longer number the rest is lost.
MAX_EXACT = 10**15


@dataclass(frozen=True)
class Sheet:
    """The first sheet of a workbook that has rows, its cells as text; `others` are further ones."""

    name: str
    rows: list[list[str]]
    others: tuple[str, ...]


def is_workbook(content: bytes) -> bool:
    """Return whether a file's bytes are a workbook of Excel or OpenDocument."""
    if content.startswith(OLE_MARK):
        return True
    if not content.startswith(ZIP_MARK):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return False
    return any(name.startswith("xl/workbook") for name in names) or "content.xml" in names


def read_workbook(content: bytes, name: str) -> Sheet:
    """Return the first sheet with rows, its cells as text; messages call the file `name`.

    Raises:
        InvalidInputError: it is damaged or too large, or the library is not installed; the message
            says how to install it.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        raise InvalidInputError("excel_extra_missing", file=name, command=COMMAND) from error
    _require_size(content, name)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = workbook.sheet_names
        for index, sheet_name in enumerate(names):
            rows = workbook.get_sheet_by_index(index).to_python(skip_empty_area=False)
            if rows:
                others = tuple(other for other in names if other != sheet_name)
                return Sheet(sheet_name, [[_text(cell) for cell in row] for row in rows], others)
    except (CalamineError, OSError, ValueError) as error:
        raise InvalidInputError("workbook_damaged", file=name, detail=str(error)[:200]) from error
    raise InvalidInputError("table_empty", file=name)


def _require_size(content: bytes, name: str) -> None:
    if not content.startswith(ZIP_MARK):
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > MAX_UNPACKED_BYTES:
        raise InvalidInputError("file_too_large", file=name, most=MAX_UNPACKED_BYTES // 10**6)


def _text(cell: Any) -> str:
    """Return a cell as its text; a number whose last digits Excel has lost in the form 7.1E+18."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, int | float):
        if abs(cell) >= MAX_EXACT:
            return f"{cell:.14E}"
        return str(int(cell)) if cell == int(cell) else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)
