"""Queries on `job_runs`: the runs of scheduled jobs, and the leases of those that go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storage.engines.datetimes import from_sql_or_none, to_sql
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx
from storage.leasing import JOB_RUNS
from storage.models.mapping import row_to
from storage.schema import schema


class JobCause(StrEnum):
    """What started a run of a job."""

    SCHEDULE = "schedule"
    CATCH_UP = "catch_up"  # late, for a time at which it could not
    MANUAL = "manual"


class RunState(StrEnum):
    """The state of a run; MISSED stands for scheduled times that passed without one."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    MISSED = "missed"


@dataclass(frozen=True)
class JobRun:
    """A run of a job or, in state `missed`, the scheduled times of a gap without one.

    `times` counts the scheduled times it stands for, the last of them is `scheduled_at`.
    `lease_token` counts how often it was begun. `result` is a stored message.
    """

    id: int
    job: str
    scheduled_at: datetime
    times: int
    cause: JobCause
    state: RunState
    started_at: datetime | None
    finished_at: datetime | None
    result: str | None
    lease_owner: str | None
    lease_token: int
    lease_until: datetime | None


@dataclass(frozen=True)
class JobState:
    """What is recorded of a job.

    `open` is its open run; `newest` its newest scheduled run, also a missed one but no manual one;
    `first_seen_at` when a host first knew the job. Each is None when there is none.
    """

    open: JobRun | None
    newest: JobRun | None
    first_seen_at: datetime | None

    @property
    def accounted_until(self) -> datetime | None:
        """The moment up to which every scheduled time has a row; None for a job never seen."""
        if self.newest is None or self.first_seen_at is None:
            return self.newest.scheduled_at if self.newest else self.first_seen_at
        return max(self.newest.scheduled_at, self.first_seen_at)


def job_state(tx: Tx, job: str, now: datetime) -> JobState:
    """Return what is recorded of the job with that name.

    Runs that lie ahead of `now`, as a clock that was ahead left them, do not count.
    """
    found = tx.one("SELECT * FROM job_runs WHERE open_key=:job", job=job)
    newest = tx.one(
        "SELECT * FROM job_runs WHERE job=:job AND cause<>'manual'"
        " AND scheduled_at<=:now ORDER BY scheduled_at DESC LIMIT 1",
        job=job,
        now=to_sql(now),
    )
    first_seen = schema.get_fact(tx, _first_seen_fact(job))
    return JobState(
        row_to(JobRun, found) if found else None,
        row_to(JobRun, newest) if newest else None,
        from_sql_or_none(first_seen),
    )


def note_first_seen(tx: Tx, job: str, now: datetime) -> None:
    """Record when a job was first seen, once: times scheduled before that are not missed."""
    schema.set_fact_once(tx, _first_seen_fact(job), to_sql(now))


def _first_seen_fact(job: str) -> str:
    return f"job_met:{job}"


def start(
    tx: Tx,
    job: str,
    scheduled_at: datetime,
    cause: JobCause,
    owner: str,
    now: datetime,
    until: datetime,
) -> int:
    """Insert a run that begins now, under a lease of `owner` until `until`; return its id.

    Its token is 1.

    Raises:
        DuplicateKeyError: that time has its row already, or another run of the job is open.
    """
    return tx.add(
        "job_runs",
        job=job,
        open_key=job,
        scheduled_at=to_sql(scheduled_at),
        cause=cause.value,
        state="running",
        started_at=to_sql(now),
        lease_owner=owner,
        lease_token=1,
        lease_until=to_sql(until),
    )


LEASE_ENDED = "lease_until<=:now"


def take_over(tx: Tx, seen: JobRun, owner: str, now: datetime, until: datetime) -> bool:
    """Lease a run as `seen` after its lease ran out; return False when it changed since.

    Its token grows by 1.
    """
    return JOB_RUNS.claim(
        tx,
        seen.id,
        seen.lease_token,
        owner=owner,
        until=until,
        where=f"{JOB_RUNS.held} AND {LEASE_ENDED}",
        now=to_sql(now),
    )


def give_up(tx: Tx, seen: JobRun, reason: str, now: datetime) -> bool:
    """End a run as `seen`, whose lease ran out, as failed; return False when it changed since."""
    return JOB_RUNS.give_back(
        tx,
        seen.id,
        seen.lease_token,
        "state='failed', open_key=NULL, finished_at=:now, result=:reason",
        where=LEASE_ENDED,
        reason=reason[:MAX_TEXT_CHARS],
        now=to_sql(now),
    )


def finish(tx: Tx, run_id: int, token: int, state: RunState, result: str, now: datetime) -> bool:
    """End a run with its result (a stored message); return False when the lease was lost."""
    return JOB_RUNS.give_back(
        tx,
        run_id,
        token,
        "state=:state, open_key=NULL, finished_at=:now, result=:result",
        state=state.value,
        result=result[:MAX_TEXT_CHARS],
        now=to_sql(now),
    )


def give_back(tx: Tx, run_id: int, token: int, now: datetime) -> bool:
    """End a lease and leave the run open for another process; return False when it was lost."""
    return JOB_RUNS.write(tx, run_id, token, "lease_owner=NULL, lease_until=:now", now=to_sql(now))


def put_back(tx: Tx, run_id: int, token: int, until: datetime, reason: str) -> bool:
    """End a lease and leave the run open; return False when it was lost.

    No process takes it over before `until`; meanwhile `reason` stands as its result.
    """
    return JOB_RUNS.write(
        tx,
        run_id,
        token,
        "lease_owner=NULL, lease_until=:until, result=:reason",
        until=to_sql(until),
        reason=reason[:MAX_TEXT_CHARS],
    )


def note_missed(
    tx: Tx, job: str, scheduled_at: datetime, times: int, reason: str, now: datetime
) -> None:
    """Record `times` scheduled times that passed without a run, the last of them `scheduled_at`.

    Raises:
        DuplicateKeyError: that time has its row already.
    """
    tx.add(
        "job_runs",
        job=job,
        scheduled_at=to_sql(scheduled_at),
        times=times,
        cause="schedule",
        state="missed",
        finished_at=to_sql(now),
        result=reason[:MAX_TEXT_CHARS],
    )


def get(tx: Tx, run_id: int) -> JobRun | None:
    """Return the run with that id; None when there is none."""
    row = tx.one("SELECT * FROM job_runs WHERE id=:id", id=run_id)
    return row_to(JobRun, row) if row else None


def of_job(tx: Tx, job: str, limit: int) -> list[JobRun]:
    """Return up to `limit` runs of one job, the latest scheduled time first."""
    rows = tx.all(
        "SELECT * FROM job_runs WHERE job=:job ORDER BY scheduled_at DESC LIMIT :limit",
        job=job,
        limit=limit,
    )
    return [row_to(JobRun, row) for row in rows]


def newest(tx: Tx, limit: int) -> list[JobRun]:
    """Return up to `limit` runs of all jobs, the last inserted first."""
    rows = tx.all("SELECT * FROM job_runs ORDER BY id DESC LIMIT :limit", limit=limit)
    return [row_to(JobRun, row) for row in rows]
