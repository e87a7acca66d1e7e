"""Distribution tasks ("dramas"): the list, one with its daily statistics, pause, resume, finish."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query
from starlette.responses import Response

from core.logs import redact
from distribution.counters import PREFIXES
from storage.distribution.daily_stats import DailyStats
from storage.distribution.distribution_tasks import DramaStatus
from storage.operations import listings
from web.background import begin_scanning
from web.console import drama_intake
from web.console.charts import line_chart
from web.console.list_view import TheList
from web.console.visits import Acting, Reading, action
from web.lookups import existing_drama
from web.parameters import DramaId
from web.requests import ScanOfDay

router = APIRouter(include_in_schema=False)
router.include_router(drama_intake.router)  # before /{task_id}: it has /preview
DONE = {
    "pause": "{id} is paused: it is not broadcast.",
    "resume": "{id} is active again.",
    "finish": "{id} is finished.",
}
NAMES = {"yt": "YouTube", "tt": "TikTok", "dy": "Douyin"}


@router.get("")
def dramas(visit: Reading, view: TheList, status: Annotated[str, Query()] = "") -> Response:
    """Show the distribution tasks in a state, or all, newest first."""
    wanted = DramaStatus(status) if status in set(DramaStatus) else None
    return visit.list_page(
        "dramas",
        view,
        lambda tx, part: listings.dramas(tx, part, wanted),
        states=DramaStatus,
        chosen=wanted,
        yesterday=visit.backend.daily_scanner.yesterday,
    )


@router.post("/scan")
@action
def scan_day(
    visit: Acting, day: Annotated[str, Form()] = "", dry_run: Annotated[bool, Form()] = False
) -> str:
    """Begin to count a day, in the background; an empty `day` means yesterday."""
    given = ScanOfDay.model_validate({"day": day.strip() or None, "dry_run": dry_run})
    begin_scanning(visit.backend, visit.who, given)
    return visit.say("Begun; how it goes is shown here.")


@router.get("/{task_id}")
def drama(task_id: DramaId, visit: Reading) -> Response:
    """Show one task with its newest days, as charts and a table."""
    found = existing_drama(visit.backend, task_id)
    days = list(reversed(found.days))
    return visit.page(
        "drama",
        story=found,
        drama=found.drama.fields,
        charts=_charts(days),
        prefixes=list(PREFIXES.values()),
        names=NAMES,
        redact=redact,
    )


@router.post("/{task_id}/{verb}")
@action
def change(
    task_id: DramaId, verb: Annotated[str, Path(pattern="^(pause|resume|finish)$")], visit: Acting
) -> str:
    """Pause, resume or finish a task."""
    existing_drama(visit.backend, task_id)
    visit.use_cases.dramas.change(visit.who, verb, task_id)
    return visit.say(DONE[verb], id=task_id)


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
