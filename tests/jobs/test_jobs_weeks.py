"""Days of jobs on a fake clock, with kills, outages and a change of clocks.

Every scheduled time has one run that ended, or its miss is on record. BATON_JOB_DAYS sets their
number, 14 in `make proof`; on MariaDB, whose every look costs milliseconds, less than half of it.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.container import App
from crawler.runtime.lease_renewer import LeaseRenewer
from jobs.due import Job, JobContext
from jobs.scheduler import JobScheduler
from storage.crawling.job_runs import JobCause, RunState
from tests.support.crawler.workbench import Crash
from tests.support.jobs.job_tools import Inline, hourly, runs
from tests.support.moving_clock import MovingClock

BERLIN = ZoneInfo("Europe/Berlin")
LEASE_SECS = 600.0
HOSTS = 2
DEADLY = 0.04  # the chance that a process is killed at one of a run's steps
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
DAYS = int(os.environ.get("BATON_JOB_DAYS", "6"))
SHORT, WEEKS = DAYS * 2 // 5, 14
SPRING, AUTUMN = (
    datetime(2026, month, day, 12, 7, tzinfo=UTC) for month, day in ((3, 29), (10, 25))
)  # the days of the change, in the night before
CRONS = {
    "views": "0 * * * *",
    "plays": "30 2 * * *",
    "export": "*/30 1-3 * * *",
    "week": "0 9 * * 1-5",
}
STEPS = {"views": 3, "plays": 8, "export": 1, "week": 2}  # of five minutes each
NO_CATCH_UP = "week"


@dataclass
class Host:
    """A process: its scheduler and its keeper, until it is killed."""

    app: App
    scheduler: JobScheduler
    keeper: LeaseRenewer
    looking: bool = False


class Weeks:
    """Processes that live side by side on one clock. A run's steps let the others live on."""

    def __init__(self, make_app: Callable[..., App], clock: MovingClock, seed: int) -> None:
        self._make_app, self._clock, self._random = make_app, clock, random.Random(seed)
        self._hosts: list[Host] = []
        self._down_until: list[datetime] = []
        self._deadly = DEADLY
        self.kills = 0
        self.ended: Counter[tuple[str, datetime]] = Counter()
        self.at_once: Counter[str] = Counter()
        self.most_at_once = 0
        self.jobs = tuple(
            hourly(
                self._runner(name),
                name=name,
                cron=cron,
                zone=BERLIN.key,
                catch_up=name != NO_CATCH_UP,
            )
            for name, cron in CRONS.items()
        )

    def live(self, until: datetime) -> None:
        """Let the processes live until that moment; who is killed is started again later."""
        while self._clock.now() < until:
            self._start_those_who_are_down()
            secs = min([self._look(host) for host in list(self._hosts)] or [LEASE_SECS])
            self._clock.move(min(secs, LEASE_SECS / 3) + 0.001)
            self._keep()

    def settle(self) -> None:
        """Let them end what is open; nobody dies any more."""
        self._deadly = 0.0
        self.live(self._clock.now() + timedelta(hours=6))

    def kill_all(self, secs: float) -> None:
        self._hosts.clear()
        self._down_until = [self._clock.now() + timedelta(seconds=secs)] * HOSTS

    def _start_those_who_are_down(self) -> None:
        if not self._hosts and not self._down_until:
            self._down_until = [self._clock.now()] * HOSTS
        for moment in [at for at in self._down_until if at <= self._clock.now()]:
            self._down_until.remove(moment)
            app = self._make_app(lease_secs=LEASE_SECS)
            scheduler = JobScheduler(
                jobs=self.jobs,
                runner=app.jobs.runner,
                clock=app.clock,
                look_secs=LEASE_SECS,
                errors_of=app.foundation.errors_of,
                threads=Inline(),
            )
            self._hosts.append(Host(app, scheduler, app.crawling.lease_renewer("jobs")))

    def _look(self, host: Host) -> float:
        if host.looking or host not in self._hosts:
            return LEASE_SECS
        host.looking = True
        try:
            return host.scheduler.look()
        except Crash:
            self.kills += 1
            self._hosts.remove(host)
            outage = self._random.choice([1, 60, LEASE_SECS, 4000, 20_000])
            self._down_until.append(self._clock.now() + timedelta(seconds=outage))
            return 0.0
        finally:
            host.looking = False

    def _keep(self) -> None:
        for host in self._hosts:
            host.keeper.renew_once()

    def _runner(self, name: str) -> Callable[[JobContext], str]:
        def run(context: JobContext) -> str:
            self.at_once[name] += 1
            self.most_at_once = max(self.most_at_once, self.at_once[name])
            try:
                for _ in range(STEPS[name]):
                    self._step()
            finally:
                self.at_once[name] -= 1
            self.ended[name, context.scheduled_at] += 1
            return "done"

        return run

    def _step(self) -> None:
        """A while of a run: others live on; at its end the process may be killed."""
        for _ in range(2):
            self._clock.move(150)
            self._keep()
            for host in list(self._hosts):
                self._look(host)
        if self._random.random() < self._deadly:
            raise Crash


