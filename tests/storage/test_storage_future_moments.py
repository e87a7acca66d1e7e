"""A clock that was ahead for a while leaves moments in the future: they are found and mended."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from accounts.account_lease import Purpose
from app.container import App
from commands.doctor.checks import InstallationChecks
from commands.doctor.findings import Level
from core.attribution import CircuitCause, CircuitUnit
from core.messages import Message
from storage.crawling import account_leases, accounts, job_runs, source_states
from storage.crawling.job_runs import JobCause
from storage.crawling.source_states import CircuitState
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.models.tasks import TaskType
from storage.operations import database_clock
from tests.support.apps import add_account
from tests.support.crawler.workbench import file_crawl, store_rows
from tests.support.messages import english

AHEAD = timedelta(days=3)
LEASE = timedelta(seconds=30)


def found(app: App) -> set[str]:
    now = app.clock.now()
    day = app.calendar.day(now)
    moments = app.database.read(database_clock.future_moments, now, day, lease=LEASE)
    return {f"{one.table}.{one.column}" for one in moments}


def mend(app: App) -> int:
    now = app.clock.now()
    return app.database.write(database_clock.mend, now, app.calendar.day(now), lease=LEASE)


def change(app: App, sql: str, **params: object) -> None:
    app.database.write(lambda tx: tx.execute(sql, **params))


@pytest.fixture
def was_ahead(app: App, clock) -> App:
    """Work with a clock three days ahead, which is right again now."""
    add_account(app, "acc1")
    later = app.clock.now() + AHEAD
    moment, day = to_sql(later), str(app.calendar.day(later))
    change(
        app,
        "UPDATE accounts SET last_used_at=:m, cooldown_until=:m, ready_at=:m, updated_at=:m,"
        " quota_day=:d, pages_day=:d, session_checked_at=:m",
        m=moment,
        d=day,
    )
    task = file_crawl(app)
    change(app, "UPDATE tasks SET not_before=:m, updated_at=:m WHERE id=:id", m=moment, id=task.id)
    app.database.write(
        lambda tx: job_runs.start(
            tx, "prune", later, JobCause.SCHEDULE, owner="x", now=later, until=later
        )
    )
    change(app, "UPDATE job_runs SET state='succeeded', open_key=NULL")
    return app


def test_a_fresh_installation_has_none(app: App):
    add_account(app, "acc1")
    file_crawl(app)
    store_rows(app, 3)
    assert found(app) == set()


def test_what_a_clock_that_was_ahead_left_is_found_and_mended(was_ahead: App):
    assert found(was_ahead) == {
        "accounts.last_used_at",
        "accounts.cooldown_until",
        "accounts.ready_at",
        "accounts.updated_at",
        "accounts.quota_day",
        "accounts.pages_day",
        "accounts.session_checked_at",
        "tasks.not_before",
        "tasks.updated_at",
        "job_runs.scheduled_at",
    }
    assert mend(was_ahead) == 10
    assert found(was_ahead) == set()
    account = was_ahead.database.read(accounts.every)[0]
    assert (account.cooldown_until, account.ready_at) == (None, None)
    assert account.quota_day == was_ahead.calendar.day(was_ahead.clock.now())


def open_circuit(tx: Tx, now: datetime) -> None:
    unit = CircuitUnit("bilibili")
    source_states.locked(tx, unit, now)
    source_states.set_state(
        tx, unit, CircuitState.OPEN, cause=CircuitCause.RISK, now=now, until=now, times=1
    )


def test_what_a_worker_leased_that_died_with_a_clock_ahead_is_free_again(app: App, clock):
    """As are the circuits that were opened meanwhile."""
    add_account(app, "acc1")
    task = file_crawl(app)
    dead = app.crawling.scheduler.claim(TaskType.INGESTION)
    leased = app.pool.manager.lease(Purpose.INGESTING, "bilibili", task.id)
    assert dead is not None and leased is not None
    clock.move(AHEAD.total_seconds())
    for table in ("accounts", "tasks"):  # renewed by the wrong time, nothing else was written
        change(app, f"UPDATE {table} SET lease_until=:until", until=to_sql(clock.now()))
    app.database.write(open_circuit, clock.now())
    clock.move(-AHEAD.total_seconds())
    assert app.crawling.scheduler.claim(TaskType.INGESTION) is None
    [circuit] = app.database.read(source_states.all_of, clock.now())
    assert circuit.until_at > clock.now()
    mend(app)
    assert found(app) == set()
    clock.move(1)
    assert app.crawling.scheduler.reap() == 1
    assert app.crawling.scheduler.claim(TaskType.INGESTION) is not None
    assert app.database.write(account_leases.reap, clock.now()) == 1
    [circuit] = app.database.read(source_states.all_of, clock.now())
    assert circuit.until_at <= clock.now()


def test_a_task_that_waits_for_a_circuit_of_that_time_looks_again(was_ahead: App):
    """Whoever put it back had the right time, and took the circuit's end for how long to wait."""
    task = file_crawl(was_ahead, domain="游戏")
    until = to_sql(was_ahead.clock.now() + AHEAD)
    waits = "waiting_for='platform', not_before=:until"
    change(was_ahead, f"UPDATE tasks SET {waits} WHERE id=:id", until=until, id=task.id)
    mend(was_ahead)
    assert was_ahead.crawling.scheduler.claim(TaskType.INGESTION, task.id) is not None


def test_waits_that_are_meant_stay(app: App):
    add_account(app, "acc1")
    task = file_crawl(app)
    now = app.clock.now()
    rest, week = to_sql(now + timedelta(days=2)), to_sql(now + timedelta(days=9))
    change(
        app,
        "UPDATE accounts SET cooldown_until=:rest, session_expires_at=:week",
        rest=rest,
        week=week,
    )
    change(app, "UPDATE tasks SET not_before=:week WHERE id=:id", week=week, id=task.id)
    assert found(app) == set()
    assert mend(app) == 0
    account = app.database.read(accounts.every)[0]
    assert account.cooldown_until is not None


def test_doctor_names_them_and_clears_them(was_ahead: App):
    was_ahead.vault.check(was_ahead.database)
    findings = [
        finding
        for finding in InstallationChecks(was_ahead).findings()
        if finding.subject == Message.of("subject_moments")
    ]
    assert [finding.level for finding in findings] == [Level.WARN]
    assert "accounts.quota_day" in english(findings[0].detail)
    fix = findings[0].fix
    assert fix is not None and "10 values mended" in english(fix())
    assert found(was_ahead) == set()


def test_a_job_does_not_wait_for_a_run_that_lies_ahead(was_ahead: App):
    now = was_ahead.clock.now()
    state = was_ahead.database.read(job_runs.job_state, "prune", now)
    assert state.newest is None
    state = was_ahead.database.read(job_runs.job_state, "prune", now + AHEAD)
    assert state.newest is not None


def test_a_database_clock_that_went_back_is_noticed_by_its_latest_time(app: App):
    now = app.clock.now()
    assert app.database.read(database_clock.highest) is None
    app.database.write(database_clock.note_highest, now)
    app.database.write(database_clock.note_highest, now - timedelta(hours=1))
    highest = app.database.read(database_clock.highest)
    assert highest is not None and abs(highest - now) < timedelta(seconds=1)
