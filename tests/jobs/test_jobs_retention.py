"""Retention: what is old goes, batch by batch; what is open, newest or needed stays."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.container import App
from commands.doctor.checks import InstallationChecks
from commands.doctor.findings import Level
from commands.framework.reader import in_english
from core.cancellation import StoppedSignal
from jobs.pruner import BATCH_ROWS, Retention
from storage.crawling import job_runs
from storage.crawling.job_runs import JobCause
from storage.distribution import deliveries
from storage.distribution.deliveries import DeliveryKind, Filter, NewDelivery
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.operations import alert_notices, alerts, audit_log, retention
from storage.operations.alert_notices import News
from storage.operations.alerts import AlertKind
from tests.support.jobs.job_tools import hourly, runs
from tests.support.messages import english
from tests.support.moving_clock import MovingClock

ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NEVER = threading.Event()
DAY_SECS = 86400.0


def prune(app: App) -> str:
    """Delete what is old; the result as a sentence."""
    return english(app.jobs.scheduled.retention.run(NEVER))


class Rows:
    """Rows that are as old as a test wants them."""

    def __init__(self, app: App, clock: MovingClock) -> None:
        self._app = app
        self._clock = clock
        self.count = 0

    def delivery(self, days: float, state: str = "delivered", kind: str = "daily") -> int:
        """One with an attempt, which ended so many days ago, as far as it has ended."""
        self.count += 1
        at = to_sql(self._clock.now() - timedelta(days=days))
        new = NewDelivery(
            event_id=f"e{self.count}",
            kind=DeliveryKind(kind),
            url="u",
            url_hash="h",
            host="h",
            task_id=None,
            stats_date=None,
            body="{}",
            tasks=frozenset({"t", f"t{self.count}"}),
        )

        def work(tx: Tx) -> int:
            made = deliveries.enqueue(tx, new, self._clock.now())
            assert made is not None
            deliveries.begin_attempts(tx, {made: 1}, self._clock.now())
            ended = state in ("delivered", "dead")
            tx.execute(
                "UPDATE webhook_deliveries SET state=:state, created_at=:at, finished_at=:ended"
                " WHERE id=:id",
                state=state,
                at=at,
                ended=at if ended else None,
                id=made,
            )
            return made

        return self._app.database.write(work)

    def alert(self, days: float, resolved: bool) -> int:
        """One that was told to a channel."""
        self.count += 1
        at, subject = self._clock.now() - timedelta(days=days), f"account:{self.count}"

        def work(tx: Tx) -> int:
            made = alerts.add(
                tx,
                AlertKind.ACCOUNT_DISABLED,
                subject=subject,
                facts={},
                until=None,
                calm_secs=1,
                now=at,
            )
            alert_notices.add(tx, made, News.RAISED, "c", at)
            if resolved:
                alerts.resolve(tx, made, at)
            return made

        return self._app.database.write(work)

    def ids(self, table: str, column: str = "id") -> list[int]:
        rows = self._app.database.read(
            lambda tx: tx.all(f"SELECT {column} AS found FROM {table} ORDER BY {column}")
        )
        return [row["found"] for row in rows]


@pytest.fixture
def made(app: App, clock: MovingClock) -> Rows:
    return Rows(app=app, clock=clock)


def test_what_is_old_and_over_goes_and_the_rest_stays(
    app: App, made: Rows, clock: MovingClock
) -> None:
    for state in ("delivered", "dead"):
        made.delivery(31, state)
    made.delivery(8, kind="broadcast")
    kept = [
        made.delivery(29),
        made.delivery(400, "failed"),
        made.delivery(400, "pending"),
        made.delivery(400, "sending"),
        made.delivery(6, kind="broadcast"),
        made.delivery(400, "failed", kind="broadcast"),
    ]
    made.alert(181, resolved=True)
    kept_alerts = [made.alert(400, resolved=False), made.alert(179, resolved=True)]
    old, young = clock.now() - timedelta(days=366), clock.now() - timedelta(days=364)
    for at in (old, young):
        app.database.write(
            audit_log.note, "w", address="a", action="x", subject="s", outcome="done", now=at
        )  # type: ignore[misc]
        app.database.write(
            lambda tx, at=at: tx.execute(  # type: ignore[misc]
                "INSERT INTO account_events (account_id, kind, detail, created_at)"
                " VALUES (1, 'lease', '', :at)",
                at=to_sql(at),
            )
        )
    [job] = [one for one in app.jobs.all if one.name == "prune"]
    done = app.jobs.runner.run_now(job)
    assert english(done.result) == (
        "deleted: broadcasts 1, reports 2, alerts 1, account events 2, web actions 1"
    )
    assert made.ids("webhook_deliveries") == kept == made.ids("webhook_attempts", "delivery_id")
    assert made.ids("delivery_tasks", "delivery_id") == sorted(kept * 2)
    assert made.ids("alerts") == kept_alerts == made.ids("alert_notices", "alert_id")
    assert made.ids("web_actions") == [2] and made.ids("account_events") == []
    assert english(app.jobs.runner.run_now(job).result) == "nothing was old enough to be deleted"


def test_where_a_job_stands_is_not_forgotten(app: App, clock: MovingClock) -> None:
    views = hourly(lambda _: "done", cron="0 0 * * *")
    manual = hourly(lambda _: "done", name="manual")
    app.jobs.runner.run_due(views)  # it is met
    for _ in range(5):
        clock.move(DAY_SECS)
        app.jobs.runner.run_due(views)
        app.jobs.runner.run_now(manual)
    app.jobs.runner.run_now(views)
    before = app.database.read(job_runs.job_state, "views", app.clock.now())
    clock.move(91 * DAY_SECS)
    assert prune(app) == "deleted: job runs 8"
    assert app.database.read(job_runs.job_state, "views", app.clock.now()) == before
    assert [one.cause is JobCause.MANUAL for one in runs(app)] == [False, True]
    assert len(runs(app, "manual")) == 1
    app.jobs.runner.run_due(views)
    missed, made_up = runs(app)[2:]
    assert (missed.state.value, missed.times) == ("missed", 90), "not those deleted"
    assert made_up.cause.value == "catch_up"


def test_a_death_between_two_batches_leaves_whole_ones(
    app: App, made: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        made.delivery(31)
    monkeypatch.setattr("jobs.pruner.BATCH_ROWS", 2)
    [kind] = [one for one in app.jobs.scheduled.retention.kinds if one.name.code == "kind_reports"]
    calls: list[int] = []

    def drop_and_die_the_second_time(tx: Tx, ids: Any) -> int:
        calls.append(len(ids))
        dropped = kind.drop(tx, ids)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return dropped

    dying = replace(kind, drop=drop_and_die_the_second_time)
    folder = app.settings.data_dir
    with pytest.raises(KeyboardInterrupt):
        Retention(
            database=app.database,
            clock=app.clock,
            kinds=[dying],
            log_dir=folder,
            evidence_dir=folder,
            file_days=0,
            rejected_dir=folder,
            rejected_days=0,
        ).run(NEVER)
    assert calls == [2, 1]
    assert made.ids("webhook_deliveries") == [3] == made.ids("webhook_attempts", "delivery_id")
    assert prune(app) == "deleted: reports 1"
    assert made.ids("webhook_attempts") == []


def test_a_delivery_that_is_replayed_in_that_moment_stays(app: App, made: Rows) -> None:
    one, other = made.delivery(31), made.delivery(31)
    app.database.write(lambda tx: deliveries.replay(tx, Filter(ids=[one]), app.clock.now()))
    dropped = app.database.write(retention.drop_deliveries, [one, other])
    assert dropped == 1
    assert made.ids("webhook_deliveries") == [one] == made.ids("webhook_attempts", "delivery_id")
    assert made.ids("delivery_tasks", "delivery_id") == [one, one]


@ONE_ENGINE
def test_zero_keeps_for_ever_and_a_stop_ends_it(make_app: Any, clock: MovingClock) -> None:
    app = make_app(keep_reports_days=0, keep_logs_days=0)
    made, log = Rows(app=app, clock=clock), app.settings.log_dir / "web-2001-01-01.log"
    made.delivery(4000)
    log.parent.mkdir(parents=True)
    log.write_text("")
    assert prune(app) == "nothing was old enough to be deleted"
    assert app.jobs.scheduled.retention.overdue() == [] and log.exists()
    other, stop = make_app(), threading.Event()
    stop.set()
    with pytest.raises(StoppedSignal):
        other.jobs.scheduled.retention.run(stop)
    assert len(made.ids("webhook_deliveries")) == 1


@ONE_ENGINE
def test_batches_are_small_and_others_get_in_between(
    app: App, made: Rows, clock: MovingClock
) -> None:
    for _ in range(BATCH_ROWS + 1):
        made.delivery(31)
    seen: list[int] = []
    clock.on_wait = lambda: seen.append(len(made.ids("webhook_deliveries")))
    app.jobs.scheduled.retention.run(NEVER)
    assert seen == [1, 0]


@ONE_ENGINE
def test_files_of_days_long_past_go_and_nothing_else_does(app: App) -> None:
    logs, evidence = app.settings.log_dir, app.settings.evidence_dir
    today = app.clock.now().date()
    old, young = (today - timedelta(days=days) for days in (31, 30))
    gone = [
        logs / f"export-{old}.log",
        logs / "spider" / f"views_crawler_{old:%Y%m%d}.log",
        evidence / str(old) / "task-1-page-1.json",
    ]
    stay = [
        logs / f"export-{young}.log",
        logs / "video_update.log",
        logs / f"export-{old}.txt",
        logs / "export-2001-13-01.log",
        evidence / str(young) / "task-1-page-1.json",
        evidence / "notes" / "a.json",
    ]
    for path in gone + stay:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    link = logs / f"link-{old}.log"
    link.symlink_to(stay[0])
    assert prune(app) == "deleted: log files 2, evidence files 1"
    assert not any(path.exists() for path in gone) and not gone[2].parent.exists()
    assert all(path.exists() for path in stay) and link.is_symlink()


@ONE_ENGINE
@pytest.mark.skipif(os.geteuid() == 0, reason="root may delete everywhere")
def test_a_file_that_cannot_be_deleted_stops_nobody(app: App) -> None:
    folder = app.settings.log_dir / "spider"
    folder.mkdir(parents=True)
    (folder / "views_crawler_20010101.log").write_text("")
    folder.chmod(0o500)
    try:
        assert prune(app) == "nothing was old enough to be deleted"
    finally:
        folder.chmod(0o700)


@ONE_ENGINE
def test_doctor_names_the_tables_that_grow(app: App, made: Rows) -> None:
    made.delivery(31)  # the next run deletes it

    def finding() -> Any:
        findings = InstallationChecks(app).findings()
        return next(one for one in findings if one.subject.code == "subject_old_rows")

    assert finding().level is Level.OK
    made.delivery(33)
    found = finding()
    assert found.level is Level.WARN and (
        "webhook_deliveries, kept for 30 days" in in_english(found.detail)
    )
    app.jobs.scheduled.retention.run(NEVER)
    assert finding().level is Level.OK
