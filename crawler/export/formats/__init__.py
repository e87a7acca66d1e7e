"""The file formats of exports; a new one is a FormatWriter and its entry in FORMATS."""

from crawler.export.formats.base import Format, FormatWriter, Table
from crawler.export.formats.registry import FORMATS, format_named
from crawler.export.formats.text_files import CsvWriter, JsonLinesWriter

__all__ = [
    "FORMATS",
    "CsvWriter",
    "Format",
    "FormatWriter",
    "JsonLinesWriter",
    "Table",
    "format_named",
]
