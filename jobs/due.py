"""What is to be done about a job just now: start, go on, give up, put on record as missed.

No clock and no database here: from what the rows tell, to a plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

from core.schedule import Schedule
from storage.crawling.job_runs import JobCause, JobRun, JobState

GRACE = timedelta(minutes=5)  # who starts within it is on time
MAX_BEGINNINGS = 5  # of one run: what kills every process must not go on for ever
MAX_COUNTED = 1000


@dataclass(frozen=True)
class JobContext:
    """What a run is told: the time it is for (UTC), and the event that asks it to end soon.

    `stop` is set when the process ends or another process has taken the run over.
    """

    scheduled_at: datetime
    stop: Event


@dataclass(frozen=True)
class Job:
    """Something that is done by schedule.

    Args:
        run: does it, and returns what it did in a sentence. It raises `StoppedSignal` when it ends
            unfinished because of `stop`, and any other error to have the run recorded as failed. It
            may be called again for the same time, after a process died.
        catch_up: whether it is made up for, once, when it could not run in time.
        switch: the setting that turns it on; empty for a job that always runs.
    """

    name: str
    meaning: str
    schedule: Schedule
    run: Callable[[JobContext], str]
    catch_up: bool = True
    enabled: bool = True
    switch: str = ""


@dataclass(frozen=True)
class Missed:
    """Scheduled times without a run, `last` being the last of them."""

    last: datetime
    times: int
    reason: str


@dataclass(frozen=True)
class Plan:
    """What to write, in one transaction: all of it, or nothing when another process was faster."""

    meet: bool = False
    give_up: tuple[JobRun, str] | None = None
    missed: Missed | None = None
    go_on: JobRun | None = None
    start: tuple[datetime, JobCause] | None = None

    @property
    def is_empty(self) -> bool:
        return self == Plan()


def plan_of(job: Job, seen: JobState, now: datetime, *, asked: bool = False) -> Plan:
    """What is due of a job.

    `asked` when somebody came just for it (a timer): then the newest time counts also when it was
    before the job was met first.
    """
    dead = seen.open
    if dead is not None and dead.lease_until is not None and dead.lease_until > now:
        return Plan()  # it runs; what comes due meanwhile is looked at when it has ended
    since = seen.accounted_until
    if asked:
        since = seen.newest.scheduled_at if seen.newest else None
    elif since is None:
        return Plan(meet=True)
    newest = job.schedule.newest(since, now)
    if dead is not None and newest is None and _may_go_on(job, dead, now):
        return Plan(go_on=dead)
    given_up = (dead, _obituary(dead, newest)) if dead is not None else None
    if newest is None:
        return Plan(give_up=given_up)
    late = now - newest > GRACE
    runs = job.catch_up or not late
    cause = JobCause.CATCH_UP if late else JobCause.SCHEDULE
    return Plan(
        meet=seen.first_seen_at is None,
        give_up=given_up,
        missed=_missed(job.schedule, seen, since, newest, includes_newest=not runs),
        start=(newest, cause) if runs else None,
    )


def _may_go_on(job: Job, dead: JobRun, now: datetime) -> bool:
    if dead.cause is JobCause.MANUAL or dead.lease_token >= MAX_BEGINNINGS:
        return False
    return job.catch_up or now - dead.scheduled_at <= GRACE


def _obituary(dead: JobRun, newest: datetime | None) -> str:
    if newest is not None:
        return "its process ended; the next time had come"
    if dead.lease_token >= MAX_BEGINNINGS:
        return f"begun {dead.lease_token} times and never ended; given up"
    return "its process ended"


def _missed(
    schedule: Schedule,
    seen: JobState,
    since: datetime | None,
    newest: datetime,
    *,
    includes_newest: bool,
) -> Missed | None:
    if since is None:
        return Missed(newest, 1, "it was too late for it") if includes_newest else None
    last = newest if includes_newest else schedule.newest_before(since, newest)
    if last is None:
        return None
    times = schedule.count(since, last, MAX_COUNTED)
    first = schedule.next_after(since)
    return Missed(last, times, _reason(seen.newest, first, last, times))


def _reason(before: JobRun | None, first: datetime, last: datetime, times: int) -> str:
    if before is not None and before.finished_at is not None and before.finished_at > first:
        why = f"the run of {_told(before.scheduled_at)} went on until {_told(before.finished_at)}"
    else:
        why = "no process was there to run it"
    if times == 1:
        return why
    more = " or more" if times == MAX_COUNTED else ""
    return f"{times}{more} times from {_told(first)} to {_told(last)}: {why}"


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
