"""The keeper: renews, notices a loss, takes back from the dead, and says who is alive."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from accounts.account_lease import AccountLease, Purpose
from app.container import App
from core.errors import DatabaseError
from crawler.runtime.lease_renewer import LeaseRenewer
from crawler.tasks.options import CrawlOptions
from storage.crawling import leases
from storage.crawling.leases import Worker
from storage.crawling.tasks import get as get_task
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus, TaskType
from tests.support.apps import add_account


def lease_of(app: App, name: str = "a") -> AccountLease:
    add_account(app, name)
    leased = app.pool.manager.lease(Purpose.INGESTING, "bilibili")
    assert leased is not None
    return leased


def status(app: App, name: str = "a") -> AccountStatus:
    return app.pool.registry.find(name).status


def workers(app: App) -> list[Worker]:
    return app.database.read(leases.workers)


def run(keeper: LeaseRenewer, clock, rounds: int) -> None:
    """Let the keeper live for that many rounds."""
    stop = threading.Event()
    first = len(clock.waits)
    clock.on_wait = lambda: stop.set() if len(clock.waits) >= first + rounds else None
    keeper.run(stop)
    clock.on_wait = None


def test_leases_are_renewed_each_third_of_their_life(app: App, clock):
    leased = lease_of(app)
    keeper = app.crawling.lease_renewer("ingestion")
    run(keeper, clock, rounds=10)
    assert clock.waits == [10.0] * 10
    assert leased.lease.is_held(app.clock)
    keeper.renew_once()
    until = app.pool.registry.find("a").lease_until
    assert until is not None
    assert timedelta(seconds=29) < until - app.clock.now() <= timedelta(seconds=30)
    assert status(app) is AccountStatus.INGESTING


def test_a_task_is_renewed_like_an_account(app: App, clock):
    app.crawling.submitter.submit_crawl("bilibili", "美妆", None, CrawlOptions())
    task = app.crawling.scheduler.claim(TaskType.INGESTION)
    assert task is not None
    keeper = app.crawling.lease_renewer("ingestion")
    for _ in range(4):
        clock.move(20)
        keeper.renew_once()
    assert task.lease.is_held(app.clock)
    row = app.database.read(get_task, task.id)
    assert row is not None and row.status is TaskStatus.IN_PROGRESS


def test_a_lease_that_was_taken_over_is_noticed(make_app, clock):
    app, other = make_app(), make_app()
    leased = lease_of(app)
    clock.move(31)
    other.crawling.lease_renewer("").renew_once()
    app.crawling.lease_renewer("").renew_once()
    assert not leased.lease.is_held(app.clock)
    assert app.leases.held() == []


def test_a_lease_that_somebody_ended_is_noticed_before_it_runs_out(make_app, clock):
    app, other = make_app(), make_app()
    leased = lease_of(app)
    other.pool.manager.set_account_status(leased.id, "disabled")
    assert leased.lease.is_held(app.clock), "nobody has told this process"
    app.crawling.lease_renewer("").renew_once()
    assert not leased.lease.is_held(app.clock)
    assert app.leases.held() == []


def test_a_lease_given_back_meanwhile_is_not_called_lost(app: App, clock):
    leased = lease_of(app)
    app.pool.manager.release(leased)
    app.leases.add(leased.lease)  # the keeper had read the book just before
    keeper = app.crawling.lease_renewer("")
    app.leases.remove(leased.lease)
    keeper._renew(leased.lease)
    assert leased.lease.is_held(app.clock), "nobody marked it"


def test_a_late_keeper_that_nobody_overtook_keeps_its_lease(app: App, clock):
    leased = lease_of(app)
    clock.move(31)
    assert not leased.lease.is_held(app.clock)
    app.crawling.lease_renewer("").renew_once()
    assert leased.lease.is_held(app.clock)
    assert status(app) is AccountStatus.INGESTING


def test_what_the_dead_held_is_taken_back(make_app, clock):
    dead, alive = make_app(), make_app()
    lease_of(dead)
    dead.crawling.submitter.submit_crawl("bilibili", "美妆", None, CrawlOptions())
    task = dead.crawling.scheduler.claim(TaskType.INGESTION)
    assert task is not None
    clock.move(29)
    alive.crawling.lease_renewer("").renew_once()
    assert status(alive) is AccountStatus.INGESTING
    clock.move(2)
    alive.crawling.lease_renewer("").renew_once()
    assert status(alive) is AccountStatus.IDLE
    row = alive.database.read(get_task, task.id)
    assert row is not None
    assert (row.status, row.lease_owner) == (TaskStatus.PENDING, None)
    assert row.lease_token > task.lease.token


def test_running_processes_are_listed_and_sign_off(make_app, clock):
    app, other = make_app(host="box-1"), make_app(host="box-2")
    app.crawling.lease_renewer("ingestion,export").renew_once()
    keeper = other.crawling.lease_renewer("export")
    keeper.renew_once()
    clock.move(20)
    keeper.renew_once()
    first, second = sorted(workers(app), key=lambda one: one.host)
    assert (first.host, first.roles, first.id) == ("box-1", "ingestion,export", app.owner)
    assert second.host == "box-2"
    assert second.seen_at - second.started_at > timedelta(seconds=19)
    run(keeper, clock, rounds=1)
    assert [one.host for one in workers(app)] == ["box-1"]


def test_a_process_unseen_for_a_day_is_forgotten(make_app, clock):
    app, other = make_app(host="box-1"), make_app(host="box-2")
    app.crawling.lease_renewer("").renew_once()
    clock.move(86000)
    other.crawling.lease_renewer("").renew_once()
    assert len(workers(other)) == 2
    clock.move(500)
    other.crawling.lease_renewer("").renew_once()
    assert [one.host for one in workers(other)] == ["box-2"]


def test_database_trouble_does_not_end_the_keeper(app: App, clock, monkeypatch):
    leased = lease_of(app)
    keeper = app.crawling.lease_renewer("")
    tries = []

    renew_once = keeper.renew_once

    def failing_at_first(_renewer: LeaseRenewer) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise DatabaseError("away")
        renew_once()

    monkeypatch.setattr(LeaseRenewer, "renew_once", failing_at_first)
    run(keeper, clock, rounds=4)
    assert len(tries) == 4
    assert leased.lease.is_held(app.clock)


@pytest.mark.parametrize("held", [True, False])
def test_only_leases_in_the_book_are_renewed(app: App, clock, held: bool):
    leased = lease_of(app)
    if not held:
        app.pool.manager.abandon(leased)
    clock.move(20)
    app.crawling.lease_renewer("").renew_once()
    clock.move(15)
    app.crawling.lease_renewer("").renew_once()
    assert (status(app) is AccountStatus.INGESTING) is held
