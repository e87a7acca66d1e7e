"""Write settlements to the CSV and Excel files that a command names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from commands.framework.reader import reader
from core.errors import OutputError
from distribution.settlement.reader import PeriodSum, SettlementReader
from distribution.settlement.requests import SettlementQuery
from distribution.settlement.sheets import (
    DAY_COLUMNS,
    csv_chunks,
    day_row,
    sum_columns,
    sum_row,
    xlsx,
)
from storage.distribution.settlement import SumBy


def write_days(
    settlement: SettlementReader, wanted: SettlementQuery, csv: Path | None, excel: Path | None
) -> list[Path]:
    """Write all days that match to the files that are given; return their paths.

    Raises:
        OutputError: a file cannot be written.
        InvalidInputError: they are too many for an Excel file.
    """
    if csv is not None:
        _save(csv, csv_chunks(DAY_COLUMNS, map(day_row, settlement.every(wanted))))
    if excel is not None:
        renderer = reader()
        rows = (day_row(day, renderer) for day in settlement.every(wanted))
        _save(excel, [xlsx(DAY_COLUMNS, rows, renderer)])
    return [path for path in (csv, excel) if path is not None]


def write_sums(
    sums: Sequence[PeriodSum], by: SumBy, csv: Path | None, excel: Path | None
) -> list[Path]:
    """Write sums to the files that are given, as `write_days` does; return their paths."""
    if csv is not None:
        _save(csv, csv_chunks(sum_columns(by), (sum_row(one, by) for one in sums)))
    if excel is not None:
        renderer = reader()
        rows = (sum_row(one, by, renderer) for one in sums)
        _save(excel, [xlsx(sum_columns(by), rows, renderer)])
    return [path for path in (csv, excel) if path is not None]


def _save(path: Path, content: Iterable[bytes]) -> None:
    """Write a file in one step; one that stood there is replaced."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.writelines(content)
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        detail = error.strerror or str(error)
        raise OutputError("file_not_replaced", path=str(path), detail=detail) from error
