"""Jobs, their runs and their schedules as JSON objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.message_json import message_keys
from core.schedule import Schedule
from jobs.due import Job
from presentation.i18n.renderer import Renderer
from presentation.json_rows import as_object, plain
from storage.crawling.job_runs import JobRun


def job_object(job: Job, last: JobRun | None, now: datetime, renderer: Renderer) -> dict[str, Any]:
    """Return a job as JSON with its next scheduled time and its last run.

    `next_at` is null for a disabled job, `last` for a job that never ran.
    """
    return {
        "name": job.name,
        "meaning": renderer.text(job.description),
        "enabled": job.enabled,
        "switch": job.switch or None,
        "catch_up": job.catch_up,
        **schedule_object(job.schedule),
        "next_at": plain(job.schedule.next_after(now)) if job.enabled else None,
        "last": run_object(last, renderer) if last else None,
    }


def run_object(run: JobRun, renderer: Renderer) -> dict[str, Any]:
    """Return the columns of a run as JSON; its result as sentence, code and parameters."""
    return as_object(run) | message_keys("result", run.result, renderer.sentence)


def schedule_object(schedule: Schedule) -> dict[str, str]:
    """Return a schedule as JSON: its cron text, its time zone and a description in English."""
    return {
        "schedule": schedule.cron,
        "timezone": schedule.zone.key,
        "in_words": schedule.describe(),
    }
