"""The scheduled jobs, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.schedule import Schedule
from crawler.job_plan import Job

if TYPE_CHECKING:
    from commands.root import App


def all_jobs(app: App) -> tuple[Job, ...]:
    """Every job that `run` does by schedule, switched on or not.

    Schedules are in the quota zone. A job's part is built when it runs.
    """
    zone = app.settings.quota_zone
    midnight, hourly = Schedule("0 0 * * *", zone), Schedule("15 * * * *", zone)
    return (
        Job("quota_reset", "start the quota day", midnight, lambda c: app.quota_reset.run(c)),
        Job("session_checks", "look at every session once a day", hourly,
            lambda c: app.caretaker.run(c)),
    )  # fmt: skip
