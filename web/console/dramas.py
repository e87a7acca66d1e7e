"""Distribution tasks ("dramas"): the list, one with its daily statistics, pause, resume, finish."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import Response

from core.logs import redact
from distribution.counters import PREFIXES
from storage.distribution.daily_stats import DailyStats
from storage.distribution.distribution_tasks import DramaStatus
from storage.operations import listings
from web.auth.access import Actor, Reader
from web.background import begin_scanning
from web.console.acting import acted
from web.console.charts import line_chart
from web.console.language import language_of
from web.console.list_view import TheList
from web.console.screens import TheScreens
from web.lookups import existing_drama
from web.paging import read_page
from web.parameters import DramaId
from web.requests import ScanOfDay
from web.state import TheBackend

router = APIRouter(include_in_schema=False)
HOME = "/admin/dramas"
DONE = {
    "pause": "{id} is paused: it is not broadcast.",
    "resume": "{id} is active again.",
    "finish": "{id} is finished.",
}
NAMES = {"yt": "YouTube", "tt": "TikTok", "dy": "Douyin"}


@router.get("")
def dramas(
    request: Request,
    backend: TheBackend,
    screens: TheScreens,
    visitor: Reader,
    view: TheList,
    status: Annotated[str, Query()] = "",
) -> Response:
    """Show the distribution tasks in a state, or all, newest first."""
    wanted = DramaStatus(status) if status in set(DramaStatus) else None
    found, more = read_page(
        backend.database, view.part, lambda tx, part: listings.dramas(tx, part, wanted)
    )
    return screens.page(
        request,
        "dramas",
        visitor,
        section="Dramas",
        view=view,
        items=found,
        more=more,
        states=DramaStatus,
        chosen=wanted,
        yesterday=backend.daily_scanner.yesterday,
    )


@router.post("/scan")
def scan_day(
    request: Request,
    backend: TheBackend,
    who: Actor,
    day: Annotated[str, Form()] = "",
    dry_run: Annotated[bool, Form()] = False,
) -> Response:
    """Begin to count a day, as an operation."""

    def act() -> str:
        given = ScanOfDay.model_validate({"day": day.strip() or None, "dry_run": dry_run})
        begin_scanning(backend, who, given)
        return language_of(request).say("Begun; how it goes is shown here.")

    return acted(request, HOME, act)


@router.get("/{task_id}")
def drama(
    task_id: DramaId, request: Request, backend: TheBackend, screens: TheScreens, visitor: Reader
) -> Response:
    """Show one task with its newest days, as charts and a table."""
    found = existing_drama(backend, task_id)
    days = list(reversed(found.days))
    return screens.page(
        request,
        "drama",
        visitor,
        section="Dramas",
        story=found,
        drama=found.drama.fields,
        charts=_charts(days),
        prefixes=list(PREFIXES.values()),
        names=NAMES,
        redact=redact,
    )


@router.post("/{task_id}/{verb}")
def change(
    task_id: DramaId,
    verb: Annotated[str, Path(pattern="^(pause|resume|finish)$")],
    request: Request,
    backend: TheBackend,
    who: Actor,
) -> Response:
    """Pause, resume or finish a task."""

    def act() -> str:
        existing_drama(backend, task_id)
        backend.use_cases.dramas.change(who, verb, task_id)
        return language_of(request).say(DONE[verb], id=task_id)

    return acted(request, HOME, act)


def _charts(days: list[DailyStats]) -> list[tuple[str, dict[str, Any]]]:
    """Return (title, chart) of views and likes, with the platforms that have any."""
    if not days:
        return []
    labels = [day.stats_date.isoformat() for day in days]
    charts = []
    for title, name in (("Views by day", "view"), ("Likes by day", "like")):
        found = {
            NAMES[prefix]: [day.counts[f"{prefix}_{name}_count"] for day in days]
            for prefix in PREFIXES.values()
        }
        lines = {platform: numbers for platform, numbers in found.items() if any(numbers)}
        charts += [(title, line_chart(labels, lines))] if lines else []
    return charts
