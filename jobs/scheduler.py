"""Wakes the jobs at their times: APScheduler, on our clock and in our threads."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from apscheduler.executors.base import BaseExecutor, MaxInstancesReachedError
from apscheduler.job import Job as Entry
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.triggers.base import BaseTrigger

from core.clock import Clock
from core.errors import DatabaseError
from core.logs import service_log
from core.schedule import Schedule
from jobs.due import Job
from jobs.runner import JobRunner

log = service_log("jobs")


class LookTrigger(BaseTrigger):  # type: ignore[misc]
    """Fires at every scheduled time, and in between often enough to see that a process died."""

    def __init__(self, *, schedule: Schedule, look_secs: float) -> None:
        self._schedule = schedule
        self._look = timedelta(seconds=look_secs)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return min(self._schedule.next_after(now), now + self._look)


class ThreadPerRun(BaseExecutor):  # type: ignore[misc]
    """A thread for each look. They are daemons: a job that does not end must not keep the process
    from ending; its lease runs out. An error that leaves one is a bug, kept in `failure`."""

    def __init__(self) -> None:
        super().__init__()
        self.failure: BaseException | None = None
        self._threads: list[threading.Thread] = []

    def shutdown(self, wait: bool = True) -> None:
        for thread in self._threads if wait else []:
            thread.join()

    def _do_submit_job(self, job: Entry, run_times: list[datetime]) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=self._run, args=(job,), name=f"job-{job.id}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, job: Entry) -> None:
        try:
            job.func(*job.args)
        except BaseException as error:  # the last stop of a thread: the scheduler raises it
            log.exception("a look at %s ended by an error", job.id)
            self.failure = error
        finally:
            self._run_job_success(job.id, [])


class JobScheduler(BaseScheduler):  # type: ignore[misc]
    """One thread of the long-running process.

    APScheduler keeps the entries, their next moments and one instance of each. Its own loop is not
    used: that asks the host's clock, and drops what is late or still running without a word. Here
    the loop is on our clock, and each entry is only a look, which may come late, twice or on many
    hosts: the rows decide what runs, what is made up for and what is missed (job_plan.py).
    """

    def __init__(
        self,
        *,
        jobs: tuple[Job, ...],
        runner: JobRunner,
        clock: Clock,
        look_secs: float,
        executor: BaseExecutor | None = None,
    ) -> None:
        self._executor = executor or ThreadPerRun()
        super().__init__(
            timezone=UTC,
            executors={"default": self._executor},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._jobs = [job for job in jobs if job.enabled]
        self._runner = runner
        self._clock = clock
        self._look_secs = look_secs

    def run(self, stop: threading.Event) -> None:
        """Wake the jobs until `stop`, then wait for those that run to end or to be handed back."""
        self.start()
        try:
            while not stop.is_set():
                secs = self.look()
                self._raise_failure()
                self._clock.wait(stop, secs)
        finally:
            self._runner.stop()
            self.shutdown()
        self._raise_failure()

    def start(self, paused: bool = False) -> None:
        """Enter every job, to be looked at at once: what the last process left may be due."""
        for job in self._jobs:
            self.add_job(
                self._settle,
                LookTrigger(schedule=job.schedule, look_secs=self._look_secs),
                args=(job,),
                id=job.name,
                next_run_time=self._clock.now(),
            )
        super().start(paused)

    def look(self) -> float:
        """Hand on every entry whose moment has come; seconds to the next moment."""
        now = self._clock.now()
        for entry in self.get_jobs():
            if entry.next_run_time <= now:
                self._hand_on(entry, now)
        moments = [entry.next_run_time for entry in self.get_jobs()]
        if not moments:
            return self._look_secs
        return float(max(0.0, (min(moments) - self._clock.now()).total_seconds()))

    def wakeup(self) -> None:
        """APScheduler's call for another round: entries do not change while ours runs."""

    def shutdown(self, wait: bool = True) -> None:
        super().shutdown(wait)

    def _hand_on(self, entry: Entry, now: datetime) -> None:
        try:
            self._executor.submit_job(entry, [now])
        except MaxInstancesReachedError:
            log.debug("%s is still running", entry.id)
        entry.modify(next_run_time=entry.trigger.get_next_fire_time(now, now))

    def _settle(self, job: Job) -> None:
        try:
            self._runner.settle(job)
        except DatabaseError as error:
            log.error("job=%s database trouble, looking again: %s", job.name, error)

    def _raise_failure(self) -> None:
        failure = getattr(self._executor, "failure", None)
        if failure is not None:
            raise failure
