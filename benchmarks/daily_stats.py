"""`daily_stats`: 200,000 completions of 10,000 tasks taken in, and their day scanned, twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from app.container import App
from benchmarks.ground import Ground, opened
from benchmarks.results import Figure, Result
from distribution.daily.scanner import SCANNED_FROM, SCANNED_TO
from storage.schema import schema

NAME = "daily_stats"
TASKS = 10_000
EACH = 20
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"


def run(ground: Ground, full: bool = False) -> Result:
    """Measure the seconds of each, on both engines; nothing is fetched live."""
    figures: list[Figure] = []
    for engine in ground.engines:
        place = ground.place(engine)
        with opened(place) as app:
            app.distribution.importer.add_dramas(_tasks())
            begin = time.monotonic()
            taken = app.distribution.importer.add_completions(_completions(app))
            import_secs = time.monotonic() - begin
            assert taken.counts["created"] == TASKS * EACH, taken
            first_secs, reports = _scan(app)
            again_secs, again_reports = _scan(app)
            look_secs = _look(app)
        figures += [
            Figure(f"{engine}: {TASKS * EACH:,} completions taken in", import_secs, "s"),
            Figure(label=f"{engine}: their day scanned", value=first_secs, unit="s", goal="< 30"),
            Figure(label=f"{engine}: scanned again", value=again_secs, unit="s", goal="< 30"),
            Figure(f"{engine}: looked through for late ones", look_secs, "s"),
            Figure(
                label=f"{engine}: reports of the first scan",
                value=reports,
                unit="",
                goal=f"= {TASKS // 500}",
            ),
            Figure(
                label=f"{engine}: reports of the second scan",
                value=again_reports,
                unit="",
                goal="= 0",
            ),
        ]
        ground.drop(place)
    return Result(NAME, tuple(figures))


def _scan(app: App) -> tuple[float, int]:
    begin = time.monotonic()
    scan = app.distribution.daily_scanner.scan(
        app.distribution.daily_scanner.yesterday, threading.Event()
    )
    secs = time.monotonic() - begin
    assert scan.completion_count == TASKS * EACH and not scan.incomplete
    return secs, scan.reports


def _look(app: App) -> float:
    """Look at a day as the hourly job does; here all of it came after the day's end."""
    scanner = app.distribution.daily_scanner
    for fact in (SCANNED_FROM, SCANNED_TO):
        app.database.write(schema.set_fact, fact, str(scanner.yesterday))  # type: ignore[misc]
    begin = time.monotonic()
    scanner.late_tasks(scanner.yesterday)
    return time.monotonic() - begin


def _tasks() -> Iterator[dict[str, Any]]:
    for number in range(TASKS):
        yield {
            "task_id": f"task-{number:06}",
            "project_id": f"project-{number % 100}",
            "duration": 90,
            "callback_url": "https://settlement.example/callback",
        }


def _completions(app: App) -> Iterator[dict[str, Any]]:
    noon = app.calendar.bounds(app.distribution.daily_scanner.yesterday)[0] + timedelta(hours=12)
    for number in range(TASKS * EACH):
        code = "".join(LETTERS[number >> shift & 63] for shift in range(0, 24, 6))
        yield {
            "task_id": f"task-{number % TASKS:06}",
            "user_id": f"user-{number % 9973}",
            "submission_link": f"https://www.youtube.com/watch?v=abcdefg{code}",
            "completed_at": noon.isoformat(),
            "verification_details": {
                "view_count": number,
                "like_count": number // 10,
                "comment_count": number // 100,
            },
        }
