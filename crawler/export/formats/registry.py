"""All file formats by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from core.errors import InvalidInputError
from crawler.export.formats.base import Format, FormatWriter, Table
from crawler.export.formats.text_files import CsvWriter, JsonLinesWriter, csv_ids, json_ids

# More rows than a sheet has; without the import of what writes it, which takes a tenth of a second.
XLSX_ROWS = 1_048_575


def _open_xlsx(path: Path, table: Table) -> FormatWriter:
    from crawler.export.formats.xlsx import XlsxWriter

    return XlsxWriter(path, table)


def _xlsx_ids(path: Path, header: str | None):  # type: ignore[no-untyped-def]
    from crawler.export.formats.xlsx import xlsx_ids

    return xlsx_ids(path, header)


def _open_parquet(path: Path, table: Table) -> FormatWriter:
    from crawler.export.formats.parquet import ParquetWriter

    return ParquetWriter(path, table)


def _parquet_ids(path: Path, header: str | None):  # type: ignore[no-untyped-def]
    from crawler.export.formats.parquet import parquet_ids

    return parquet_ids(path, header)


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format("csv", ".csv", CsvWriter, csv_ids),
        Format("jsonl", ".jsonl", JsonLinesWriter, json_ids),
        Format("xlsx", ".xlsx", _open_xlsx, _xlsx_ids, XLSX_ROWS),
        Format(
            "parquet", ".parquet", _open_parquet, _parquet_ids, library="duckdb", folds_case=True
        ),
        Format("csv.gz", ".csv.gz", partial(CsvWriter, packed=True), partial(csv_ids, packed=True)),
        Format(
            "jsonl.gz",
            ".jsonl.gz",
            partial(JsonLinesWriter, packed=True),
            partial(json_ids, packed=True),
        ),
    )
}


def format_named(name: str) -> Format:
    """Return the format of that name, in any case.

    Raises:
        InvalidInputError: it is unknown, or its library is not installed.
    """
    known = FORMATS.get(name.strip().lower())
    if known is None:
        raise InvalidInputError("format_unknown", name=name, known=list(FORMATS))
    known.require_installed()
    return known
