"""Run jobs on request, each in a thread of its own, so that a web request does not wait."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from core.errors import BatonError, InvalidInputError
from core.logs import service_log
from jobs.due import Job
from jobs.runner import JobRunner

log = service_log("jobs")
# The caller of `launch` waits for so long, to learn that a run cannot begin.
REFUSAL_WAIT_SECS = 1.0


class JobLauncher:
    """Starts runs outside the schedule. The process must run a lease renewer for them.

    Args:
        jobs: the jobs that can be asked for.
    """

    def __init__(self, *, jobs: Sequence[Job], runner: JobRunner) -> None:
        self.jobs = tuple(jobs)
        self._runner = runner
        self._threads: list[threading.Thread] = []

    def named(self, name: str) -> Job:
        """Return the job of that name. Raise InvalidInputError, which names the known jobs."""
        for job in self.jobs:
            if job.name == name:
                return job
        names = [job.name for job in self.jobs]
        raise InvalidInputError("job_not_found", job=name, known=names)

    def launch(self, name: str) -> None:
        """Begin a run and return after a second at most, without waiting for its end.

        A run that fails later is recorded as failed and logged.

        Raises:
            InvalidInputError: there is no such job.
            JobBusyError: a run of it is under way.
            DatabaseError: nothing was begun.
        """
        job = self.named(name)
        refused: list[BatonError] = []

        def run() -> None:
            try:
                self._runner.run_now(job)
            except BatonError as error:
                refused.append(error)
                log.warning("job=%s asked for: %s", job.name, error)

        thread = threading.Thread(target=run, name=f"job-{job.name}", daemon=True)
        self._threads = [other for other in self._threads if other.is_alive()] + [thread]
        thread.start()
        thread.join(REFUSAL_WAIT_SECS)
        if refused:
            raise refused[0]

    def stop(self) -> None:
        """Ask the runs to end soon, and release their leases; safe to call twice."""
        self._runner.stop()

    def join(self, timeout_secs: float) -> bool:
        """Wait up to `timeout_secs` for each run; return False when one still runs."""
        for thread in self._threads:
            thread.join(timeout_secs)
        return not any(thread.is_alive() for thread in self._threads)
