"""Files of hourly numbers that a command names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from commands.framework.context import result
from core.errors import InvalidInputError, OutputError
from works.hourly.sheets import Cell, SheetForm, sheet_file

OutFile = Annotated[Path | None, typer.Option("--out", help="write a file instead, .csv or .xlsx")]


def form_of(out: Path | None) -> SheetForm | None:
    """Return the form of a file by its name; None for no file.

    Raises:
        InvalidInputError: it is neither CSV nor an Excel file.
    """
    if out is None:
        return None
    form = out.suffix.lower().removeprefix(".")
    if form not in set(SheetForm):
        raise InvalidInputError("series_file_unknown", path=str(out))
    return SheetForm(form)


def write_sheet(
    out: Path, form: SheetForm, title: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> None:
    """Write a table to a file, and name it.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        out.write_bytes(sheet_file(form, title, head, rows))
    except OSError as error:
        detail = error.strerror or str(error)
        raise OutputError("file_not_writable", path=str(out), detail=detail) from error
    result(str(out))
