"""The report of a day: who ingested and who exported how many of what."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from core.requests import FieldChecks
from crawler.creators.day_report import day_named
from presentation.day_report import account_of, report_xlsx
from presentation.spreadsheets import XLSX_TYPE
from web.console.creators import ingestion_logs
from web.console.visits import Reading

router = APIRouter(include_in_schema=False)
router.include_router(ingestion_logs.router, prefix="/ingestion-logs")
Typed = Annotated[str, Query(max_length=255)]


@router.get("")
def report(visit: Reading, day: Typed = "", domain: Typed = "", account: Typed = "") -> Response:
    """Show the report of a day; one that cannot be read is told beside its field."""
    checks = FieldChecks()
    wanted = checks.check("day", day_named, day)
    name = account.strip()
    known = checks.check("account", visit.backend.registry.find_or_deleted, name) if name else None
    found = visit.backend.day_reports.of_day(
        wanted, domain=domain.strip() or None, account=known.username if known else None
    )
    problems = {
        field: visit.language.problem(problem) for field, problem in checks.problems.items()
    }
    chosen = {"domain": domain, "account": account}

    def address(path: str, at: date) -> str:
        given = {"day": at.isoformat()} | {name: one for name, one in chosen.items() if one}
        return f"{path}?{urlencode(given)}"

    return visit.page(
        "report",
        report=found,
        day=day.strip() if "day" in problems else found.day.isoformat(),
        chosen=chosen,
        problems=problems,
        account_of=account_of,
        day_before=address("/admin/report", found.day - timedelta(days=1)),
        day_after=None
        if found.is_today
        else address("/admin/report", found.day + timedelta(days=1)),
        xlsx=address("/admin/report/xlsx", found.day),
    )


@router.get("/xlsx")
def download(visit: Reading, day: Typed = "", domain: Typed = "", account: Typed = "") -> Response:
    """Return the report as an Excel file in the visitor's language."""
    found = visit.backend.day_reports.of_day(
        day_named(day), domain=domain.strip() or None, account=account.strip() or None
    )
    content = report_xlsx(found, visit.language.renderer(visit.backend.calendar.zone))
    headers = {"Content-Disposition": f'attachment; filename="report-{found.day}.xlsx"'}
    return Response(content, media_type=XLSX_TYPE, headers=headers)
