"""The scheduler: wakes each job at its times and in between, one instance of each, on our clock."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, tzinfo
from typing import NoReturn

import pytest

import core.schedule
import jobs.due
import jobs.runner
import jobs.scheduler
from app.container import App
from core.clock import SystemClock
from core.errors import DatabaseUnavailableError
from core.supervision import internal_errors
from jobs.due import Job
from jobs.scheduler import JobScheduler, LookThreads
from tests.support.crawler.workbench import ONE_ENGINE
from tests.support.jobs.job_tools import TEN, Gate, Inline, hourly, runs, told
from tests.support.messages import english
from tests.support.moving_clock import MovingClock

pytestmark = ONE_ENGINE


def scheduler(app: App, *all_jobs: Job, inline: bool = True) -> JobScheduler:
    return JobScheduler(
        jobs=all_jobs,
        runner=app.jobs.runner,
        clock=app.clock,
        look_secs=app.settings.lease_secs,
        errors_of=app.foundation.errors_of,
        threads=Inline() if inline else LookThreads(),
    )


def live(one: JobScheduler, clock: MovingClock, until) -> None:
    """Let it run on the moving clock until that moment."""
    stop = threading.Event()
    clock.on_wait = lambda: stop.set() if clock.now() >= until else None
    one.run(stop)
    clock.on_wait = None


def test_every_job_runs_at_its_times(app: App, clock):
    clock.move_to(TEN - timedelta(minutes=1))
    views, nightly = hourly(lambda c: "v"), hourly(lambda c: "n", name="plays", cron="30 10 * * *")
    off = hourly(lambda c: "o", name="off", enabled=False)
    live(scheduler(app, views, nightly, off), clock, TEN + timedelta(hours=2, minutes=1))
    assert told(app) == [(at, "succeeded", "v") for at in ("10:00", "11:00", "12:00")]
    assert told(app, "plays") == [("10:30", "succeeded", "n")]
    assert runs(app, "off") == []
    assert {one.started_at - one.scheduled_at for one in runs(app)} == {timedelta(0)}


def test_it_looks_for_the_dead_in_between(app: App, make_app, clock):
    clock.move_to(TEN)
    one = scheduler(app, hourly(lambda c: "v"))
    assert one.look() == 30
    clock.move(30)
    one.look()
    clock.move_to(TEN + timedelta(minutes=59, seconds=45))
    assert one.look() == 15, "the time itself comes first"


def test_without_jobs_it_waits(app: App, clock):
    live(scheduler(app), clock, clock.now() + timedelta(hours=1))
    assert set(clock.waits) == {30.0}


def test_a_job_that_runs_is_not_begun_again_and_others_go_on(app: App, clock):
    clock.move_to(TEN - timedelta(minutes=1))
    gate, quick = Gate(), threading.Event()

    def other(_context) -> str:
        quick.set()
        return "quick"

    slow, fast = hourly(gate), hourly(other, name="plays")
    one = scheduler(app, slow, fast, inline=False)
    one.look()
    one.join()
    clock.move_to(TEN)
    one.look()
    assert gate.begun.wait(30) and quick.wait(30)
    gate.begun.clear()
    clock.move(40)
    one.look()
    gate.go_on.set()
    one.join()
    assert not gate.begun.is_set()
    assert [r.scheduled_at for r in runs(app)] == [TEN]
    assert english(runs(app)[0].result) == "done"


def test_the_end_waits_for_what_runs(app: App):
    gate, stop = Gate(), threading.Event()
    one = scheduler(app, hourly(gate, cron="* * * * *"), inline=False)
    app.jobs.runner.run_due(hourly(gate, cron="* * * * *"))
    app.host_clock.move(120)  # type: ignore[attr-defined]
    one.clock = SystemClockOf(app)  # type: ignore[assignment]
    thread = threading.Thread(target=one.run, args=(stop,))
    thread.start()
    assert gate.begun.wait(30)
    stop.set()
    thread.join(0.2)
    assert thread.is_alive()
    gate.go_on.set()
    thread.join(30)
    assert not thread.is_alive()
    assert english(runs(app)[-1].result) == "done"


class SystemClockOf(SystemClock):
    """Waits in earnest, but tells the moving time."""

    def __init__(self, app: App) -> None:
        self._app = app

    def now(self):
        return self._app.clock.now()


def test_database_trouble_ends_nothing(app: App, clock, monkeypatch, logs):
    clock.move_to(TEN - timedelta(minutes=1))
    one = scheduler(app, hourly(lambda c: "v"))
    run_due, tries = app.jobs.runner.run_due, []

    def failing_at_first(job: Job):
        tries.append(1)
        if 1 < len(tries) < 20:
            raise DatabaseUnavailableError("away")
        return run_due(job)

    monkeypatch.setattr(app.jobs.runner, "run_due", failing_at_first)
    live(one, clock, TEN + timedelta(minutes=20))
    assert told(app) == [("10:00", "succeeded", "v")]
    assert "job=views database trouble, looking again: away" in logs()


@pytest.mark.parametrize("inline", [True, False])
def test_a_bug_ends_the_service(app: App, clock, monkeypatch, inline: bool):
    def bug(_job: Job) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(app.jobs.runner, "run_due", bug)
    # The clock moves on while a thread has not begun yet.
    monkeypatch.setattr(internal_errors, "ESCAPED_WITHIN_SECS", 2 * 86_400.0)
    one = scheduler(app, hourly(lambda c: "v"), inline=inline)
    with pytest.raises(ZeroDivisionError):
        live(one, clock, clock.now() + timedelta(days=1))


def test_the_hosts_clock_decides_nothing(app: App, clock, monkeypatch):
    """A host whose clock is an hour fast must not run, and record, an hour early."""

    class HostClock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> NoReturn:
            raise AssertionError("this asks the host's clock")

    for module in (jobs.scheduler, jobs.runner, jobs.due, core.schedule):
        monkeypatch.setattr(module, "datetime", HostClock)
    clock.move_to(TEN - timedelta(minutes=1))
    live(scheduler(app, hourly(lambda c: "v")), clock, TEN + timedelta(minutes=1))
    assert told(app) == [("10:00", "succeeded", "v")]
