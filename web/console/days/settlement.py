"""Settlements: days of tasks with their reports, sums, completions, and all about one day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Query
from starlette.responses import Response, StreamingResponse

from core.errors import InvalidInputError, WrongFieldsError
from core.logs import redact
from core.messages import Message
from core.requests import FieldChecks
from distribution.counters import COUNTED, PREFIXES
from distribution.settlement.reader import DayDetails, PeriodSum, SentReport
from distribution.settlement.requests import Period, SettlementQuery, SumRequest, day_typed
from distribution.settlement.serialization import totals_of
from distribution.settlement.sheets import (
    DAY_COLUMNS,
    csv_chunks,
    day_row,
    sum_columns,
    sum_row,
    xlsx,
)
from presentation.spreadsheets import XLSX_TYPE
from storage.distribution.settlement import ReportState, SumBy
from storage.operations import listings
from web.background import begin_scanning
from web.console.list_view import ROWS, TheList
from web.console.visits import Acting, Reading, Visit, action
from web.parameters import DramaId
from web.problems import refused_as
from web.requests import ScanOfDay

router = APIRouter(include_in_schema=False)
Typed = Annotated[str, Query(max_length=1000)]
DayInPath = Annotated[str, Path(max_length=40)]
CSV_TYPE = "text/csv; charset=utf-8"
COUNTERS = ("view", "like", "comment", "share", "collect")
NAMES = {"youtube": "YouTube", "tiktok": "TikTok", "douyin": "Douyin"}
NO_AGENT = "-"
MAX_AGENTS = 200
SHOWN_SUMS = 500
CHOICES = ("from", "to", "agent", "task", "title", "event", "state", "incomplete")


@router.get("")
def days(visit: Reading, view: TheList, after: Typed = "") -> Response:
    """Show the days of tasks that match, newest first."""
    wanted, problems = _asked(visit, view.filters)
    settlement = visit.backend.settlement
    page = None
    if wanted is not None:
        page = settlement.page(wanted, limit=view.rows, after=after or None)
    kept = {name: text for name, text in view.filters.items() if name in (*CHOICES, "rows")}
    return visit.page(
        "settlement",
        view=view,
        days=page.days if page else (),
        older=_address(view.path, kept | {"after": page.next}) if page and page.next else None,
        newest=_address(view.path, kept) if after else None,
        yesterday=visit.backend.daily_scanner.yesterday,
        totals_of=totals_of,
        counters=COUNTERS,
        **_choice(visit, view.filters, problems),
    )


@router.get("/sums")
def sums(
    visit: Reading, view: TheList, period: Typed = Period.WEEK.value, by: Typed = SumBy.AGENT.value
) -> Response:
    """Show the sums of days by period, and apart for tasks or agents."""
    wanted, problems = _asked(visit, view.filters)
    found, span = [], None
    if wanted is not None:
        request = _sum_request(wanted, period, by)
        try:
            span = visit.backend.settlement.span(request)
            found = visit.backend.settlement.sums(request)
        except InvalidInputError as error:
            problems["from"] = visit.language.problem(error)
    return visit.page(
        "settlement_sums",
        view=view,
        sums=found[:SHOWN_SUMS],
        hidden=max(0, len(found) - SHOWN_SUMS),
        span=span,
        period=_member(Period, period, Period.WEEK),
        by=_member(SumBy, by, SumBy.AGENT),
        settled_as=lambda one, **more: _days_of(one, _member(SumBy, by, SumBy.AGENT), **more),
        periods=Period,
        apart=SumBy,
        totals_of=totals_of,
        counters=COUNTERS,
        **_choice(visit, view.filters, problems),
    )


@router.get("/completions")
def completions(visit: Reading, view: TheList, task: Typed = "", user: Typed = "") -> Response:
    """Show the videos that users posted, each with its task and day."""
    return visit.list_page(
        "settlement_completions",
        view,
        lambda tx, part: listings.completions(tx, part, task.strip() or None, user.strip() or None),
        chosen={"task": task, "user": user},
        day_of=visit.backend.calendar.day,
    )


@router.get("/days.{form}")
def download_days(
    visit: Reading, view: TheList, form: Annotated[str, Path(pattern="^(csv|xlsx)$")]
) -> Response:
    """Return all days that match as a file."""
    wanted = _wanted(view.filters)
    every = visit.backend.settlement.every(wanted)
    if form == "csv":
        return StreamingResponse(
            csv_chunks(DAY_COLUMNS, map(day_row, every)),
            media_type=CSV_TYPE,
            headers=_attachment("settlement.csv"),
        )
    renderer = visit.language.renderer(visit.backend.calendar.zone)
    content = xlsx(DAY_COLUMNS, (day_row(day, renderer) for day in every), renderer)
    return Response(content, media_type=XLSX_TYPE, headers=_attachment("settlement.xlsx"))


@router.get("/sums.{form}")
def download_sums(
    visit: Reading,
    view: TheList,
    form: Annotated[str, Path(pattern="^(csv|xlsx)$")],
    period: Typed = Period.WEEK.value,
    by: Typed = SumBy.AGENT.value,
) -> Response:
    """Return the sums as a file."""
    request = _sum_request(_wanted(view.filters), period, by)
    found = visit.backend.settlement.sums(request)
    columns, renderer = sum_columns(request.by), visit.language.renderer()
    if form == "csv":
        rows = (sum_row(one, request.by) for one in found)
        content, media_type = b"".join(csv_chunks(columns, rows)), CSV_TYPE
    else:
        rows = (sum_row(one, request.by, renderer) for one in found)
        content, media_type = xlsx(columns, rows, renderer), XLSX_TYPE
    headers = _attachment(f"settlement-sums.{form}")
    return Response(content, media_type=media_type, headers=headers)


@router.post("/scan")
@action
def scan_day(
    visit: Acting, day: Annotated[str, Form()] = "", task: Annotated[str, Form()] = ""
) -> str:
    """Begin to count a day again, of all tasks or of one, in the background."""
    tasks = [task.strip()] if task.strip() else []
    given = ScanOfDay.model_validate({"day": day.strip() or None, "tasks": tasks})
    begin_scanning(visit.backend, visit.who, given)
    return visit.say("Begun; how it goes is shown here.")


@router.get("/{day}/{task_id}")
def day_of_task(day: DayInPath, task_id: DramaId, visit: Reading) -> Response:
    """Show a day of a task: counts, agents, reports with their attempts, and completions."""
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        wanted = day_typed(day)
        assert wanted is not None
        found = visit.backend.settlement.day(task_id, wanted)
    return visit.page(
        "settlement_day",
        found=found,
        title=(found.drama.title if found.drama else "") or task_id,
        platforms=_platforms(found),
        totals_of=totals_of,
        counters=COUNTERS,
        told_in=_told,
        redact=redact,
    )


def _days_of(found: PeriodSum, by: SumBy, **more: str) -> str:
    """Return the query of the list of days that a sum consists of."""
    query = {"from": str(found.first), "to": str(found.last)} | more
    name = found.sum.name
    if name is not None and by is SumBy.AGENT:
        query["agent"] = name or NO_AGENT
    if name is not None and by is SumBy.TASK:
        query["task"] = name
    return urlencode(query)


def _told(report: SentReport) -> str:
    """Return what a report told of the task, as JSON for people; empty when it is not known."""
    if report.told is None:
        return ""
    return redact(json.dumps(report.told, ensure_ascii=False, indent=2))


def _platforms(found: DayDetails) -> list[tuple[str, list[int | None]]]:
    """Return each platform that was posted on, with accounts and counters; None: not told."""
    if found.day is None:
        return []
    counts = found.day.counts
    return [
        (
            NAMES[platform],
            [
                counts[f"{prefix}_account_count"],
                *(counts.get(f"{prefix}_{counter}_count") for counter in COUNTERS),
            ],
        )
        for platform, prefix in PREFIXES.items()
        if counts[f"{prefix}_account_count"] and platform in COUNTED
    ]


def _asked(visit: Visit, given: Mapping[str, str]) -> tuple[SettlementQuery | None, dict[str, str]]:
    """Return what the address asks for; None, with the problem of each field, when it is wrong."""
    try:
        return _wanted(given), {}
    except WrongFieldsError as error:
        told = {field: visit.language.problem(one) for field, one in error.problems.items()}
        return None, told


def _wanted(given: Mapping[str, str]) -> SettlementQuery:
    checks = FieldChecks()
    first = checks.check("from", day_typed, given.get("from", ""))
    last = checks.check("to", day_typed, given.get("to", ""))
    if first and last and first > last:
        checks.add("from", Message.of("days_reversed", first=first, last=last))
    checks.finish()
    agent, state = given.get("agent", "").strip(), given.get("state", "")
    return SettlementQuery(
        first=first,
        last=last,
        agent="" if agent == NO_AGENT else agent or None,
        task_id=given.get("task", "").strip() or None,
        title=given.get("title", "").strip() or None,
        event_id=given.get("event", "").strip() or None,
        state=ReportState(state) if state in set(ReportState) else None,
        incomplete=True if given.get("incomplete") else None,
    )


def _choice(visit: Visit, given: Mapping[str, str], problems: Mapping[str, str]) -> dict[str, Any]:
    """Return what the filters of both pages show."""
    kept = {name: given[name] for name in (*CHOICES, "period", "by") if given.get(name)}
    return {
        "chosen": {name: given.get(name, "") for name in CHOICES},
        "problems": problems,
        "states": ReportState,
        "agents": visit.backend.settlement.agents(MAX_AGENTS),
        "rows_of_page": ROWS,
        "query": f"?{urlencode(kept)}" if kept else "",
    }


def _sum_request(wanted: SettlementQuery, period: str, by: str) -> SumRequest:
    return SumRequest(
        wanted=wanted,
        period=_member(Period, period, Period.WEEK),
        by=_member(SumBy, by, SumBy.AGENT),
    )


def _member(kind: Any, text: str, usual: Any) -> Any:
    return kind(text) if text in set(kind) else usual


def _address(path: str, query: Mapping[str, str | None]) -> str:
    given = {name: text for name, text in query.items() if text}
    return f"{path}?{urlencode(given)}" if given else path


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
