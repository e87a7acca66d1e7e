"""Hourly numbers as files to download, for API and console alike."""

from __future__ import annotations

from starlette.responses import Response

from presentation.spreadsheets import XLSX_TYPE
from web.backend import Backend
from web.lookups import newest_hour
from works.hourly.comparison import ComparisonRequest
from works.hourly.sheets import SheetForm, author_table, sheet_file

TYPES = {SheetForm.CSV: "text/csv; charset=utf-8", SheetForm.XLSX: XLSX_TYPE}


def comparison_sheet(backend: Backend, asked: ComparisonRequest, form: SheetForm) -> Response:
    """Return works side by side as a file.

    Raises:
        InvalidInputError: there are no numbers of any work yet.
    """
    found = backend.comparer.compare(asked)
    return _sheet(form, "compare", sheet_file(form, asked.counter, found.head, found.rows()))


def author_sheet(
    backend: Backend, span: int, counter: str, limit: int, *, form: SheetForm
) -> Response:
    """Return the totals of authors as a file, with the growth of `span` hours.

    Raises:
        RequestRefusedError: 404 when there are no numbers yet.
    """
    rows = backend.view_history.authors(newest_hour(backend), span, counter, limit)
    return _sheet(form, "authors", sheet_file(form, counter, *author_table(rows)))


def _sheet(form: SheetForm, name: str, content: bytes) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(content, media_type=TYPES[form], headers=headers)
