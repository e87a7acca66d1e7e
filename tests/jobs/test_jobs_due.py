"""What is to be done about a job, from what the rows tell; no database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.messages import Message
from core.schedule import Schedule
from jobs.due import MAX_ATTEMPTS, Job, Plan, plan_of
from storage.crawling.job_runs import JobCause, JobRun, JobState, RunState
from tests.support.messages import english

NAMELESS = Message.text("")
PROCESS_ENDED = Message.of("process_ended")
HOURLY = Schedule("0 * * * *", ZoneInfo("UTC"))
TEN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def job(**changes: Any) -> Job:
    return Job(
        name="views",
        description=NAMELESS,
        schedule=HOURLY,
        run=lambda _context: "done",
        **changes,
    )


def run(at: datetime = TEN, state: RunState = RunState.SUCCEEDED, **changes: Any) -> JobRun:
    values: dict[str, Any] = {
        "id": 1,
        "job": "views",
        "scheduled_at": at,
        "times": 1,
        "cause": JobCause.SCHEDULE,
        "state": state,
        "started_at": at,
        "finished_at": at + MINUTE,
        "result": "",
        "lease_owner": None,
        "lease_token": 1,
        "lease_until": None,
    }
    return JobRun(**(values | changes))


def running(until: datetime, at: datetime = TEN, **changes: Any) -> JobRun:
    return run(at, RunState.RUNNING, finished_at=None, lease_until=until, **changes)


def after(newest: JobRun | None = None, open: JobRun | None = None) -> JobState:
    return JobState(open, newest or open or run(), TEN - 5 * HOUR)


def test_a_job_that_is_met_first_has_missed_nothing():
    assert plan_of(job(), JobState(None, None, None), TEN) == Plan(register=True)
    met = JobState(None, None, TEN)
    assert plan_of(job(), met, TEN + 59 * MINUTE).is_empty
    assert plan_of(job(), met, TEN + HOUR).start == (TEN + HOUR, JobCause.SCHEDULE)


def test_a_time_is_done_once():
    assert plan_of(job(), after(), TEN + 59 * MINUTE).is_empty
    assert plan_of(job(), after(), TEN + HOUR) == Plan(start=(TEN + HOUR, JobCause.SCHEDULE))


@pytest.mark.parametrize(("late", "cause"), [(5, JobCause.SCHEDULE), (6, JobCause.CATCH_UP)])
def test_who_is_late_says_so(late: int, cause: JobCause):
    assert plan_of(job(), after(), TEN + HOUR + late * MINUTE).start == (TEN + HOUR, cause)


def test_the_newest_is_made_up_for_and_the_others_are_put_on_record():
    plan = plan_of(job(), after(), TEN + 6 * HOUR + 10 * MINUTE)
    assert plan.start == (TEN + 6 * HOUR, JobCause.CATCH_UP)
    assert plan.missed is not None
    assert (plan.missed.last, plan.missed.times) == (TEN + 5 * HOUR, 5)
    assert english(plan.missed.reason) == (
        "5 times from 2026-11-22 11:00 to 2026-11-22 15:00: no process was there to run it"
    )


def test_what_makes_no_sense_later_is_only_put_on_record():
    once = job(catch_up=False)
    plan = plan_of(once, after(), TEN + 2 * HOUR + 10 * MINUTE)
    assert plan.start is None
    assert plan.missed is not None
    assert (plan.missed.last, plan.missed.times) == (TEN + 2 * HOUR, 2)
    on_time = plan_of(once, after(), TEN + 2 * HOUR + 3 * MINUTE)
    assert on_time.start == (TEN + 2 * HOUR, JobCause.SCHEDULE)
    assert on_time.missed is not None and on_time.missed.times == 1


def test_a_year_away_is_one_row():
    plan = plan_of(job(), after(), TEN + timedelta(days=365))
    assert plan.missed is not None
    assert plan.missed.times == 1000
    assert english(plan.missed.reason).startswith("1000 or more times from 2026-11-22 11:00")
    assert plan.start == (TEN + timedelta(days=365), JobCause.SCHEDULE)


def test_a_run_that_takes_long_is_left_alone_and_then_named():
    alive = after(open=running(TEN + 3 * HOUR))
    assert plan_of(job(), alive, TEN + 3 * HOUR - MINUTE).is_empty
    ended = after(run(finished_at=TEN + 3 * HOUR + MINUTE))
    plan = plan_of(job(), ended, TEN + 3 * HOUR + MINUTE)
    assert plan.start == (TEN + 3 * HOUR, JobCause.SCHEDULE)
    assert plan.missed is not None
    assert english(plan.missed.reason) == (
        "2 times from 2026-11-22 11:00 to 2026-11-22 12:00: the run of 2026-11-22 10:00"
        " went on until 2026-11-22 13:01"
    )


def test_the_run_of_a_dead_process_goes_on_while_its_time_is_the_newest():
    dead = running(TEN + MINUTE)
    assert plan_of(job(), after(open=dead), TEN + 30 * MINUTE) == Plan(resume=dead)
    later = plan_of(job(), after(open=dead), TEN + HOUR)
    assert later == Plan(
        give_up=(dead, Message.of("process_ended_next_due")),
        start=(TEN + HOUR, JobCause.SCHEDULE),
    )


def test_it_goes_on_late_only_where_that_makes_sense():
    dead, once = running(TEN + MINUTE), job(catch_up=False)
    assert plan_of(once, after(open=dead), TEN + 5 * MINUTE).resume is dead
    assert plan_of(once, after(open=dead), TEN + 6 * MINUTE).give_up == (
        dead,
        Message.of("process_ended"),
    )


def test_what_ends_every_process_does_not_go_on_for_ever():
    deadly = running(TEN + MINUTE, lease_token=MAX_ATTEMPTS)
    plan = plan_of(job(), after(open=deadly), TEN + 2 * MINUTE)
    assert plan == Plan(give_up=(deadly, Message.of("run_never_ended", attempts=5)))


def test_what_somebody_asked_for_is_not_done_again():
    manual = running(TEN + MINUTE, cause=JobCause.MANUAL)
    standing = JobState(manual, run(), TEN)
    assert plan_of(job(), standing, TEN + 2 * MINUTE) == Plan(give_up=(manual, PROCESS_ENDED))


def test_who_comes_for_it_runs_also_what_came_before_the_job_was_met():
    unknown = JobState(None, None, None)
    now = TEN + 20 * MINUTE
    assert plan_of(job(), unknown, now, requested=True) == Plan(
        register=True, start=(TEN, JobCause.CATCH_UP)
    )
    met = JobState(None, None, TEN + MINUTE)
    assert plan_of(job(), met, now).is_empty
    assert plan_of(job(), met, now, requested=True) == Plan(start=(TEN, JobCause.CATCH_UP))
    done = JobState(None, run(), TEN + MINUTE)
    assert plan_of(job(), done, now, requested=True).is_empty
    late = plan_of(job(catch_up=False), unknown, now, requested=True)
    assert late.start is None and late.missed is not None and late.missed.last == TEN
