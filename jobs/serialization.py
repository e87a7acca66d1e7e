"""Jobs and their schedules as JSON objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.schedule import Schedule
from jobs.due import Job
from presentation.json_rows import as_object, plain
from storage.crawling.job_runs import JobRun


def job_object(job: Job, last: JobRun | None, now: datetime) -> dict[str, Any]:
    """A job with its next time and its last run."""
    return {
        "name": job.name,
        "meaning": job.meaning,
        "enabled": job.enabled,
        "switch": job.switch or None,
        "catch_up": job.catch_up,
        **schedule_object(job.schedule),
        "next_at": plain(job.schedule.next_after(now)) if job.enabled else None,
        "last": as_object(last) if last else None,
    }


def schedule_object(schedule: Schedule) -> dict[str, str]:
    """A schedule as it was written, and in words."""
    return {
        "schedule": schedule.cron,
        "timezone": schedule.zone.key,
        "in_words": schedule.describe(),
    }
