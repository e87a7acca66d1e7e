"""The report of a day as JSON, as sentences, and as an Excel file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import xlsxwriter

from core.clock import QuotaCalendar
from core.messages import Message
from crawler.creators.day_report import DayReport
from presentation.i18n.renderer import Renderer
from storage.creators.day_totals import ExportedShare, IngestedShare

INGESTED = ("account", "platform", "domain", "pages", "ingested", "new_creators")
EXPORTED = ("account", "platform", "domain", "files", "exported")
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDTH = 16
MAX_CELL_CHARS = 16_000  # two code units each; a longer name does not exist
OPTIONS = {
    "in_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
}


def report_object(report: DayReport, calendar: QuotaCalendar) -> dict[str, Any]:
    """Return a report as JSON; `seen` are the creators that were ingested, known ones too."""
    return {
        "day": report.day.isoformat(),
        "quota_timezone": str(calendar.zone),
        "ingested": [vars(row) | {"account": account_of(row)} for row in report.ingested],
        "exported": [vars(row) | {"account": account_of(row)} for row in report.exported],
        "totals": {
            "pages": report.pages,
            "seen": report.seen,
            "new_count": report.new_count,
            "files": report.files,
            "exported_count": report.exported_count,
        },
    }


def report_sentences(report: DayReport) -> Iterator[Message]:
    """Yield the sentences of the log: who ingested and who exported how many of what."""
    for one in report.ingested:
        code = "ingested_today" if report.is_today else "ingested_on_day"
        yield Message(code, _named(one) | {"count": one.seen, "day": report.day})
    for share in report.exported:
        code = "exported_today_by" if report.is_today else "exported_on_day"
        yield Message(code, _named(share) | {"count": share.exported_count, "day": report.day})


def ingested_rows(report: DayReport) -> list[tuple[str | int, ...]]:
    """Return the rows of the table of what was ingested, in the order of INGESTED."""
    return [
        (account_of(one), one.platform, one.domain, one.pages, one.seen, one.new_count)
        for one in report.ingested
    ]


def exported_rows(report: DayReport) -> list[tuple[str | int, ...]]:
    """Return the rows of the table of what was exported, in the order of EXPORTED."""
    return [
        (account_of(one), one.platform, one.domain, one.files, one.exported_count)
        for one in report.exported
    ]


def account_of(row: IngestedShare | ExportedShare) -> str:
    """Return the name of a row's account, or its id where the account is gone."""
    return row.account if row.account is not None else f"#{row.account_id}"


def report_xlsx(report: DayReport, renderer: Renderer) -> bytes:
    """Return a report as an Excel file of two sheets, with sums, in a reader's language."""
    packed = io.BytesIO()
    book = xlsxwriter.Workbook(packed, OPTIONS)
    bold = book.add_format({"bold": True})
    sums = renderer.say("report_sum")
    for title, columns, rows, totals in (
        (
            "report_ingested",
            INGESTED,
            ingested_rows(report),
            (report.pages, report.seen, report.new_count),
        ),
        ("report_exported", EXPORTED, exported_rows(report), (report.files, report.exported_count)),
    ):
        sheet = book.add_worksheet(renderer.say(title))
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(columns) - 1, WIDTH)
        _write(sheet, 0, [renderer.say(f"column_{name}") for name in columns], bold)
        for number, row in enumerate(rows, 1):
            _write(sheet, number, row)
        _write(sheet, len(rows) + 1, (sums, "", "", *totals), bold)
    book.set_properties({"title": f"{renderer.say('report_title')} {report.day}"})
    book.close()
    return packed.getvalue()


def _write(sheet: Any, row: int, cells: Sequence[str | int], style: object = None) -> None:
    """Write a row; texts stay texts, whatever they look like."""
    for column, value in enumerate(cells):
        if value == "":
            continue
        if isinstance(value, int):
            written = sheet.write_number(row, column, value, style)
        else:
            written = sheet.write_string(row, column, value[:MAX_CELL_CHARS], style)
        # XlsxWriter only returns that it left a cell out.
        if written != 0:
            raise OSError(f"the sheet takes no such cell ({written})")


def _named(row: IngestedShare | ExportedShare) -> dict[str, Any]:
    return {"account": account_of(row), "domain": row.domain}
