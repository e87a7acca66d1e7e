"""Videos: the catalogue, the most seen and fastest rising, growth charts, and missing hours."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from storage.operations import listings
from web.backend import Backend
from web.console import works_intake
from web.console.charts import line_chart
from web.console.list_view import TheList
from web.console.numbers import comparison, failed, rules
from web.console.visits import Acting, Reading, action
from web.lookups import Counter, newest_hour
from web.parameters import PlatformName, WorkId
from web.problems import RequestRefusedError
from works.hour_data.hours import Hour
from works.hourly.crawl_result import FailedWork
from works.hourly.gaps import HourState
from works.hourly.history import HourOfWork, HourRow

router = APIRouter(include_in_schema=False)
router.include_router(works_intake.router)
router.include_router(comparison.router)
router.include_router(rules.router)
router.include_router(failed.router)
TOP_WORKS = 10
GAP_HOURS = 48
FAILED_WORKS = 10
SPANS = {"48": 48, "168": 168, "720": 720}
GROWTH = "Growth an hour"
LINES = {"view_count": "Views", "like_count": "Likes", "comment_count": "Comments"}


@router.get("")
def videos(visit: Reading, view: TheList, valid: Annotated[str, Query()] = "") -> Response:
    """Show the catalogue, newest rows first, with highlights and hours without counters."""
    backend, wanted = visit.backend, {"yes": True, "no": False}.get(valid)
    top, risers = _highlights(backend)
    without_numbers = _failed(backend)
    return visit.list_page(
        "videos",
        view,
        lambda tx, part: listings.works(tx, part, is_valid=wanted),
        platforms=sorted(backend.platforms.platforms),
        top=top,
        risers=risers,
        gaps=_gaps(backend),
        failed=without_numbers[:FAILED_WORKS],
        more_failed=len(without_numbers) > FAILED_WORKS,
        chosen=valid,
        gap_hours=GAP_HOURS,
    )


@router.get("/{platform}/{work_id}")
def video(
    platform: PlatformName, work_id: WorkId, visit: Reading, hours: Annotated[str, Query()] = "48"
) -> Response:
    """Show charts of one video's counters by hour."""
    wanted = SPANS.get(hours, SPANS["48"])
    found = visit.backend.view_history.trend(platform, work_id, Counter.VIEW, wanted)
    rows = [hour.row for hour in found]
    return visit.page(
        "video",
        platform=platform,
        work_id=work_id,
        title=rows[-1]["title"] if rows else work_id,
        hours=str(wanted),
        spans=SPANS,
        charts=_charts(found) if found else [],
    )


@router.post("/{platform}/{work_id}/disable")
@action
def disable(platform: PlatformName, work_id: WorkId, visit: Acting) -> str:
    """Take a video off the list."""
    visit.use_cases.works.disable(visit.who, [(platform, work_id)])
    return visit.say("{id} is off the list.", id=work_id)


@router.post("/{platform}/{work_id}/enable")
@action
def enable(platform: PlatformName, work_id: WorkId, visit: Acting) -> str:
    """Put a video back on the list."""
    visit.use_cases.works.enable(visit.who, [(platform, work_id)])
    return visit.say("{id} is on the list again.", id=work_id)


def _highlights(backend: Backend) -> tuple[list[HourRow], list[HourRow]]:
    """Return the most seen works of the newest hour, and those that rose most in a day."""
    try:
        at = newest_hour(backend)
    except RequestRefusedError:
        return [], []
    history = backend.view_history
    top = history.top(at, Counter.VIEW, TOP_WORKS)
    return top, history.risers(at.earlier(24), Counter.VIEW, TOP_WORKS)


def _failed(backend: Backend) -> list[FailedWork]:
    """Return the first works without numbers in the newest hour."""
    newest = backend.view_history.newest_hour()
    if newest is None:
        return []
    return backend.view_history.failures(newest, FAILED_WORKS + 1)


def _gaps(backend: Backend) -> list[Any]:
    """Return the hours that are late or missing, newest first."""
    found = backend.view_gaps.look(backend.clock.now(), GAP_HOURS)
    return [hour for hour in reversed(found) if hour.why and hour.state is not HourState.EXPECTED]


def _charts(found: list[HourOfWork]) -> list[tuple[str, dict[str, Any]]]:
    """Return (title, chart) of each known counter, and of the growth of the views.

    Hours without counters are gaps.
    """
    known = {
        Hour.parse(number.row["crawl_date"], number.row["crawl_hour"]): number for number in found
    }
    first, last = min(known), max(known)
    hours = [last.earlier(back) for back in range(last.hours_since(first), -1, -1)]
    labels = [f"{hour.date_text}T{hour.hour_text}:00" for hour in hours]
    lines = {
        name: [known[hour].row[column] if hour in known else None for hour in hours]
        for column, name in LINES.items()
    }
    growth = [
        known[hour].growth if hour in known and hour.earlier(1) in known else None for hour in hours
    ]
    charts = [
        (name, line_chart(labels, {name: line}, from_zero=False))
        for name, line in lines.items()
        if _has_any(line)
    ]
    if _has_any(growth):
        charts.insert(1, (GROWTH, line_chart(labels, {GROWTH: growth})))
    return charts


def _has_any(values: list[Any]) -> bool:
    return any(value is not None for value in values)
