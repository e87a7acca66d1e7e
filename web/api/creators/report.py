"""`/api/v1/report`: which account ingested and exported how many of which domain on a day."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from core.requests import MAX_DOMAIN_LETTERS
from crawler.creators.day_report import DayReport, day_named
from presentation.day_report import report_object, report_xlsx
from presentation.i18n.renderer import API_RENDERER
from presentation.spreadsheets import XLSX_TYPE
from web.auth.access import Reader
from web.state import TheBackend

router = APIRouter(prefix="/report", tags=["report"])


def _asked(
    backend: TheBackend,
    day: Annotated[
        str | None, Query(max_length=40, description="like 2026-11-21; null: today")
    ] = None,
    domain: Annotated[
        str | None, Query(max_length=MAX_DOMAIN_LETTERS, description="only of this domain")
    ] = None,
    account: Annotated[
        str | None, Query(max_length=255, description="only by the account of this name")
    ] = None,
) -> DayReport:
    if account is not None:
        account = backend.registry.find_or_deleted(account).username
    return backend.day_reports.of_day(day_named(day), domain=domain, account=account)


AskedReport = Annotated[DayReport, Depends(_asked)]


@router.get("", summary="Who ingested and exported how many of what on a day of the quota zone")
def show_report(_who: Reader, report: AskedReport, backend: TheBackend) -> dict[str, Any]:
    return report_object(report, backend.calendar)


@router.get("/xlsx", summary="The same as an Excel file", response_class=Response)
def download_report(_who: Reader, report: AskedReport) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="report-{report.day}.xlsx"'}
    return Response(report_xlsx(report, API_RENDERER), media_type=XLSX_TYPE, headers=headers)
