"""The keeper: renews, notices a loss, takes back from the dead, and says who is alive."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from datetime import timedelta

import pytest

from accounts.account_lease import AccountLease, Purpose
from app.container import App
from core.errors import DatabaseError
from core.leases import LeaseKind
from crawler.runtime.lease_renewer import LeaseRenewer
from crawler.tasks.options import CrawlOptions
from storage.crawling import leases
from storage.crawling.leases import Worker
from storage.crawling.tasks import get as get_task
from storage.leasing import LeasedTable
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus, TaskType
from tests.support.apps import add_account
from tests.support.mariadb import connect_to


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
    keeper._renew([leased.lease])
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


LEASES = 12


def held_by_another(app: App, table: str, row_id: int):
    """Lock a row from outside, as a person with a client does, until the block ends."""
    url = app.settings.database_url.get_secret_value()
    connection = connect_to(url, autocommit=False)
    connection.cursor().execute(f"SELECT id FROM {table} WHERE id={row_id} FOR UPDATE")
    return closing(connection)


def many_leases(app: App) -> list[AccountLease]:
    found = [lease_of(app, f"acc{n}") for n in range(LEASES)]
    app.crawling.submitter.submit_crawl("bilibili", "美妆", None, CrawlOptions())
    return found


def is_held(app: App, leased: AccountLease) -> bool:
    return leased.lease.is_held(app.clock)


def test_one_row_that_another_client_locks_costs_only_its_own_lease(app: App, clock):
    if app.database.dialect.name == "sqlite":
        pytest.skip("one writer at a time holds everything")
    leased = many_leases(app)
    task = app.crawling.scheduler.claim(TaskType.INGESTION)
    assert task is not None
    keeper, begun = app.crawling.lease_renewer(""), time.monotonic()
    with held_by_another(app, "accounts", leased[3].id):
        for _ in range(6):
            clock.move(10)
            keeper.renew_once()
    assert time.monotonic() - begun < 5, "somebody waited for the lock"
    lost = [one.id for one in leased if not is_held(app, one)]
    assert lost == [leased[3].id]
    assert task.lease.is_held(app.clock)
    assert sum(status(app, f"acc{n}") is AccountStatus.INGESTING for n in range(LEASES)) == LEASES


def test_a_locked_row_is_tried_again_each_second_until_it_is_free(app: App, clock):
    if app.database.dialect.name == "sqlite":
        pytest.skip("one writer at a time holds everything")
    leased = many_leases(app)[0]
    keeper = app.crawling.lease_renewer("")
    with held_by_another(app, "accounts", leased.id):
        run(keeper, clock, rounds=3)
    assert clock.waits[-3:] == [1.0, 1.0, 1.0]
    run(keeper, clock, rounds=1)
    assert clock.waits[-1] == 10.0
    clock.move(15)
    assert is_held(app, leased)


def test_a_locked_row_whose_lease_was_taken_over_is_lost(make_app, clock):
    app = make_app()
    if app.database.dialect.name == "sqlite":
        pytest.skip("one writer at a time holds everything")
    leased = lease_of(app)
    app.database.write(lambda tx: tx.execute("UPDATE accounts SET lease_token=lease_token+1"))
    with held_by_another(app, "accounts", leased.id):
        app.crawling.lease_renewer("").renew_once()
    assert not is_held(app, leased)


def test_a_reaper_passes_over_what_another_client_locks(make_app, clock):
    dead, alive = make_app(), make_app()
    if alive.database.dialect.name == "sqlite":
        pytest.skip("one writer at a time holds everything")
    leased = many_leases(dead)
    clock.move(31)
    with held_by_another(alive, "accounts", leased[0].id):
        alive.crawling.lease_renewer("").renew_once()
        assert alive.pool.manager.lease(Purpose.INGESTING, "bilibili") is not None
        idle = [n for n in range(LEASES) if status(alive, f"acc{n}") is AccountStatus.IDLE]
        assert len(idle) == LEASES - 2  # without the locked and the leased one
    alive.crawling.lease_renewer("").renew_once()
    assert status(alive, "acc0") is AccountStatus.IDLE


def test_the_trouble_of_one_kind_of_lease_is_not_that_of_the_others(app: App, clock, monkeypatch):
    leased = lease_of(app)
    app.crawling.submitter.submit_crawl("bilibili", "美妆", None, CrawlOptions())
    task = app.crawling.scheduler.claim(TaskType.INGESTION)
    assert task is not None
    monkeypatch.setitem(leases.TABLES, LeaseKind.TASK, LeasedTable("no_such_table"))
    clock.move(20)
    with pytest.raises(DatabaseError):
        app.crawling.lease_renewer("").renew_once()
    clock.move(20)
    assert is_held(app, leased) and not task.lease.is_held(app.clock)


def test_a_process_row_that_another_client_locks_holds_nobody_up(app: App, clock):
    if app.database.dialect.name == "sqlite":
        pytest.skip("one writer at a time holds everything")
    keeper, begun = app.crawling.lease_renewer(""), time.monotonic()
    keeper.renew_once()
    url = app.settings.database_url.get_secret_value()
    with closing(connect_to(url, autocommit=False)) as other:
        other.cursor().execute("SELECT id FROM workers FOR UPDATE")
        clock.move(10)
        keeper.renew_once()
    assert time.monotonic() - begun < 4
