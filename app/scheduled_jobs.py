"""The scheduled jobs, an entry each, and what those do that maintain the pool and the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from core.messages import Message
from core.schedule import Schedule
from jobs.due import MAX_ATTEMPTS, Job, JobContext

if TYPE_CHECKING:
    from app.crawling import CrawlingFactories
    from app.distribution import DistributionFactories
    from app.foundation import Foundation
    from app.pool import PoolFactories
    from app.works import WorksFactories
    from jobs.pruner import Retention
    from jobs.session_checks import SessionChecks

# The job asks for eight tries of an hour at most; processes may die besides.
HOURLY_ATTEMPTS = 8 + MAX_ATTEMPTS


@dataclass(frozen=True, kw_only=True)
class ScheduledJobs:
    """Every job that `run` does by schedule, switched on or not.

    Schedules are in the quota time zone. The object that does a job's work is built when it runs.

    Args:
        file_digest: files the daily digest that was scheduled for a moment; returns a summary.
    """

    foundation: Foundation
    pool: PoolFactories
    crawling: CrawlingFactories
    works: WorksFactories
    distribution: DistributionFactories
    file_digest: Callable[[datetime], Message]

    @cached_property
    def all(self) -> tuple[Job, ...]:
        """Return the jobs, in the order of listings."""
        prune = self.foundation.settings.prune_schedule
        return (
            self._job("quota_reset", "0 0 * * *", lambda c: self._reset_quota()),
            self._job("session_checks", "15 * * * *", lambda c: self.session_checks.run(c)),
            *self._of_creators(),
            *self._of_works(),
            *self._of_distribution(),
            self._digest(),
            self._job("prune", prune, lambda c: self.retention.run(c.stop)),
        )

    @cached_property
    def session_checks(self) -> SessionChecks:
        """Return the job that checks the sessions of the pool's accounts."""
        from jobs.session_checks import SessionChecks

        return SessionChecks(
            accounts=self.pool.manager,
            sessions=self.pool.sessions,
            platforms=self.pool.pooled_platforms(),
        )

    @cached_property
    def retention(self) -> Retention:
        """Return the job that deletes old rows and files."""
        from app.retention_policy import kept_rows
        from jobs.pruner import Retention

        settings = self.foundation.settings
        return Retention(
            database=self.foundation.database,
            clock=self.foundation.clock,
            kinds=kept_rows(settings),
            log_dir=settings.log_dir,
            evidence_dir=settings.evidence_dir,
            file_days=settings.keep_logs_days,
            rejected_dir=self.works.drop_folder.rejected.folder,
            rejected_days=settings.keep_rejected_days,
        )

    def _reset_quota(self) -> Message:
        from jobs.quota_reset import reset_quota

        base = self.foundation
        return reset_quota(base.database, base.clock, base.calendar)

    def _of_creators(self) -> tuple[Job, ...]:
        crawling = self.crawling
        return (
            self._job(
                "creators_backfill", "7 * * * *", lambda c: crawling.creators_backfill.run(c.stop)
            ),
            self._job(
                "creator_observations", "25 * * * *", lambda c: crawling.observations.run(c.stop)
            ),
            self._job("work_totals", "10 1 * * *", lambda c: crawling.work_totals.run()),
        )

    def _of_works(self) -> tuple[Job, ...]:
        settings, works = self.foundation.settings, self.works
        return (
            self._job(
                "hourly_views",
                settings.views_schedule,
                lambda c: works.hourly.run(c.stop, c.attempt),
                enabled=settings.views_enabled,
                switch="BATON_VIEWS_ENABLED",
                max_attempts=HOURLY_ATTEMPTS,
            ),
            self._job(
                "views_rollup", settings.views_rollup_schedule, lambda c: works.roll_up.run(c.stop)
            ),
            self._job("catalogue_export", settings.works_export_schedule, lambda c: _export(works)),
            self._job(
                "play_counts",
                settings.play_counts_schedule,
                lambda c: works.play_counts.job(c.stop),
                enabled=settings.play_counts_enabled,
                switch="AUTO_UPDATE_VIDEO_PLAYS_ENABLED",
            ),
        )

    def _of_distribution(self) -> tuple[Job, ...]:
        settings, parts = self.foundation.settings, self.distribution
        return (
            self._job(
                "daily_stats",
                settings.daily_stats_schedule,
                lambda c: parts.daily_scanner.run(c.stop),
            ),
            self._job("incomplete_days", "*/10 * * * *", lambda c: parts.count_incomplete(c.stop)),
            self._job(
                "late_completions",
                "40 * * * *",
                lambda c: parts.scan_late(c.stop),
                enabled=settings.late_completions_days > 0,
                switch="BATON_LATE_COMPLETIONS_DAYS",
            ),
        )

    def _digest(self) -> Job:
        settings = self.foundation.settings
        return self._job(
            "daily_digest",
            settings.digest_schedule,
            lambda c: self.file_digest(c.scheduled_at),
            enabled=settings.digest_enabled,
            switch="BATON_DIGEST_ENABLED",
        )

    def _job(
        self,
        name: str,
        cron: str,
        run: Callable[[JobContext], Message],
        *,
        enabled: bool = True,
        switch: str = "",
        max_attempts: int = MAX_ATTEMPTS,
    ) -> Job:
        return Job(
            name=name,
            description=Message.of(f"job_{name}"),
            schedule=Schedule(cron, self.foundation.settings.quota_zone),
            run=run,
            enabled=enabled,
            switch=switch,
            max_attempts=max_attempts,
        )


def _export(works: WorksFactories) -> Message:
    """Write `views.json` and return a summary."""
    done = works.listing.export_if_used()
    if done is None:
        return Message.of("catalogue_empty_kept")
    return Message.of("catalogue_exported", works=done.total, valid=done.valid)
