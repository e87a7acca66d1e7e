"""The scheduled jobs, an entry each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.messages import Message
from core.schedule import Schedule
from jobs.due import Job

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
    """Return every job that `run` runs by schedule, enabled or not.

    Schedules are in the quota time zone. The object that does a job's work is built when it runs.
    """
    zone = settings.quota_zone
    midnight, hourly = Schedule("0 0 * * *", zone), Schedule("15 * * * *", zone)
    late = Schedule("40 * * * *", zone)
    return (
        Job(
            name="quota_reset",
            description=Message.of("job_quota_reset"),
            schedule=midnight,
            run=lambda c: housekeeping.quota_reset.run(c),
        ),
        Job(
            name="session_checks",
            description=Message.of("job_session_checks"),
            schedule=hourly,
            run=lambda c: housekeeping.session_checks.run(c),
        ),
        Job(
            name="hourly_views",
            description=Message.of("job_hourly_views"),
            schedule=Schedule(settings.views_schedule, zone),
            run=lambda c: works.hourly.run(c.stop),
            enabled=settings.views_enabled,
            switch="BATON_VIEWS_ENABLED",
        ),
        Job(
            name="catalogue_export",
            description=Message.of("job_catalogue_export"),
            schedule=Schedule(settings.works_export_schedule, zone),
            run=lambda c: _export(works),
        ),
        Job(
            name="play_counts",
            description=Message.of("job_play_counts"),
            schedule=Schedule(settings.play_counts_schedule, zone),
            run=lambda c: works.play_counts.job(c.stop),
            enabled=settings.play_counts_enabled,
            switch="AUTO_UPDATE_VIDEO_PLAYS_ENABLED",
        ),
        Job(
            name="daily_stats",
            description=Message.of("job_daily_stats"),
            schedule=Schedule(settings.daily_stats_schedule, zone),
            run=lambda c: distribution.daily_scanner.run(c.stop),
        ),
        Job(
            name="late_completions",
            description=Message.of("job_late_completions"),
            schedule=late,
            run=lambda c: distribution.late_completions.run(c.stop),
            enabled=settings.late_completions_days > 0,
            switch="BATON_LATE_COMPLETIONS_DAYS",
        ),
        Job(
            name="prune",
            description=Message.of("job_prune"),
            schedule=Schedule(settings.prune_schedule, zone),
            run=lambda c: housekeeping.retention.run(c.stop),
        ),
    )


def _export(works: WorksFactories) -> Message:
    """Write `views.json` and return a summary."""
    done = works.listing.export_if_used()
    if done is None:
        return Message.of("catalogue_empty_kept")
    return Message.of("catalogue_exported", works=done.total, valid=done.valid)
