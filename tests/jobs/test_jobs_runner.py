"""Runs of jobs: one process each, taken over from the dead, handed back, recorded as they ended."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest

from accounts.vault import Credentials
from app.container import App
from core.cancellation import StoppedSignal
from core.errors import CommitUnknownError, DatabaseError, JobBusyError, SettingsError
from core.leases import LeaseKind
from jobs.due import JobContext
from storage.crawling import job_runs, leases, tasks
from storage.crawling.job_runs import JobCause, RunState
from storage.models.tasks import TaskType, WaitingFor
from tests.support.crawler.workbench import ONE_ENGINE, Crash
from tests.support.jobs.job_tools import TEN, Gate, hourly, runs, told
from tests.support.messages import english

HOUR_SECS = 3600


@pytest.fixture
def at_ten(make_app, clock):
    """Two processes that have met the job; it is a second past ten (no clock is exact)."""
    clock.move_to(TEN)
    clock.move(-60)
    one, other = make_app(host="one"), make_app(host="other")
    assert one.jobs.runner.run_due(hourly(str)) is None
    clock.move(61)
    return one, other


def fine(context: JobContext) -> str:
    return f"did {context.scheduled_at:%H:%M}"


def dies(_context: JobContext) -> str:
    raise Crash


def test_a_run_is_a_row_and_is_done_once(at_ten, clock):
    one, other = at_ten
    run = one.jobs.runner.run_due(hourly(fine))
    assert run is not None
    assert (run.scheduled_at, run.cause, run.state) == (TEN, JobCause.SCHEDULE, RunState.SUCCEEDED)
    assert run.started_at is not None and run.finished_at == run.started_at > TEN
    assert run.lease_owner is None
    assert other.jobs.runner.run_due(hourly(fine)) is None
    assert one.jobs.runner.run_due(hourly(fine)) is None
    assert told(one) == [("10:00", "succeeded", "did 10:00")]
    clock.move(HOUR_SECS)
    assert other.jobs.runner.run_due(hourly(fine)) is not None
    assert told(one) == [("10:00", "succeeded", "did 10:00"), ("11:00", "succeeded", "did 11:00")]
    assert one.leases.held() == other.leases.held() == []


def test_a_run_whose_row_is_removed_meanwhile_is_no_error(at_ten):
    """As `doctor --fix` removes the runs of a clock that was ahead."""
    one, _other = at_ten

    def removes_its_row(_context: JobContext) -> str:
        one.database.write(lambda tx: tx.execute("DELETE FROM job_runs"))
        return "done"

    run = one.jobs.runner.run_due(hourly(removes_its_row))
    assert run is not None and run.scheduled_at == TEN
    assert one.leases.held() == []


def test_of_many_processes_at_once_one_runs_it(make_app, at_ten):
    apps = [*at_ten, *(make_app(host=f"h{n}") for n in range(4))]
    calls, all_here = [], threading.Barrier(len(apps))

    def counted(context: JobContext) -> str:
        calls.append(context.scheduled_at)
        return "done"

    def settle(app: App) -> bool:
        all_here.wait(30)
        return app.jobs.runner.run_due(hourly(counted)) is not None

    with ThreadPoolExecutor(len(apps)) as pool:
        assert sum(pool.map(settle, apps)) == 1
    assert calls == [TEN]
    assert len(runs(apps[0])) == 1


def test_a_dead_process_is_followed_by_the_next(at_ten, clock):
    one, other = at_ten
    with pytest.raises(Crash):
        one.jobs.runner.run_due(hourly(dies))
    assert told(one) == [("10:00", "running", "")]
    clock.move(29)
    assert other.jobs.runner.run_due(hourly(fine)) is None
    clock.move(2)
    run = other.jobs.runner.run_due(hourly(fine))
    assert run is not None
    assert (run.scheduled_at, run.lease_token, english(run.result)) == (TEN, 2, "did 10:00")
    assert len(runs(one)) == 1


def test_a_stale_process_changes_nothing_and_is_told_to_stop(at_ten, clock):
    one, other = at_ten
    seen = []

    def frozen(context: JobContext) -> str:
        clock.move(31)
        assert other.jobs.runner.run_due(hourly(fine)) is not None
        assert not context.stop.is_set(), "nobody has told this process"
        one.crawling.lease_renewer("").renew_once()
        seen.append(context.stop.is_set())
        return "too late"

    run = one.jobs.runner.run_due(hourly(frozen))
    assert seen == [True]
    assert run is not None and english(run.result) == "did 10:00"
    assert told(one) == [("10:00", "succeeded", "did 10:00")]


def test_a_process_that_comes_back_in_between_wins(at_ten, clock):
    one, other = at_ten
    with pytest.raises(Crash):
        one.jobs.runner.run_due(hourly(dies))
    clock.move(31)
    [seen] = runs(one)
    now, until = clock.now(), clock.now() + timedelta(seconds=30)
    tokens = {seen.id: seen.lease_token}
    renewal = one.database.write(leases.renew, LeaseKind.JOB, tokens, owner=one.owner, until=until)
    assert renewal.renewed == {seen.id}
    take = partial(job_runs.take_over, seen=seen, owner=other.owner, now=now, until=until)
    assert not other.database.write(take)
    assert not other.database.write(partial(job_runs.give_up, seen=seen, reason="", now=now))
    [kept] = runs(one)
    assert (kept.lease_token, kept.lease_owner) == (seen.lease_token, one.owner)


def test_a_long_run_keeps_its_lease(at_ten, clock):
    one, other = at_ten

    def long(context: JobContext) -> str:
        for _ in range(6 * 60 * 2):
            clock.move(10)
            one.crawling.lease_renewer("").renew_once()
        assert other.jobs.runner.run_due(hourly(fine)) is None, "one run at a time, on any host"
        assert not context.stop.is_set()
        return "long"

    assert one.jobs.runner.run_due(hourly(long)) is not None
    assert other.jobs.runner.run_due(hourly(fine)) is not None
    first, missed, last = told(one)
    assert first == ("10:00", "succeeded", "long")
    assert missed[:2] == ("11:00", "missed")
    assert missed[2].startswith("the run of 2026-11-22 10:00 went on until 2026-11-22 12:00")
    assert last == ("12:00", "succeeded", "did 12:00")


@ONE_ENGINE
def test_what_is_cut_short_is_handed_back_and_done_again(at_ten, clock):
    one, other = at_ten

    def cut(context: JobContext) -> str:
        one.jobs.runner.stop()
        assert context.stop.is_set()
        raise StoppedSignal

    run = one.jobs.runner.run_due(hourly(cut))
    assert run is not None and run.state is RunState.RUNNING and run.lease_owner is None
    assert one.leases.held() == []
    again = other.jobs.runner.run_due(hourly(fine))
    assert again is not None and (again.id, english(again.result)) == (run.id, "did 10:00")


@ONE_ENGINE
def test_a_stopping_process_begins_nothing_in_earnest(at_ten):
    one, _ = at_ten
    one.jobs.runner.stop()
    seen = []
    one.jobs.runner.run_due(hourly(lambda c: str(seen.append(c.stop.is_set()))))
    assert seen == [True]


@ONE_ENGINE
@pytest.mark.parametrize(
    ("error", "result"),
    [
        (SettingsError("no key; password=hunter2"), "no key; password=***"),
        (ZeroDivisionError("cookie=hunter2"), "internal error: ZeroDivisionError('cookie=***')"),
    ],
)
def test_a_failure_is_recorded_without_secrets(at_ten, logs, error: Exception, result: str):
    one, _ = at_ten

    def fails(_context: JobContext) -> str:
        raise error

    run = one.jobs.runner.run_due(hourly(fails))
    assert run is not None and (run.state, english(run.result)) == (RunState.FAILED, result)
    assert "hunter2" not in logs()
    assert one.jobs.runner.run_due(hourly(fine)) is None, "the next time comes by itself"


@ONE_ENGINE
def test_a_result_that_cannot_be_written_is_done_again(at_ten, clock, monkeypatch):
    one, other = at_ten

    def away(*_args: object, **_named: object) -> bool:
        raise DatabaseError("away")

    with monkeypatch.context() as trouble:
        trouble.setattr(job_runs, "finish", away)
        with pytest.raises(DatabaseError):
            one.jobs.runner.run_due(hourly(fine))
    assert one.leases.held() == [], "nobody renews it"
    clock.move(31)
    again = other.jobs.runner.run_due(hourly(fine))
    assert again is not None and (again.state, again.lease_token) == (RunState.SUCCEEDED, 2)


def test_a_lost_answer_to_the_claim_is_no_run_and_is_taken_over(at_ten, clock, monkeypatch):
    one, other = at_ten
    commit, calls = one.database.engine.commit, []

    def unsure(connection) -> None:
        commit(connection)
        raise CommitUnknownError("the answer was lost")

    with monkeypatch.context() as trouble:
        trouble.setattr(one.database.engine, "commit", unsure)
        with pytest.raises(CommitUnknownError):
            one.jobs.runner.run_due(hourly(lambda _c: str(calls.append(1))))
    assert calls == []
    assert told(one) == [("10:00", "running", "")]
    clock.move(31)
    assert other.jobs.runner.run_due(hourly(fine)) is not None
    assert told(one) == [("10:00", "succeeded", "did 10:00")]


def test_missed_times_and_the_run_are_written_together(at_ten, clock, monkeypatch):
    one, other = at_ten
    clock.move(3 * HOUR_SECS)

    def dead_here(*_args: object, **_named: object) -> int:
        raise Crash

    with monkeypatch.context() as dying:
        dying.setattr(job_runs, "start", dead_here)
        with pytest.raises(Crash):
            one.jobs.runner.run_due(hourly(fine))
    assert runs(one) == []
    assert other.jobs.runner.run_due(hourly(fine)) is not None
    reason = "3 times from 2026-11-22 10:00 to 2026-11-22 12:00: no process was there to run it"
    assert told(one) == [("12:00", "missed", reason), ("13:00", "succeeded", "did 13:00")]


def test_who_asks_for_a_run_gets_one_unless_one_goes_on(at_ten, clock):
    one, other = at_ten
    clock.move(90)
    gate = Gate()
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(one.jobs.runner.run_now, hourly(gate))
        assert gate.begun.wait(30)
        with pytest.raises(JobBusyError, match="job_running_already: job=views"):
            other.jobs.runner.run_now(hourly(fine))
        assert other.jobs.runner.run_due(hourly(fine)) is None
        gate.go_on.set()
        run = going.result(30)
    assert (run.cause, english(run.result)) == (JobCause.MANUAL, "done")
    assert other.jobs.runner.run_due(hourly(fine)) is not None, "it takes no scheduled time's place"
    assert told(one)[0] == ("10:00", "succeeded", "did 10:00")


@ONE_ENGINE
def test_a_run_by_hand_at_the_very_time_is_beside_the_schedule(at_ten, clock):
    one, _ = at_ten
    clock.move_to(TEN)
    one.jobs.runner.run_now(hourly(fine))
    assert one.jobs.runner.run_due(hourly(fine)) is not None
    assert [(r.cause, r.scheduled_at == TEN) for r in runs(one)] == [
        (JobCause.SCHEDULE, True),
        (JobCause.MANUAL, False),
    ]


@ONE_ENGINE
def test_an_interrupted_run_by_hand_is_not_done_again(at_ten, clock):
    one, other = at_ten

    def cut(_context: JobContext) -> str:
        raise StoppedSignal

    run = one.jobs.runner.run_now(hourly(cut))
    assert (run.state, english(run.result)) == (RunState.FAILED, "interrupted")
    clock.move(1)
    with pytest.raises(Crash):
        other.jobs.runner.run_now(hourly(dies))
    clock.move(31)
    assert one.jobs.runner.run_now(hourly(fine)).state is RunState.SUCCEEDED
    assert {english(r.result) for r in runs(one)} == {
        "interrupted",
        "its process ended",
        "did 10:00",
    }


def test_the_quota_day_begins_for_people_too(make_app, clock):
    app = make_app()
    spent, busy = (
        app.pool.registry.add("bilibili", name, Credentials(session="x"), 10) for name in ("a", "b")
    )
    for account in (spent, busy):
        app.pool.manager.update_export_count(account, 10)
    app.database.write(
        lambda tx: tx.execute("UPDATE accounts SET status='exporting' WHERE id=:id", id=busy)
    )
    task = app.crawling.submitter.submit_export("bilibili", "美妆", {}, 1).task
    leased = app.crawling.scheduler.claim(TaskType.EXPORT)
    assert leased is not None
    later = app.calendar.next_day_starts(app.calendar.next_day_starts(clock.now()))
    app.crawling.scheduler.requeue(
        leased, not_before=later, waiting_for=WaitingFor.QUOTA, paused=True
    )
    [job] = [one for one in app.jobs.all if one.name == "quota_reset"]
    today = app.jobs.runner.run_now(job)
    assert english(today.result) == (
        "quota day 2026-11-22: accounts with a new quota 0, tasks woken 1"
    )
    clock.move(86400)
    tomorrow = app.jobs.runner.run_now(job)
    assert english(tomorrow.result) == (
        "quota day 2026-11-23: accounts with a new quota 1, tasks woken 0"
    )
    reset, other = app.pool.registry.find("a"), app.pool.registry.find("b")
    assert (reset.today_export_count, f"{reset.quota_day}") == (0, "2026-11-23")
    assert (other.today_export_count, f"{other.quota_day}") == (10, "2026-11-22"), "it is at work"
    woken = app.database.read(tasks.get, task.id)
    assert woken is not None and woken.not_before is not None and woken.not_before < later
