"""Run scheduled jobs on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.due import Job
    from jobs.launcher import JobLauncher
    from jobs.runner import JobRunner
    from storage.crawling.job_runs import JobRun
    from web.audit_log import AuditLog, Principal


class JobUseCases:
    """Runs jobs on request, in the background or to their end."""

    def __init__(self, *, launcher: JobLauncher, runner: JobRunner, audit: AuditLog) -> None:
        self._launcher = launcher
        self._runner = runner
        self._audit = audit

    def launch(self, who: Principal, name: str) -> None:
        """Begin a run of the job of that name, and return without waiting for its end.

        Raises:
            InvalidInputError: there is no such job.
            JobBusyError: another run of it is in progress.
        """
        with self._audit.action(who, "job.run", name):
            self._launcher.launch(name)

    def run(self, who: Principal, job: Job, *, scheduled: bool) -> JobRun | None:
        """Run a job to its end and return the run.

        Args:
            scheduled: run only if the newest scheduled time has no run yet; None is returned when
                it has one.

        Raises:
            JobBusyError: another run of it is in progress; not with `scheduled`.
        """
        with self._audit.action(who, "job.run", job.name):
            if scheduled:
                return self._runner.run_due(job, requested=True)
            return self._runner.run_now(job)
