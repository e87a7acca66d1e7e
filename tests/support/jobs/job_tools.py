"""What the tests of scheduled jobs share: jobs of one line, the rows, runs without threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.container import App
from core.messages import Message
from core.schedule import Schedule
from jobs.due import Job, JobContext
from jobs.scheduler import LookThreads
from storage.crawling import job_runs
from storage.crawling.job_runs import JobRun
from tests.support.messages import english

TEN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
NAMELESS = Message.text("")
Run = Callable[[JobContext], Message | str]


def hourly(run: Run, **changes: Any) -> Job:
    """Return a job of every full hour."""
    schedule = Schedule(changes.pop("cron", "0 * * * *"), ZoneInfo(changes.pop("zone", "UTC")))
    return Job(
        name=changes.pop("name", "views"),
        description=NAMELESS,
        schedule=schedule,
        run=run,
        **changes,
    )


def runs(app: App, job: str = "views") -> list[JobRun]:
    """Return the rows of a job, the oldest time first."""
    return app.database.read(job_runs.of_job, job, 10**6)[::-1]


def told(app: App, job: str = "views") -> list[tuple[str, str, str]]:
    """Return the rows of a job as `("10:00", state, result)`."""
    return [(f"{r.scheduled_at:%H:%M}", r.state.value, english(r.result)) for r in runs(app, job)]


class Inline(LookThreads):
    """Looks in the thread of the caller; an error of a look is the caller's."""

    def submit(self, job_name: str, look: Callable[[], None]) -> bool:
        look()
        return True


class Gate:
    """A job that signals its begin and waits until it may go on."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self, _context: JobContext) -> str:
        self.begun.set()
        assert self.go_on.wait(60)
        return "done"
