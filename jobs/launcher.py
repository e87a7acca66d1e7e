"""Run jobs on request, each in a thread of its own, so that a web request does not wait."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.errors import BatonError, InvalidInputError
from core.logs import service_log
from core.supervision.threads import start_thread
from jobs.due import Job
from jobs.runner import JobRunner

log = service_log("jobs")
# The caller of `launch` waits for so long, to learn that a run cannot begin.
REFUSAL_WAIT_SECS = 1.0


@dataclass(kw_only=True)
class JobLauncher:
    """Starts runs outside the schedule, in threads of this process.

    The process must run a lease renewer for them.

    Args:
        jobs: the jobs that can be asked for.
    """

    jobs: Sequence[Job]
    runner: JobRunner
    _threads: list[threading.Thread] = field(default_factory=list, init=False)

    def named(self, name: str) -> Job:
        """Return the job of that name.

        Raises:
            InvalidInputError: there is none; the message lists the known ones.
        """
        for job in self.jobs:
            if job.name == name:
                return job
        raise InvalidInputError("job_not_found", job=name, known=[job.name for job in self.jobs])

    def launch(self, name: str) -> None:
        """Begin a run and return after a second at most, without waiting for its end.

        A job that fails raises nothing here: its run is recorded as failed and logged.

        Raises:
            InvalidInputError: there is no such job.
            JobBusyError: a run of it is under way.
            DatabaseError: nothing was begun, or its end could not be recorded.
            NoThreadError: nothing was begun.
        """
        job = self.named(name)
        refused: list[BatonError] = []

        def run() -> None:
            try:
                self.runner.run_now(job)
            except BatonError as error:
                refused.append(error)
                log.warning("job=%s asked for: %s", job.name, error)
            except Exception as error:  # nothing above a thread would see it
                log.exception("job=%s asked for", job.name)
                self.runner.errors.settled(error)

        thread = threading.Thread(target=run, name=f"job-{job.name}", daemon=True)
        self._threads = [other for other in self._threads if other.is_alive()] + [thread]
        start_thread(thread)
        thread.join(REFUSAL_WAIT_SECS)
        if refused:
            raise refused[0]

    def stop(self) -> None:
        """Ask the runs to end soon, and release their leases; safe to call twice."""
        self.runner.stop()

    def join(self, timeout_secs: float) -> bool:
        """Wait up to `timeout_secs` for each run; return False when one still runs."""
        for thread in self._threads:
            thread.join(timeout_secs)
        return not any(thread.is_alive() for thread in self._threads)
