"""Runs jobs that somebody asked for, each in a thread of its own: a page does not wait for it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from core.errors import BatonError, InvalidInputError
from core.logs import service_log
from jobs.due import Job
from jobs.runner import JobRunner

log = service_log("jobs")
PROMPT_SECS = 1.0  # within it is known whether a run can begin


class JobLauncher:
    """Starts runs beside the schedule. The process needs a keeper that renews their leases."""

    def __init__(self, *, jobs: Sequence[Job], runner: JobRunner) -> None:
        self.jobs = tuple(jobs)
        self._runner = runner
        self._threads: list[threading.Thread] = []

    def named(self, name: str) -> Job:
        """The job of that name. Raises InvalidInputError, naming those there are."""
        for job in self.jobs:
            if job.name == name:
                return job
        names = ", ".join(job.name for job in self.jobs)
        raise InvalidInputError(f"no job is called {name!r}; there are: {names}")

    def launch(self, name: str) -> None:
        """Begin a run, and come back.

        Raises:
            InvalidInputError: no such job.
            JobBusyError: a run of it goes on.
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
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()
        thread.join(PROMPT_SECS)
        if refused:
            raise refused[0]

    def stop(self) -> None:
        """Ask the runs to end soon, handed back; safe to call twice."""
        self._runner.stop()

    def join(self, timeout_secs: float) -> bool:
        """Wait for the runs; False when one did not end in time."""
        for thread in self._threads:
            thread.join(timeout_secs)
        return not any(thread.is_alive() for thread in self._threads)
