"""Runs scheduled jobs under leases: whoever writes the row of a scheduled time runs it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from core.cancellation import StoppedSignal
from core.clock import Clock
from core.errors import BatonError, DuplicateKeyError, JobBusyError, OvertakenError
from core.leases import Lease, LeaseKind, LeaseRegistry
from core.logs import fields, redact, service_log
from jobs.due import Job, JobContext, Plan, plan_of
from storage.crawling import job_runs as rows
from storage.crawling.job_runs import JobCause, JobRun, RunState
from storage.engines.transactions import Database, Tx

log = service_log("jobs")
INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Taken:
    """A run that this process holds."""

    run: JobRun
    lease: Lease
    stop: threading.Event


class JobRunner:
    """Takes runs of jobs and carries them out.

    Args:
        owner: id of this process; leases carry it.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        book: LeaseRegistry,
        owner: str,
        lease_secs: float,
    ) -> None:
        self._database = database
        self._clock = clock
        self._book = book
        self._owner = owner
        self._lease_secs = lease_secs
        self._guard = threading.RLock()  # a signal may come while this thread holds it
        self._held: list[Taken] = []
        self._stopping = False

    @property
    def is_stopping(self) -> bool:
        return self._stopping

    def stop(self) -> None:
        """Ask every run in hand to end soon; safe to call twice, and from a signal handler."""
        with self._guard:
            self._stopping = True
            for taken in list(self._held):
                taken.stop.set()

    def settle(self, job: Job, *, asked: bool = False) -> JobRun | None:
        """Do what is due of a job: put missed times on record, and run the newest one unless
        another process does. The run as it ended, or None when there was none for us.

        Raises:
            DatabaseError: nothing, or nothing more, was done; what was begun is taken over.
        """
        now = self._clock.now()
        seen = self._database.read(rows.job_state, job.name)
        plan = plan_of(job, seen, now, asked=asked)
        if plan.is_empty:
            return None
        try:
            taken = self._take(partial(self._apply, job=job, plan=plan))
        except (DuplicateKeyError, OvertakenError):
            return None
        _log_plan(job, plan)
        return self._carry_out(job, taken) if taken is not None else None

    def run_now(self, job: Job) -> JobRun:
        """Run a job because somebody asks for it, whatever its schedule; the run as it ended.

        Raises:
            JobBusyError: a run of it goes on.
            DatabaseError: as for `settle`.
        """
        now = self._clock.now()
        seen = self._database.read(rows.job_state, job.name).open
        if seen is not None and seen.lease_until is not None and seen.lease_until > now:
            raise JobBusyError(_busy(job))
        give_up = (seen, "its process ended") if seen is not None else None
        plan = Plan(give_up=give_up, start=(_beside_the_schedule(now), JobCause.MANUAL))
        try:
            taken = self._take(partial(self._apply, job=job, plan=plan))
        except (DuplicateKeyError, OvertakenError):
            raise JobBusyError(_busy(job)) from None
        assert taken is not None
        return self._carry_out(job, taken)

    def _take(self, apply: partial[JobRun | None]) -> Taken | None:
        asked_at = self._clock.monotonic()
        run = self._database.write(apply)
        if run is None:
            return None
        stop = threading.Event()
        deadline = asked_at + self._lease_secs
        lease = Lease(
            kind=LeaseKind.JOB,
            row_id=run.id,
            token=run.lease_token,
            deadline=deadline,
            on_lost=stop.set,
        )
        taken = Taken(run, lease, stop)
        with self._guard:
            self._held.append(taken)
            if self._stopping:
                stop.set()
        self._book.add(lease)
        return taken

    def _apply(self, tx: Tx, job: Job, plan: Plan) -> JobRun | None:
        """Write the plan; the run that is ours now. Raises DuplicateKeyError, OvertakenError."""
        now = self._clock.now()
        until = now + timedelta(seconds=self._lease_secs)
        if plan.meet:
            rows.note_first_seen(tx, job.name, now)
        if plan.give_up is not None and not rows.give_up(tx, *plan.give_up, now):
            raise OvertakenError
        if plan.missed is not None:
            missed = plan.missed
            rows.note_missed(
                tx,
                job.name,
                scheduled_at=missed.last,
                times=missed.times,
                reason=missed.reason,
                now=now,
            )
        if plan.go_on is not None:
            if not rows.take_over(tx, plan.go_on, self._owner, now, until):
                raise OvertakenError
            return rows.get(tx, plan.go_on.id)
        if plan.start is None:
            return None
        scheduled_at, cause = plan.start
        run_id = rows.start(
            tx,
            job.name,
            scheduled_at=scheduled_at,
            cause=cause,
            owner=self._owner,
            now=now,
            until=until,
        )
        return rows.get(tx, run_id)

    def _carry_out(self, job: Job, taken: Taken) -> JobRun:
        run = taken.run
        about = fields(job=job.name, scheduled=run.scheduled_at.isoformat(), cause=run.cause)
        log.info("%s begun, attempt %s", about, run.lease_token)
        try:
            self._run(job, taken, about)
        finally:
            self._book.strike(taken.lease)
            with self._guard:
                self._held.remove(taken)
        ended = self._database.read(rows.get, run.id)
        assert ended is not None
        return ended

    def _run(self, job: Job, taken: Taken, about: str) -> None:
        try:
            result = job.run(JobContext(taken.run.scheduled_at, taken.stop))
        except StoppedSignal:
            self._hand_back(taken, about)
        except BatonError as error:
            self._finish(taken, RunState.FAILED, redact(str(error)), about)
        except Exception as error:  # a bug in one job must not end the others
            log.exception("%s ended by an error", about)
            self._finish(taken, RunState.FAILED, redact(f"internal error: {error!r}"), about)
        else:
            self._finish(taken, RunState.SUCCEEDED, result, about)

    def _finish(self, taken: Taken, state: RunState, result: str, about: str) -> None:
        run, now = taken.run, self._clock.now()

        def work(tx: Tx) -> bool:
            return rows.finish(
                tx, run.id, token=run.lease_token, state=state, result=result, now=now
            )

        if self._database.write(work):
            level = log.info if state is RunState.SUCCEEDED else log.error
            level("%s %s: %s", about, state.value, result)
        else:
            log.warning("%s was taken over; its result is not kept: %s", about, result)

    def _hand_back(self, taken: Taken, about: str) -> None:
        run, now = taken.run, self._clock.now()
        if run.cause is JobCause.MANUAL:
            self._finish(taken, RunState.FAILED, INTERRUPTED, about)
            return
        self._database.write_idempotent(rows.give_back, run.id, run.lease_token, now)
        log.info("%s handed back unfinished", about)


def _beside_the_schedule(now: datetime) -> datetime:
    """A time that no schedule has: those are whole minutes."""
    return now if now.microsecond >= 1000 else now + timedelta(milliseconds=1)


def _busy(job: Job) -> str:
    return f"{job.name} is running already; see: python cli.py jobs list"


def _log_plan(job: Job, plan: Plan) -> None:
    if plan.give_up is not None:
        run, reason = plan.give_up
        log.warning("%s failed: %s", fields(job=job.name, scheduled=run.scheduled_at), reason)
    if plan.missed is not None:
        log.warning(
            "%s missed: %s", fields(job=job.name, scheduled=plan.missed.last), plan.missed.reason
        )
