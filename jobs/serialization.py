"""Jobs and their schedules as JSON objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.schedule import Schedule
from jobs.due import Job
from presentation.json_rows import as_object, plain
from storage.crawling.job_runs import JobRun


def job_object(job: Job, last: JobRun | None, now: datetime) -> dict[str, Any]:
    """Return a job with its next scheduled time and its last run; keys are part of the API."""
    return {
        "name": job.name,
        "meaning": job.description,
        "enabled": job.enabled,
        "switch": job.switch or None,
        "catch_up": job.catch_up,
        **schedule_object(job.schedule),
        "next_at": plain(job.schedule.next_after(now)) if job.enabled else None,
        "last": as_object(last) if last else None,
    }


def schedule_object(schedule: Schedule) -> dict[str, str]:
    """Return a schedule as its cron text, its time zone and a description."""
    return {
        "schedule": schedule.cron,
        "timezone": schedule.zone.key,
        "in_words": schedule.describe(),
    }
