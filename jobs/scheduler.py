"""Look at the jobs at their scheduled times and in between, on the injected clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from core.clock import Clock
from core.errors import DatabaseError, NoThreadError
from core.logs import service_log
from core.poller import Poller
from core.supervision.internal_errors import ComponentErrors
from core.supervision.threads import start_thread
from jobs.due import Job
from jobs.runner import JobRunner

log = service_log("jobs")


class LookThreads:
    """Runs looks at jobs, each in a thread of its own, at most one at a time for each job.

    A look finds out what is due of the job, and runs it. The threads are daemons: a job that does
    not end must not keep the process from ending; its lease runs out. `failure` is the unexpected
    error that ended a look; None when there was none.
    """

    def __init__(self) -> None:
        self.failure: BaseException | None = None
        self._threads: dict[str, threading.Thread] = {}

    def submit(self, job_name: str, look: Callable[[], None]) -> bool:
        """Begin a look and return at once; return False when the job's last look still runs.

        Raises:
            NoThreadError: nothing was begun.
        """
        last = self._threads.get(job_name)
        if last is not None and last.is_alive():
            return False
        thread = threading.Thread(
            target=self._run, args=(job_name, look), name=f"job-{job_name}", daemon=True
        )
        start_thread(thread)
        self._threads[job_name] = thread
        return True

    def join(self) -> None:
        """Wait until no look runs, without a time limit."""
        for thread in self._threads.values():
            thread.join()

    def _run(self, job_name: str, look: Callable[[], None]) -> None:
        try:
            look()
        # Nothing above a thread sees its error: the scheduler raises it in `run`.
        except BaseException as error:
            log.exception("a look at %s ended by an error", job_name)
            self.failure = error


@dataclass(kw_only=True)
class JobScheduler:
    """Begins runs of jobs at their scheduled times; one thread of the long-running process.

    It looks at each scheduled time, and every `look_secs` seconds in between to find the run of a
    dead process. A look may come late, twice or on many hosts, because the rows of `job_runs`
    decide what runs, what is caught up and what was missed (`jobs/due.py`).

    Args:
        errors_of: returns what contains the unexpected errors of a component, here of a job's
            looks.
    """

    jobs: Sequence[Job]
    runner: JobRunner
    clock: Clock
    look_secs: float
    errors_of: Callable[[str], ComponentErrors]
    threads: LookThreads = field(default_factory=LookThreads)
    _next_look_at: dict[str, datetime] = field(default_factory=dict, init=False)

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set, then wait for the runs in progress to end or to be released.

        Errors are logged, and the look is tried again; raises one that came too often in a row.
        """
        try:
            Poller(clock=self.clock, poll_secs=self.look_secs).run_paced(self._checked_look, stop)
        finally:
            self.runner.stop()
            self.join()
        self._raise_failure()

    def look(self) -> float:
        """Begin every look that is due, and return the seconds until the next one.

        The first call looks at every job: what the last process left may be due.
        """
        now = self.clock.now()
        for job in self.jobs:
            if job.enabled and self._next_look_at.get(job.name, now) <= now:
                self._begin(job, now)
        if not self._next_look_at:
            return self.look_secs
        next_at = min(self._next_look_at.values())
        return max(0.0, (next_at - self.clock.now()).total_seconds())

    def join(self) -> None:
        """Wait for the looks that are in progress."""
        self.threads.join()

    def _checked_look(self) -> float:
        self._raise_failure()
        errors = self.errors_of("jobs")
        try:
            secs = self.look()
        except Exception as error:  # noqa: BLE001 (`escaped` logs it)
            return errors.escaped(error)
        errors.succeeded()
        return secs

    def _begin(self, job: Job, now: datetime) -> None:
        try:
            if not self.threads.submit(job.name, partial(self._look_at, job)):
                log.debug("%s is still running", job.name)
        except NoThreadError as error:
            log.error("job=%s waits: %s", job.name, error)
        latest = now + timedelta(seconds=self.look_secs)
        self._next_look_at[job.name] = min(job.schedule.next_after(now), latest)

    def _look_at(self, job: Job) -> None:
        errors = self.errors_of(f"job-{job.name}")
        try:
            self.runner.run_due(job)
        except DatabaseError as error:
            log.error("job=%s database trouble, looking again: %s", job.name, error)
        except Exception as error:  # noqa: BLE001 (`escaped` logs it, and raises the fifth)
            errors.escaped(error)
        else:
            errors.succeeded()

    def _raise_failure(self) -> None:
        if self.threads.failure is not None:
            raise self.threads.failure
