"""Build what runs the scheduled jobs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

from app.foundation import Foundation
from app.scheduled_jobs import ScheduledJobs
from app.version import VERSION
from jobs.due import Job
from jobs.host_presence import HostPresence
from jobs.launcher import JobLauncher
from jobs.runner import JobRunner
from jobs.scheduler import JobScheduler


@dataclass(frozen=True, kw_only=True)
class JobFactories:
    """Builds the runner, launcher and scheduler of the scheduled jobs, each once."""

    foundation: Foundation
    scheduled: ScheduledJobs

    @property
    def all(self) -> tuple[Job, ...]:
        """Return all scheduled jobs, enabled or not."""
        return self.scheduled.all

    @cached_property
    def runner(self) -> JobRunner:
        """Return the object that runs jobs, under leases of this process."""
        return JobRunner(
            database=self.foundation.database,
            clock=self.foundation.clock,
            leases=self.foundation.leases,
            owner=self.foundation.owner,
            lease_secs=self.foundation.settings.lease_secs,
            errors=self.foundation.errors_of("jobs"),
        )

    @cached_property
    def launcher(self) -> JobLauncher:
        """Return the object that begins runs on request, in threads of this process."""
        return JobLauncher(jobs=self.all, runner=self.runner)

    @cached_property
    def host_presence(self) -> HostPresence:
        """Return what shows this host to the others, and removes its old files."""
        settings = self.foundation.settings
        return HostPresence(
            database=self.foundation.database,
            clock=self.foundation.clock,
            host=self.foundation.host,
            version=VERSION,
            time_zone=str(self.foundation.calendar.zone),
            peer_url=settings.peer_url,
            data_dir=settings.data_dir,
            announce_secs=settings.lease_secs / 3,
            prune_files=self.scheduled.retention.remove_files,
            errors=self.foundation.errors_of("jobs"),
        )

    @cached_property
    def scheduler(self) -> JobScheduler:
        """Return the object that starts jobs at their scheduled times."""
        return JobScheduler(
            jobs=self.all,
            runner=self.runner,
            clock=self.foundation.clock,
            look_secs=self.foundation.settings.lease_secs,
            errors_of=partial(self.foundation.errors_of, service="jobs"),
        )
