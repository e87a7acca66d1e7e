"""Build the scheduled jobs, their runner and their scheduler."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.distribution import DistributionFactories
    from app.foundation import Foundation
    from app.housekeeping import HousekeepingFactories
    from app.works import WorksFactories
    from jobs.due import Job
    from jobs.launcher import JobLauncher
    from jobs.runner import JobRunner
    from jobs.scheduler import JobScheduler


class JobFactories:
    """Builds the scheduled jobs, their runner, launcher and scheduler, each once."""

    def __init__(
        self,
        *,
        foundation: Foundation,
        housekeeping: HousekeepingFactories,
        works: WorksFactories,
        distribution: DistributionFactories,
    ) -> None:
        self._base = foundation
        self._housekeeping = housekeeping
        self._works = works
        self._distribution = distribution

    @cached_property
    def all(self) -> tuple[Job, ...]:
        """Return all scheduled jobs, enabled or not."""
        from app.scheduled_jobs import all_jobs

        return all_jobs(
            settings=self._base.settings,
            housekeeping=self._housekeeping,
            works=self._works,
            distribution=self._distribution,
        )

    @cached_property
    def runner(self) -> JobRunner:
        from jobs.runner import JobRunner

        return JobRunner(
            database=self._base.database,
            clock=self._base.clock,
            leases=self._base.leases,
            owner=self._base.owner,
            lease_secs=self._base.settings.lease_secs,
        )

    @cached_property
    def launcher(self) -> JobLauncher:
        from jobs.launcher import JobLauncher

        return JobLauncher(jobs=self.all, runner=self.runner)

    @cached_property
    def scheduler(self) -> JobScheduler:
        from jobs.scheduler import JobScheduler

        return JobScheduler(
            jobs=self.all,
            runner=self.runner,
            clock=self._base.clock,
            look_secs=self._base.settings.lease_secs,
        )
