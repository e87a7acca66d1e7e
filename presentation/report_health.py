"""How the reports to receivers are doing: what waits, what was given up, what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.clock import Clock
from core.logs import Render, redact
from core.message_json import message_keys
from core.messages import Message
from presentation.json_rows import plain
from storage.crawling.job_runs import JobRun, RunState
from storage.distribution import broadcast_failures, broadcasts, daily_stats
from storage.distribution.broadcasts import BroadcasterState, is_stale
from storage.distribution.daily_stats import IncompleteDay
from storage.engines.transactions import Database, Tx
from storage.operations import report_trouble
from storage.operations.report_trouble import Backlog, ClosedEndpoint

INTERRUPTED = "run_interrupted"  # by whom asked for the run: the job is not at fault

# Every job runs at least once a day. Whether one is switched on, each host's settings say.
SWITCHED_OFF_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class ReportHealth:
    """The state of reports at one time.

    Args:
        closed: the callback URLs to which nothing is sent, the first `MAX_ENDPOINTS` of them.
        closed_count: the number of all of them.
        held: the number of reports that wait for each of them, by the hash of its URL.
        uncounted: the tasks without numbers in the newest broadcast round.
        stale_since: since when receivers wait for a broadcast; None unless that is too long.
        failing: the failed newest runs of jobs that have not succeeded since.
        has_receivers: whether a report was ever filed.
    """

    backlog: Backlog
    closed: list[ClosedEndpoint]
    closed_count: int
    held: Mapping[str, int]
    incomplete: list[IncompleteDay]
    broadcast: BroadcasterState
    uncounted: int
    stale_since: datetime | None
    failing: list[JobRun]
    has_receivers: bool

    @property
    def is_worth_showing(self) -> bool:
        """Return False for an installation that reports nothing, and whose jobs are well."""
        used = self.has_receivers or self.broadcast.is_on or bool(self.incomplete)
        return used or bool(self.failing)


@dataclass(frozen=True, kw_only=True)
class ReportHealthReader:
    """Reads the state of reports.

    Args:
        broadcast_secs: seconds between two rounds of the broadcaster.
        jobs: returns the names of the scheduled jobs.
    """

    database: Database
    clock: Clock
    broadcast_secs: float
    jobs: Callable[[], Iterable[str]]

    def read(self) -> ReportHealth:
        """Return the state of reports now."""
        return self.database.read(self.read_in)

    def read_in(self, tx: Tx) -> ReportHealth:
        """Return the state of reports, as a transaction sees it."""
        closed = report_trouble.closed_endpoints(tx)
        broadcast = broadcasts.state(tx)
        stale = is_stale(broadcast, self.clock.now(), self.broadcast_secs)
        held = {one.url_hash: report_trouble.held(tx, one.url_hash) for one in closed}
        return ReportHealth(
            backlog=report_trouble.backlog(tx, sum(held.values())),
            closed=closed,
            closed_count=report_trouble.closed_count(tx),
            held=held,
            incomplete=daily_stats.incomplete_days(tx),
            broadcast=broadcast,
            uncounted=broadcast_failures.count(tx),
            stale_since=broadcast.fresh_at if stale else None,
            failing=failing_runs(tx, self.jobs(), self.clock.now()),
            has_receivers=report_trouble.has_receivers(tx),
        )


def failing_runs(tx: Tx, jobs: Iterable[str], now: datetime) -> list[JobRun]:
    """Return the newest run of each job whose newest run failed, within SWITCHED_OFF_AFTER.

    Runs that were interrupted by whom asked for them do not count.
    """
    since = now - SWITCHED_OFF_AFTER
    newest: dict[str, JobRun | None] = dict.fromkeys(jobs)
    for run in report_trouble.newest_runs(tx, newest):
        if newest[run.job] is None and Message.load(run.result or "").code != INTERRUPTED:
            newest[run.job] = run
    return [
        run
        for run in newest.values()
        if run is not None
        and run.state is RunState.FAILED
        and run.finished_at is not None
        and run.finished_at >= since
    ]


def health_sentences(health: ReportHealth) -> list[Message]:
    """Return the state of reports as messages, the worst first; none when there is nothing."""
    backlog, told = health.backlog, []
    told += [
        Message.of(
            "health_receiver_closed",
            host=one.host,
            n=health.held[one.url_hash],
            reason=Message.load(one.reason).with_texts(redact),
        )
        for one in health.closed
    ]
    if backlog.given_up:
        told.append(Message.of("health_given_up", n=backlog.given_up))
    told += [
        Message.of(
            "health_day_incomplete",
            day=str(day.stats_date),
            n=day.tasks,
            cause=Message.load(day.cause),
            next=day.next_count_at,
        )
        for day in health.incomplete
    ]
    if health.stale_since is not None:
        told.append(Message.of("health_broadcast_stale", since=health.stale_since))
    if health.broadcast.is_on and health.uncounted:
        told.append(Message.of("health_uncounted", n=health.uncounted))
    told += [
        Message.of("health_job_failed", job=run.job, error=Message.load(run.result or ""))
        for run in health.failing
    ]
    if backlog.waiting:
        told.append(Message.of("health_waiting", n=backlog.waiting, since=backlog.oldest_at))
    return told


def health_object(health: ReportHealth, render: Render) -> dict[str, Any]:
    """Return the state of reports as JSON; `render` makes the sentences of messages."""
    return {
        "waiting": health.backlog.waiting,
        "oldest_waiting_at": plain(health.backlog.oldest_at),
        "held": health.backlog.held,
        "given_up": health.backlog.given_up,
        "closed_endpoints": [
            {
                "url": redact(one.url),
                **message_keys("reason", one.reason, render),
                "since": plain(one.changed_at),
                "waiting": health.held[one.url_hash],
            }
            for one in health.closed
        ],
        "incomplete_days": [
            {
                "day": str(day.stats_date),
                "tasks": day.tasks,
                "held": day.held,
                "since": plain(day.since),
                **message_keys("cause", day.cause, render),
                "next_count_at": plain(day.next_count_at),
            }
            for day in health.incomplete
        ],
        "broadcast": {
            "is_on": health.broadcast.is_on,
            "reported_at": plain(health.broadcast.reported_at),
            "stale_since": plain(health.stale_since),
            "tasks_without_numbers": health.uncounted,
        },
        "failing_jobs": [
            {
                "job": run.job,
                "failed_at": plain(run.finished_at),
                **message_keys("error", run.result, render),
            }
            for run in health.failing
        ],
    }
