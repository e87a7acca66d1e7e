"""A run that its host lacked descriptors, memory or threads for is put back, and told."""

from __future__ import annotations

import errno
from datetime import timedelta

import pytest

from app.container import App
from core.errors import OutputError
from jobs.due import JobContext
from storage.crawling.job_runs import JobRun, RunState
from tests.support.crawler.workbench import ONE_ENGINE
from tests.support.jobs.job_tools import TEN, hourly, runs
from tests.support.messages import english
from tests.support.moving_clock import MovingClock

pytestmark = ONE_ENGINE
EMFILE = OSError(errno.EMFILE, "Too many open files")


def short(_context: JobContext) -> str:
    raise EMFILE


def short_of_a_file(_context: JobContext) -> str:
    raise OutputError("file_not_writable", path="p", detail="d") from EMFILE


def short_of_a_thread(_context: JobContext) -> str:
    raise RuntimeError("can't start new thread")


@pytest.fixture
def at_ten(app: App, clock: MovingClock) -> App:
    """An app that has met the job; it is a second past ten."""
    clock.move_to(TEN - timedelta(minutes=1))
    assert app.jobs.runner.run_due(hourly(str)) is None
    clock.move(61)
    return app


def only(app: App) -> JobRun:
    (run,) = runs(app)
    return run


@pytest.mark.parametrize("job", [short, short_of_a_file, short_of_a_thread])
def test_a_run_is_put_back_and_goes_on_when_the_host_has_room(
    at_ten: App, clock: MovingClock, job: object
) -> None:
    runner = at_ten.jobs.runner
    assert runner.run_due(hourly(job)) is not None  # type: ignore[arg-type]
    waiting = only(at_ten)
    assert (waiting.state, waiting.lease_owner) == (RunState.RUNNING, None)
    assert english(waiting.result)
    assert [one.component for one in at_ten.foundation.internal_errors.recent()] == ["jobs"]
    clock.move(30)
    assert runner.run_due(hourly(lambda _: "done")) is None, "not at once"
    clock.move(31)
    assert runner.run_due(hourly(lambda _: "done")) is not None
    assert (only(at_ten).state, english(only(at_ten).result)) == (RunState.SUCCEEDED, "done")


def test_a_run_that_never_gets_what_it_needs_fails_with_the_reason(
    at_ten: App, clock: MovingClock
) -> None:
    for attempt in range(1, 6):
        assert at_ten.jobs.runner.run_due(hourly(short)) is not None, attempt
        clock.move(301)
    failed = only(at_ten)
    assert (failed.state, failed.lease_token) == (RunState.FAILED, 5)
    assert "Too many open files" in english(failed.result)


def test_a_run_that_would_come_too_late_is_not_put_back(at_ten: App, clock: MovingClock) -> None:
    clock.move(250)
    assert at_ten.jobs.runner.run_due(hourly(short, catch_up=False)) is not None
    assert only(at_ten).state is RunState.FAILED


def test_a_run_on_request_fails_at_once(at_ten: App) -> None:
    assert at_ten.jobs.runner.run_now(hourly(short)).state is RunState.FAILED
