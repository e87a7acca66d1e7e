"""The scheduled jobs, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.schedule import Schedule
from jobs.due import Job
from presentation.i18n.messages import LOG_RENDERER

if TYPE_CHECKING:
    from app.distribution import DistributionFactories
    from app.housekeeping import HousekeepingFactories
    from app.works import WorksFactories
    from core.settings import Settings


def all_jobs(
    *,
    settings: Settings,
    housekeeping: HousekeepingFactories,
    works: WorksFactories,
    distribution: DistributionFactories,
) -> tuple[Job, ...]:
    """Every job that `run` does by schedule, switched on or not.

    Schedules are in the quota zone. A job's part is built when it runs.
    """
    zone = settings.quota_zone
    midnight, hourly = Schedule("0 0 * * *", zone), Schedule("15 * * * *", zone)
    late = Schedule("40 * * * *", zone)
    return (
        Job(
            name="quota_reset",
            description="start the quota day",
            schedule=midnight,
            run=lambda c: housekeeping.quota_reset.run(c),
        ),
        Job(
            name="session_checks",
            description="look at every session once a day",
            schedule=hourly,
            run=lambda c: housekeeping.session_checks.run(c),
        ),
        Job(
            name="hourly_views",
            description="ask for the numbers of all valid works",
            schedule=Schedule(settings.views_schedule, zone),
            run=lambda c: LOG_RENDERER.text(works.hourly.run(c.stop)),
            enabled=settings.views_enabled,
            switch="BATON_VIEWS_ENABLED",
        ),
        Job(
            name="catalogue_export",
            description="write views.json",
            schedule=Schedule(settings.works_export_schedule, zone),
            run=lambda c: _export(works),
        ),
        Job(
            name="play_counts",
            description="refresh the play counts of the catalogue",
            schedule=Schedule(settings.play_counts_schedule, zone),
            run=lambda c: LOG_RENDERER.text(works.play_counts.job(c.stop)),
            enabled=settings.play_counts_enabled,
            switch="AUTO_UPDATE_VIDEO_PLAYS_ENABLED",
        ),
        Job(
            name="daily_stats",
            description="report yesterday's distribution tasks",
            schedule=Schedule(settings.daily_stats_schedule, zone),
            run=lambda c: LOG_RENDERER.text(distribution.daily_scanner.run(c.stop)),
        ),
        Job(
            name="late_completions",
            description="count what came after its day was reported",
            schedule=late,
            run=lambda c: LOG_RENDERER.text(distribution.late_completions.run(c.stop)),
            enabled=settings.late_completions_days > 0,
            switch="BATON_LATE_COMPLETIONS_DAYS",
        ),
        Job(
            name="prune",
            description="delete what is older than it is kept",
            schedule=Schedule(settings.prune_schedule, zone),
            run=lambda c: housekeeping.retention.run(c.stop),
        ),
    )


def _export(works: WorksFactories) -> str:
    done = works.listing.export_if_used()
    if done is None:
        return "the catalogue is empty; the file was left as it is"
    return f"{done.total:,} works, {done.valid:,} of them valid"
