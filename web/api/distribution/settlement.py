"""`/api/v1/settlement`: what was counted, what was sent and what was answered, by day and task."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from core.errors import InvalidInputError
from core.requests import FieldChecks
from distribution.settlement.requests import (
    Period,
    SettlementQuery,
    SumRequest,
    TraceRequest,
    day_typed,
)
from distribution.settlement.serialization import (
    day_details_object,
    sum_object,
    task_day_object,
    trace_object,
)
from distribution.settlement.sheets import (
    DAY_COLUMNS,
    csv_chunks,
    day_row,
    sum_columns,
    sum_row,
    xlsx,
)
from presentation.i18n.renderer import API_RENDERER
from presentation.spreadsheets import XLSX_TYPE
from storage.distribution.settlement import ReportState, SumBy
from web.api.lists import MAX_ROWS, USUAL_ROWS, ObjectPage, Page
from web.auth.access import Reader
from web.parameters import DramaId
from web.problems import refused_as
from web.state import TheBackend

router = APIRouter(prefix="/settlement", tags=["settlement"])
CSV_TYPE = "text/csv; charset=utf-8"
Day = Annotated[str | None, Query(max_length=40, description="a day, like 2026-11-21")]
Text = Annotated[str | None, Query(max_length=1000)]
DayInPath = Annotated[str, Path(max_length=40, description="a day, like 2026-11-21")]


def _query(
    first: Annotated[
        str | None, Query(alias="from", max_length=40, description="first day, like 2026-11-21")
    ] = None,
    last: Annotated[str | None, Query(alias="to", max_length=40, description="last day")] = None,
    agent_node: Annotated[
        str | None,
        Query(description="only what this agent's users completed; empty: users without one"),
    ] = None,
    task_id: Annotated[str | None, Query(description="only of this task")] = None,
    title: Annotated[
        str | None, Query(description="only of tasks whose title contains this")
    ] = None,
    event_id: Annotated[str | None, Query(description="only what this report told")] = None,
    state: Annotated[ReportState | None, Query(description="only with such a report")] = None,
    incomplete: Annotated[
        bool | None, Query(description="only days that are counted again later, or only others")
    ] = None,
) -> SettlementQuery:
    checks = FieldChecks()
    first_day, last_day = (
        checks.check("from", day_typed, first),
        checks.check("to", day_typed, last),
    )
    checks.finish()
    return SettlementQuery(
        first=first_day,
        last=last_day,
        agent=agent_node,
        task_id=task_id,
        title=title,
        event_id=event_id,
        state=state,
        incomplete=incomplete,
    )


TheQuery = Annotated[SettlementQuery, Depends(_query)]


def _sums(
    wanted: TheQuery,
    period: Annotated[
        Period, Query(alias="sum", description="what is added up; weeks begin on Monday")
    ] = Period.TOTAL,
    by: Annotated[SumBy, Query(description="what is added up apart")] = SumBy.ALL,
) -> SumRequest:
    return SumRequest(wanted=wanted, period=period, by=by)


TheSums = Annotated[SumRequest, Depends(_sums)]


@router.get("", summary="Days of tasks with their reports, newest first")
def list_days(
    wanted: TheQuery,
    request: Request,
    backend: TheBackend,
    _who: Reader,
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS, description="rows at most")] = USUAL_ROWS,
    after: Annotated[str | None, Query(max_length=600, description="a cursor from `next`")] = None,
) -> ObjectPage:
    page = backend.settlement.page(wanted, limit=limit, after=after)
    following = None
    if page.next is not None:
        url = request.url.include_query_params(after=page.next)
        following = f"{backend.settings.web_root_path}{url.path}?{url.query}"
    return Page(items=[task_day_object(day) for day in page.days], next=following)


@router.get("/sums", summary="Sums of days: by period, and apart for tasks or agents")
def list_sums(asked: TheSums, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    first, last = backend.settlement.span(asked)
    found = backend.settlement.sums(asked)
    items = [sum_object(one, asked.by) for one in found]
    return {"from": str(first), "to": str(last), "items": items}


@router.get(
    "/trace", summary="What was counted, sent and answered, for a task, a day or an event id"
)
def trace(
    backend: TheBackend,
    _who: Reader,
    task_id: Annotated[str | None, Query(description="the task's task_id")] = None,
    day: Day = None,
    event_id: Annotated[str | None, Query(description="as a receiver logs it")] = None,
) -> dict[str, Any]:
    asked = TraceRequest(task_id=task_id, day=day_typed(day), event_id=event_id)
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        found = backend.settlement.trace(asked)
    return trace_object(found, API_RENDERER.sentence)


@router.get("/days.csv", summary="All days that match, as CSV", response_class=StreamingResponse)
def days_csv(wanted: TheQuery, backend: TheBackend, _who: Reader) -> StreamingResponse:
    rows = map(day_row, backend.settlement.every(wanted))
    return StreamingResponse(
        csv_chunks(DAY_COLUMNS, rows), media_type=CSV_TYPE, headers=attachment("settlement.csv")
    )


@router.get("/days.xlsx", summary="The same as an Excel file", response_class=Response)
def days_xlsx(wanted: TheQuery, backend: TheBackend, _who: Reader) -> Response:
    rows = (day_row(day, API_RENDERER) for day in backend.settlement.every(wanted))
    return Response(
        xlsx(DAY_COLUMNS, rows, API_RENDERER),
        media_type=XLSX_TYPE,
        headers=attachment("settlement.xlsx"),
    )


@router.get("/sums.csv", summary="The sums as CSV", response_class=Response)
def sums_csv(asked: TheSums, backend: TheBackend, _who: Reader) -> Response:
    rows = [sum_row(one, asked.by) for one in backend.settlement.sums(asked)]
    content = b"".join(csv_chunks(sum_columns(asked.by), rows))
    return Response(content, media_type=CSV_TYPE, headers=attachment("settlement-sums.csv"))


@router.get("/sums.xlsx", summary="The sums as an Excel file", response_class=Response)
def sums_xlsx(asked: TheSums, backend: TheBackend, _who: Reader) -> Response:
    rows = [sum_row(one, asked.by, API_RENDERER) for one in backend.settlement.sums(asked)]
    return Response(
        xlsx(sum_columns(asked.by), rows, API_RENDERER),
        media_type=XLSX_TYPE,
        headers=attachment("settlement-sums.xlsx"),
    )


@router.get("/{day}/{task_id}", summary="A day of a task with its agents, reports and completions")
def show_day(day: DayInPath, task_id: DramaId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    wanted = day_typed(day)
    assert wanted is not None
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        found = backend.settlement.day(task_id, wanted)
    return day_details_object(found, backend.calendar, API_RENDERER.sentence)


def attachment(name: str) -> dict[str, str]:
    """Return the header that makes browsers save an answer under a name."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}
