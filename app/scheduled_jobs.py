"""The scheduled jobs, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.schedule import Schedule
from jobs.due import Job

if TYPE_CHECKING:
    from app.container import App


def all_jobs(app: App) -> tuple[Job, ...]:
    """Every job that `run` does by schedule, switched on or not.

    Schedules are in the quota zone. A job's part is built when it runs.
    """
    settings = app.settings
    zone = settings.quota_zone
    midnight, hourly = Schedule("0 0 * * *", zone), Schedule("15 * * * *", zone)
    late = Schedule("40 * * * *", zone)
    return (
        Job("quota_reset", "start the quota day", midnight, lambda c: app.quota_reset.run(c)),
        Job(
            "session_checks",
            "look at every session once a day",
            hourly,
            lambda c: app.caretaker.run(c),
        ),
        Job(
            "hourly_views",
            "ask for the numbers of all valid works",
            Schedule(settings.views_schedule, zone),
            lambda c: app.hourly_views.run(c.stop),
            enabled=settings.views_enabled,
            switch="BATON_VIEWS_ENABLED",
        ),
        Job(
            "catalogue_export",
            "write views.json",
            Schedule(settings.works_export_schedule, zone),
            lambda c: _export(app),
        ),
        Job(
            "play_counts",
            "refresh the play counts of the catalogue",
            Schedule(settings.play_counts_schedule, zone),
            lambda c: app.play_counts.job(c.stop),
            enabled=settings.play_counts_enabled,
            switch="AUTO_UPDATE_VIDEO_PLAYS_ENABLED",
        ),
        Job(
            "daily_stats",
            "report yesterday's distribution tasks",
            Schedule(settings.daily_stats_schedule, zone),
            lambda c: app.daily_scanner.run(c.stop),
        ),
        Job(
            "late_completions",
            "count what came after its day was reported",
            late,
            lambda c: app.late_completions.run(c.stop),
            enabled=settings.late_completions_days > 0,
            switch="BATON_LATE_COMPLETIONS_DAYS",
        ),
        Job(
            "prune",
            "delete what is older than it is kept",
            Schedule(settings.prune_schedule, zone),
            lambda c: app.retention.run(c.stop),
        ),
    )


def _export(app: App) -> str:
    done = app.catalogue_list.export_if_used()
    if done is None:
        return "the catalogue is empty; the file was left as it is"
    return f"{done.total:,} works, {done.valid:,} of them valid"
