"""The report of a day as JSON, as sentences, and as an Excel file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.clock import QuotaCalendar
from core.messages import Message
from crawler.creators.day_report import DayReport
from presentation.i18n.renderer import Renderer
from presentation.spreadsheets import Sheet, workbook
from storage.creators.day_totals import ExportedShare, IngestedShare

INGESTED = ("account", "platform", "domain", "pages", "ingested", "new_creators")
EXPORTED = ("account", "platform", "domain", "files", "exported")


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
    sums = renderer.say("report_sum")
    sheets = [
        Sheet(
            title=renderer.say(title),
            columns=[renderer.say(f"column_{name}") for name in columns],
            rows=rows,
            last=(sums, "", "", *totals),
        )
        for title, columns, rows, totals in (
            (
                "report_ingested",
                INGESTED,
                ingested_rows(report),
                (report.pages, report.seen, report.new_count),
            ),
            (
                "report_exported",
                EXPORTED,
                exported_rows(report),
                (report.files, report.exported_count),
            ),
        )
    ]
    return workbook(f"{renderer.say('report_title')} {report.day}", sheets)


def _named(row: IngestedShare | ExportedShare) -> dict[str, Any]:
    return {"account": account_of(row), "domain": row.domain}
