"""Plan what is due of a job: to start, resume, give up, or record as missed.

Pure functions from the rows of `job_runs` to a plan; without a clock and a database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

from core.messages import Message
from core.schedule import Schedule
from storage.crawling.job_runs import JobCause, JobRun, JobState

# A run that starts within this time counts as on time.
GRACE = timedelta(minutes=5)
# A run that kills every process must not be resumed without end.
MAX_ATTEMPTS = 5
# A schedule of every minute that was off for a year has half a million times; "at least 1000" says
# enough.
MAX_COUNTED_TIMES = 1000
PROCESS_ENDED = Message.of("process_ended")


@dataclass(frozen=True)
class JobContext:
    """The arguments of a run.

    Args:
        scheduled_at: the scheduled time that the run is for (UTC).
        stop: set when the run is to end soon: the process ends, or another one took the run over.
        attempt: how often the run was begun, this time included.
    """

    scheduled_at: datetime
    stop: Event
    attempt: int = 1


@dataclass(frozen=True)
class Job:
    """A function that runs on a schedule.

    Args:
        name: unique name, as in `job_runs.job` and on the command line.
        description: what it does, in a few words, for listings.
        run: does the work and returns the result; a text is shown in both languages as it is. It
            raises `StoppedSignal` when it ends unfinished because of `stop`, `RetryLaterError` to
            go on later, and any other error to have the run recorded as failed. It may be called
            again for the same time, after a process died.
        catch_up: whether the newest time that passed without a run is run late.
        enabled: whether the scheduler runs it; a disabled job can still be run on request.
        switch: the setting that enables it; empty for a job that is always enabled.
        max_attempts: how often a run is begun at most; the tries that the job asks for count.
    """

    name: str
    description: Message
    schedule: Schedule
    run: Callable[[JobContext], Message | str]
    catch_up: bool = True
    enabled: bool = True
    switch: str = ""
    max_attempts: int = MAX_ATTEMPTS


@dataclass(frozen=True)
class Missed:
    """Scheduled times that passed without a run and will get none.

    `last` (UTC) is the last of them, `times` their number.
    """

    last: datetime
    times: int
    reason: Message


@dataclass(frozen=True)
class Plan:
    """What is to be written for a job in one transaction.

    All of it is written, or none when another process was faster.

    Args:
        register: record now as the time from which the job's scheduled times count.
        give_up: an open run to end as failed, and the reason.
        missed: scheduled times to record as missed.
        resume: an open run of a dead process to continue.
        start: the scheduled time of a new run (UTC), and its cause.
    """

    register: bool = False
    give_up: tuple[JobRun, Message] | None = None
    missed: Missed | None = None
    resume: JobRun | None = None
    start: tuple[datetime, JobCause] | None = None

    @property
    def is_empty(self) -> bool:
        """Return True when nothing is due: no write is needed."""
        return self == Plan()


def plan_of(job: Job, state: JobState, now: datetime, *, requested: bool = False) -> Plan:
    """Return what is due of a job at `now` (UTC); an empty plan when nothing is.

    Nothing is due while a run of it holds its lease.

    Args:
        state: the job's rows in `job_runs`, as read before.
        requested: whether a timer outside Baton asks for this job: its newest scheduled time then
            counts even when it was before the job was registered.
    """
    dead = state.open
    if dead is not None and dead.lease_until is not None and dead.lease_until > now:
        return Plan()  # It is alive; what comes due meanwhile is planned when it has ended.
    since = state.accounted_until
    if requested:
        since = state.newest.scheduled_at if state.newest else None
    elif since is None:
        return Plan(register=True)
    newest = job.schedule.newest(since, now)
    if dead is not None and newest is None and may_resume(job, dead, now):
        return Plan(resume=dead)
    given_up = (dead, _give_up_reason(job, dead, newest)) if dead is not None else None
    if newest is None:
        return Plan(give_up=given_up)
    late = now - newest > GRACE
    runs = job.catch_up or not late
    cause = JobCause.CATCH_UP if late else JobCause.SCHEDULE
    return Plan(
        register=state.first_seen_at is None,
        give_up=given_up,
        missed=_missed(job.schedule, state, since, newest, includes_newest=not runs),
        start=(newest, cause) if runs else None,
    )


def may_resume(job: Job, dead: JobRun, now: datetime) -> bool:
    """Return True when an open run may continue at `now`, under another lease.

    That takes a scheduled run of a job with `catch_up` or that is still on time, with attempts
    left.
    """
    if dead.cause is JobCause.MANUAL or dead.lease_token >= job.max_attempts:
        return False
    return job.catch_up or now - dead.scheduled_at <= GRACE


def _give_up_reason(job: Job, dead: JobRun, newest: datetime | None) -> Message:
    if newest is not None:
        return Message.of("process_ended_next_due")
    if dead.lease_token >= job.max_attempts:
        return Message.of("run_never_ended", attempts=dead.lease_token)
    return PROCESS_ENDED


def _missed(
    schedule: Schedule,
    state: JobState,
    since: datetime | None,
    newest: datetime,
    *,
    includes_newest: bool,
) -> Missed | None:
    """Return the times after `since` that are recorded as missed; None when there are none.

    `newest` is among them with `includes_newest` only.
    """
    if since is None:
        return Missed(newest, 1, Message.of("run_too_late")) if includes_newest else None
    last = newest if includes_newest else schedule.newest_before(since, newest)
    if last is None:
        return None
    times = schedule.count(since, last, MAX_COUNTED_TIMES)
    first = schedule.next_after(since)
    return Missed(last, times, _missed_reason(state.newest, first, last, times))


def _missed_reason(previous: JobRun | None, first: datetime, last: datetime, times: int) -> Message:
    reason = Message.of("no_process_running")
    if previous is not None and previous.finished_at is not None and previous.finished_at > first:
        reason = Message.of(
            "previous_run_went_on",
            scheduled_at=previous.scheduled_at,
            finished_at=previous.finished_at,
        )
    if times == 1:
        return reason
    if times == MAX_COUNTED_TIMES:
        return Message.of("missed_at_least", times=times, first=first, last=last, reason=reason)
    return Message.of("missed_several", times=times, first=first, last=last, reason=reason)