def due(name: str, begin: datetime, end: datetime) -> list[datetime]:
    """The times of a job as Debian cron has them, minute by minute, without cronsim."""
    found, minute = [], begin.replace(second=0, microsecond=0)
    while (minute := minute + MINUTE) <= end:
        local = minute.astimezone(BERLIN)
        before = (minute - MINUTE).astimezone(BERLIN)
        gap = local.utcoffset() > before.utcoffset()  # type: ignore[operator]
        at = (local.hour, local.minute)
        yes = {
            "views": local.minute == 0,
            "plays": (at == (2, 30) and not local.fold) or gap,  # 2:30 lies in the gap
            "export": local.minute % 30 == 0 and 1 <= local.hour <= 3,
            "week": at == (9, 0) and local.weekday() < 5,
        }
        if yes[name]:
            found.append(minute)
    return found


def account_for(app: App, weeks: Weeks, job: Job, begin: datetime) -> Counter[str]:
    """Check that the rows cover each scheduled time once; how many of which kind there are."""
    rows = [row for row in runs(app, job.name) if row.cause is not JobCause.MANUAL]
    expected = due(job.name, begin, rows[-1].scheduled_at)
    kinds: Counter[str] = Counter()
    place = 0
    for row in rows:
        place += row.times
        assert expected[place - 1] == row.scheduled_at, (row, expected[place - 1])
        kinds[row.state.value] += row.times
        kinds["taken over"] += row.state is RunState.SUCCEEDED and row.lease_token > 1
        kinds["made up for"] += row.cause is JobCause.CATCH_UP
        done = weeks.ended[job.name, row.scheduled_at]
        assert done == (row.state is RunState.SUCCEEDED), row
        assert row.result
    assert place == len(expected)
    return kinds


@pytest.mark.slow
@pytest.mark.parametrize(
    ("database_url", "change", "days", "seed"),
    [
        ("sqlite", SPRING, DAYS, 1),
        ("sqlite", AUTUMN, DAYS, 2),
        ("mariadb", AUTUMN, SHORT, 4),
    ],
    indirect=["database_url"],
)
def test_every_scheduled_time_ran_once_or_is_on_record(make_app, clock, change, days, seed) -> None:
    begin = change - days * DAY / 2
    clock.move_to(begin)
    weeks = Weeks(make_app=make_app, clock=clock, seed=seed)
    weeks.live(begin + days * DAY * 0.3)
    weeks.kill_all(secs=days / 14 * 1.5 * 86400)
    weeks.live(begin + days * DAY)
    weeks.settle()
    app = make_app()
    kinds = {job.name: account_for(app, weeks, job, begin) for job in weeks.jobs}
    total = sum(kinds.values(), Counter())
    print(f"{days} days, {weeks.kills} kills: {dict(total)}")
    assert weeks.most_at_once == 1, "one run of a job at a time, on whatever host"
    assert weeks.kills >= 20 * days / WEEKS
    kinds_wanted = {"succeeded", "missed", "taken over", "made up for"}
    assert kinds_wanted | ({"failed"} if days == WEEKS else set()) <= total.keys()
    assert kinds["week"]["made up for"] == 0
    assert total["succeeded"] > 300 * days / WEEKS
