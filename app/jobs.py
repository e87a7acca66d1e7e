"""Builds the scheduled jobs, their runner and their scheduler."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True)
class JobFactories:
    """Factories of the scheduled jobs, their runner, launcher and scheduler."""

    foundation: Foundation
    housekeeping: HousekeepingFactories
    works: WorksFactories
    distribution: DistributionFactories

    @cached_property
    def all(self) -> tuple[Job, ...]:
        from app.scheduled_jobs import all_jobs

        return all_jobs(
            settings=self.foundation.settings,
            housekeeping=self.housekeeping,
            works=self.works,
            distribution=self.distribution,
        )

    @cached_property
    def runner(self) -> JobRunner:
        from jobs.runner import JobRunner

        return JobRunner(
            database=self.foundation.database,
            clock=self.foundation.clock,
            leases=self.foundation.leases,
            owner=self.foundation.owner,
            lease_secs=self.foundation.settings.lease_secs,
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
            clock=self.foundation.clock,
            look_secs=self.foundation.settings.lease_secs,
        )
