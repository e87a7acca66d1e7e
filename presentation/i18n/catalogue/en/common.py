"""Messages that several areas share, those about files and lists from outside among them."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "wrong_fields": "{problems}",
    "overtaken_by_another": "another process did it meanwhile",
    "body_not_json": "the body is no JSON",
    # files from outside
    "text_read_as": "read as {encoding} text",
    "file_told": "{file}: {note}",
    "file_too_large": "{file} is larger than {most:,} MB",
    "file_is_no_text": "{file} is a {kind} file, no text",
    # lists
    "table_empty": "{file} is empty",
    "table_is_html": "{file} is a web page, no list",
    "too_many_cells": "more cells than the first line",
    "csv_damaged": "{detail}; is a quote missing?",
    "column_twice": "{file}: its first line names the column {name!r} twice",
    "columns_not_known": "columns without a meaning here were left out: {names}",
    "header_repeated": "line {line} repeats the first line and was left out",
    "sheet_read": "the sheet {sheet} was read; the others were not: {others}",
    "excel_extra_missing": "{file}: Excel files need a library: {command}",
    "workbook_damaged": "{file} cannot be read as a workbook ({detail})",
    "number_rounded": "a spreadsheet has rounded this number",
    "number_not_whole": "this is no whole number",
    "at_line": "line {line}",
    "file_place_wrong": "{file}, {place}: {cause}",
}

_TO_DO: dict[str, Forms] = {
    "file_too_large": "split it into smaller files",
    "file_is_no_text": "unpack it, or export it as text (CSV, JSON, cookies.txt)",
    "table_is_html": "save the list itself as CSV or .xlsx",
    "too_many_cells": "quote cells with commas",
    "column_twice": "remove or rename one of them",
    "excel_extra_missing": "install it, or save the list as CSV",
    "workbook_damaged": "open it in the spreadsheet program and save it again, or save it as CSV",
}
ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": _TO_DO,
    "console": _TO_DO,
    "api": _TO_DO,
}
