"""Run jobs under leases: the process that inserts the row of a scheduled time runs it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from core.cancellation import StoppedSignal
from core.clock import Clock
from core.errors import BatonError, DuplicateKeyError, JobBusyError, OvertakenError, RetryLaterError
from core.leases import Lease, LeaseKind, LeaseRegistry
from core.logs import fields, service_log, storable
from core.messages import Message
from core.supervision.internal_errors import ComponentErrors, described, lacks_resources
from jobs.due import PROCESS_ENDED, Job, JobContext, Plan, may_resume, plan_of
from storage.crawling import job_runs
from storage.crawling.job_runs import JobCause, JobRun, RunState
from storage.engines.transactions import Database, Tx

log = service_log("jobs")
INTERRUPTED = Message.of("run_interrupted")
# Until a run is resumed that this host lacked memory, descriptors or threads for; by attempt.
SHORTAGE_WAITS = (timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=5))


@dataclass(frozen=True)
class HeldRun:
    """A run whose lease this process holds; `stop` asks the run to end soon."""

    run: JobRun
    lease: Lease
    stop: threading.Event


@dataclass(kw_only=True)
class JobRunner:
    """Claims runs of jobs and executes them in the caller's thread.

    Args:
        leases: where the lease renewer of this process finds the leases of runs.
        owner: the id of this process, written into its leases.
        lease_secs: seconds after which another process may take over a run of a dead one.
    """

    database: Database
    clock: Clock
    leases: LeaseRegistry
    owner: str
    lease_secs: float
    errors: ComponentErrors
    # Reentrant: a signal handler calls `stop` in a thread that may hold it.
    _guard: threading.RLock = field(default_factory=threading.RLock, init=False)
    _held: list[HeldRun] = field(default_factory=list, init=False)
    _stopping: bool = field(default=False, init=False)

    @property
    def is_stopping(self) -> bool:
        return self._stopping

    def stop(self) -> None:
        """Ask every run of this process to end soon; safe to repeat, and in a signal handler."""
        with self._guard:
            self._stopping = True
            for held in list(self._held):
                held.stop.set()

    def run_due(self, job: Job, *, requested: bool = False) -> JobRun | None:
        """Record a job's missed times and run its newest one, unless another process does.

        Returns the run as it ended, or as it was handed back unfinished on `stop`; None when this
        process ran nothing. A job that raises is no error here: its run is recorded as failed.

        Args:
            requested: a timer outside Baton asks for it: the newest scheduled time counts even when
                it was before the job was registered.

        Raises:
            DatabaseError: no more was done; a run that was begun is taken over when its lease ends.
        """
        now = self.clock.now()
        state = self.database.read(job_runs.job_state, job.name, self.clock.now())
        plan = plan_of(job, state, now, requested=requested)
        if plan.is_empty:
            return None
        try:
            held = self._claim(partial(self._apply, job=job, plan=plan))
        except (DuplicateKeyError, OvertakenError):
            return None
        _log_plan(job, plan)
        return self._execute(job, held) if held is not None else None

    def run_now(self, job: Job) -> JobRun:
        """Run a job on request, whatever its schedule, and return the run as it ended.

        A job that raises is no error here, nor is one that `stop` interrupts: its run is recorded
        as failed.

        Raises:
            JobBusyError: a run of it is under way, here or in another process.
            DatabaseError: no more was done; a run that was begun is taken over when its lease ends.
        """
        now = self.clock.now()
        open_run = self.database.read(job_runs.job_state, job.name, self.clock.now()).open
        if open_run and open_run.lease_until is not None and open_run.lease_until > now:
            raise JobBusyError("job_running_already", job=job.name)
        give_up = (open_run, PROCESS_ENDED) if open_run is not None else None
        plan = Plan(give_up=give_up, start=(_off_schedule(now), JobCause.MANUAL))
        try:
            held = self._claim(partial(self._apply, job=job, plan=plan))
        except (DuplicateKeyError, OvertakenError):
            raise JobBusyError("job_running_already", job=job.name) from None
        assert held is not None
        return self._execute(job, held)

    def _claim(self, apply: partial[JobRun | None]) -> HeldRun | None:
        """Apply a plan in one transaction and hold its run's lease; None when it has no run."""
        # Read before the write: counted from later, the deadline could lie after the lease's end.
        claimed_at = self.clock.monotonic()
        run = self.database.write(apply)
        if run is None:
            return None
        stop = threading.Event()
        deadline = claimed_at + self.lease_secs
        lease = Lease(
            kind=LeaseKind.JOB,
            row_id=run.id,
            token=run.lease_token,
            deadline=deadline,
            on_lost=stop.set,
        )
        held = HeldRun(run, lease, stop)
        with self._guard:
            self._held.append(held)
            if self._stopping:
                stop.set()
        self.leases.add(lease)
        return held

    def _apply(self, tx: Tx, job: Job, plan: Plan) -> JobRun | None:
        """Write the plan and return the run to execute; None when it has none.

        Raises:
            DuplicateKeyError, OvertakenError: another process was faster.
        """
        now = self.clock.now()
        until = now + timedelta(seconds=self.lease_secs)
        if plan.register:
            job_runs.note_first_seen(tx, job.name, now)
        if plan.give_up is not None:
            dead, reason = plan.give_up
            if not job_runs.give_up(tx, dead, storable(reason), now):
                raise OvertakenError
        if plan.missed is not None:
            missed = plan.missed
            job_runs.note_missed(
                tx,
                job.name,
                scheduled_at=missed.last,
                times=missed.times,
                reason=storable(missed.reason),
                now=now,
            )
        if plan.resume is not None:
            if not job_runs.take_over(tx, plan.resume, self.owner, now, until):
                raise OvertakenError
            return job_runs.get(tx, plan.resume.id)
        if plan.start is None:
            return None
        scheduled_at, cause = plan.start
        run_id = job_runs.start(
            tx,
            job.name,
            scheduled_at=scheduled_at,
            cause=cause,
            owner=self.owner,
            now=now,
            until=until,
        )
        return job_runs.get(tx, run_id)

    def _execute(self, job: Job, held: HeldRun) -> JobRun:
        """Run a job whose lease is held, record how it ended, and return the run as recorded."""
        run = held.run
        about = fields(job=job.name, scheduled=run.scheduled_at.isoformat(), cause=run.cause)
        log.info("%s begun, attempt %s", about, run.lease_token)
        try:
            self._run(job, held, about)
        finally:
            self.leases.remove(held.lease)
            with self._guard:
                self._held.remove(held)
        # A row of a clock that was ahead may be gone: `doctor --fix` removes such runs.
        return self.database.read(job_runs.get, run.id) or run

    def _run(self, job: Job, held: HeldRun, about: str) -> None:
        try:
            result = job.run(JobContext(held.run.scheduled_at, held.stop, held.run.lease_token))
        except StoppedSignal:
            self._release(held, about)
        except RetryLaterError as error:
            self._retry_later(job, held, error, about)
        # A bug in one job must not end the others.
        except Exception as error:  # noqa: BLE001 (`_fail` and `_end_short` record it)
            if lacks_resources(error):
                self._end_short(job, held, error, about)
            else:
                self._fail(held, error, about)
        else:
            message = Message.text(result) if isinstance(result, str) else result
            self._finish(held, RunState.SUCCEEDED, message, about)

    def _fail(self, held: HeldRun, error: Exception, about: str) -> None:
        """Record that a run was ended by an error."""
        if isinstance(error, BatonError):
            self._finish(held, RunState.FAILED, error.message, about)
            return
        log.exception("%s ended by an error", about)
        self.errors.settled(error)
        failure = Message.of("job_internal_error", detail=repr(error))
        self._finish(held, RunState.FAILED, failure, about)

    def _retry_later(self, job: Job, held: HeldRun, error: RetryLaterError, about: str) -> None:
        """Leave a run open for its next try, on any host; the last one and one on request fail."""
        run = held.run
        if not may_resume(job, run, error.until):
            self._fail(held, error, about)
            return
        waits = Message.of(
            "run_tried_again", attempt=run.lease_token + 1, at=error.until, result=error.message
        )
        self.database.write_idempotent(
            job_runs.put_back, run.id, run.lease_token, error.until, storable(waits)
        )
        log.warning("%s waits: %s", about, waits)

    def _end_short(self, job: Job, held: HeldRun, error: Exception, about: str) -> None:
        """End a run that this host lacked memory, descriptors or threads for.

        It is resumed a little later, by another host as well; the last attempt fails.
        """
        self.errors.settled(error)
        run, reason = held.run, described(error)
        attempt = min(run.lease_token, len(SHORTAGE_WAITS))
        until = self.clock.now() + SHORTAGE_WAITS[attempt - 1]
        if not may_resume(job, run, until):
            self._finish(held, RunState.FAILED, reason, about)
            return
        self.database.write_idempotent(
            job_runs.put_back, run.id, run.lease_token, until, storable(reason)
        )
        log.warning("%s put back: %s", about, reason)

    def _finish(self, held: HeldRun, state: RunState, result: Message, about: str) -> None:
        """Record a run's result under its token; when the run was taken over, only log it."""
        run, now = held.run, self.clock.now()
        finish = partial(
            job_runs.finish,
            run_id=run.id,
            token=run.lease_token,
            state=state,
            result=storable(result),
            now=now,
        )
        if self.database.write(finish):
            level = log.info if state is RunState.SUCCEEDED else log.error
            level("%s %s: %s", about, state.value, result)
        else:
            log.warning("%s was taken over; its result is not kept: %s", about, result)

    def _release(self, held: HeldRun, about: str) -> None:
        """End the lease with the run unfinished, so that another process can resume it.

        A run on request ends as failed instead: no schedule would resume it.
        """
        run, now = held.run, self.clock.now()
        if run.cause is JobCause.MANUAL:
            self._finish(held, RunState.FAILED, INTERRUPTED, about)
            return
        self.database.write_idempotent(job_runs.give_back, run.id, run.lease_token, now)
        log.info("%s handed back unfinished", about)


def _off_schedule(now: datetime) -> datetime:
    """Return `now`, or 1 ms later when a schedule could have it: schedules have whole minutes."""
    return now if now.microsecond >= 1000 else now + timedelta(milliseconds=1)


def _log_plan(job: Job, plan: Plan) -> None:
    if plan.give_up is not None:
        run, reason = plan.give_up
        log.warning("%s failed: %s", fields(job=job.name, scheduled=run.scheduled_at), reason)
    if plan.missed is not None:
        log.warning(
            "%s missed: %s", fields(job=job.name, scheduled=plan.missed.last), plan.missed.reason
        )
