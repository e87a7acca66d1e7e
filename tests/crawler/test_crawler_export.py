"""Exports drain a domain: never past a creator, beside a crawl, beside each other."""

from __future__ import annotations

import threading

import pytest

from accounts.account_lease import Purpose
from core.clock import SystemClock
from storage.crawling import influencers
from storage.engines.datetimes import to_sql
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus, WaitingFor
from tests.support.crawler.workbench import (
    DOMAIN,
    account_of,
    add_account,
    add_accounts,
    after_batch,
    at_once,
    counts_of,
    export,
    file_crawl,
    file_export,
    once,
    pieces_of,
    segments_of,
    statuses,
    store_rows,
    task_of,
    work_off,
)
from tests.support.mariadb import connect_to
from tests.support.moving_clock import MovingClock
from tests.support.processes.launcher import wait_until

COMPLETED, PENDING, PAUSED = TaskStatus.COMPLETED, TaskStatus.PENDING, TaskStatus.PAUSED


def test_rows_with_lower_ids_that_come_late_are_exported_before_completion(make_app, agree) -> None:
    app = make_app(export_batch_rows=10)
    add_account(app, "acc1")
    store_rows(app, 30, first_id=101)
    late = after_batch(2, lambda: store_rows(app, 7, first_id=11))
    task = work_off(app, file_export(app), app.crawling.export_worker(after_commit=late))
    assert (task.status, task.progress_marker) == (COMPLETED, "last_id=130")
    assert sorted(agree()) == [*range(11, 18), *range(101, 131)]
    bounds = [(segment.first_id, segment.last_id) for segment in segments_of(app)]
    assert bounds == [(101, 130), (11, 17)]  # each file has its rows by id


def test_rows_behind_the_marker_of_a_resumed_export_are_not_forgotten(make_app, agree) -> None:
    app = make_app(lease_secs=600)  # nobody renews it here, and --follow waits a minute
    add_account(app, "acc1", limit=10)
    add_account(app, "acc2", limit=10)
    store_rows(app, 10, first_id=101)
    task = file_export(app, follow=True)
    once(app.crawling.export_worker())
    store_rows(app, 3, first_id=1)
    app.crawling.control.resume(task.id)
    once(app.crawling.export_worker())
    assert sorted(agree()) == [1, 2, 3, *range(101, 111)]


def test_a_transaction_that_is_still_open_is_waited_for_while_its_crawl_is(
    make_app, agree, clock: MovingClock, database_url: str
) -> None:
    """Lower ids were given out, but are not committed yet: only MariaDB lets others go on."""
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has one writer: no row is committed behind a higher id")
    app = make_app()
    add_account(app, "acc1")
    crawling = file_crawl(app)
    open_one = connect_to(database_url)
    with open_one.cursor() as cursor:
        now = to_sql(app.clock.now())
        cursor.execute(
            "INSERT INTO influencers (id, platform, uid, nickname, domain, source_page, raw_data,"
            " ingested_at, updated_at, ingestion_log_id)"
            " VALUES (5, 'bilibili', '5', 'late', %s, 1, '{}', %s, %s, 1)",
            (DOMAIN, now, now),
        )
    store_rows(app, 10, first_id=101)
    task = file_export(app)

    def end_of_the_crawl() -> None:
        if task_of(app, task.id).item_count == 10 and open_one.open:
            open_one.commit()
            open_one.close()
            app.crawling.control.cancel(crawling.id)

    clock.on_wait = end_of_the_crawl
    assert work_off(app, task).status is COMPLETED
    assert sorted(agree()) == [5, *range(101, 111)]


def test_rows_that_another_transaction_holds_locked_are_waited_for(
    make_app, agree, clock: MovingClock, database_url: str
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite locks no rows")
    app = make_app()
    add_account(app, "acc1")
    store_rows(app, 10)
    holder = connect_to(database_url)
    with holder.cursor() as cursor:
        cursor.execute("SELECT id FROM influencers WHERE id IN (3, 4) FOR UPDATE")
    task = file_export(app)

    def let_go() -> None:
        if task_of(app, task.id).item_count == 8 and holder.open:
            holder.rollback()
            holder.close()

    clock.on_wait = let_go
    assert work_off(app, task).status is COMPLETED
    assert sorted(agree()) == list(range(1, 11))


def test_rows_that_another_node_exported_meanwhile_are_not_counted(
    make_app, agree, monkeypatch
) -> None:
    """On a cluster a row lock may be local to its node: what counts is how many rows changed."""
    app = make_app(export_batch_rows=4)
    add_account(app, "acc1")
    store_rows(app, 10)
    find, calls = influencers.next_pending, []

    def overtaken(tx, *args):
        calls.append(find(tx, *args))
        if len(calls) == 2:
            tx.execute("UPDATE influencers SET status='exported' WHERE id=6")
        return calls[-1]

    monkeypatch.setattr(influencers, "next_pending", overtaken)
    assert export(app).item_count == 10
    assert agree() == list(range(1, 11))


def test_an_export_completes_only_when_no_crawl_of_its_domain_is_open(make_app, agree) -> None:
    app = make_app(export_idle_secs=0)
    add_account(app, "acc1")
    store_rows(app, 5)
    file_crawl(app, domain="游戏")
    crawling = file_crawl(app)
    task = file_export(app)
    for _ in range(3):
        once(app.crawling.export_worker())
        seen = task_of(app, task.id)
        assert (seen.status, seen.waiting_for) == (PENDING, WaitingFor.ROWS)
        app.clock.wait(threading.Event(), 2)
    store_rows(app, 4)
    app.crawling.control.cancel(crawling.id)
    assert work_off(app, task).status is COMPLETED
    assert len(agree()) == 9


def test_an_export_that_can_get_no_more_rows_ends_at_once(make_app, agree, clock) -> None:
    """Guarded by the first look in `RowWaiter.wait`."""
    app = make_app()
    add_account(app, "acc1")
    store_rows(app, 5)
    clock.waits.clear()
    assert export(app).status is COMPLETED
    assert clock.waits == []
    assert len(agree()) == 5


def test_a_follower_never_completes(make_app, agree) -> None:
    app = make_app(export_idle_secs=0)
    add_account(app, "acc1")
    task = file_export(app, follow=True)
    for _ in range(4):
        store_rows(app, 3)
        once(app.crawling.export_worker())
        assert task_of(app, task.id).status is PENDING
        app.clock.wait(threading.Event(), 2)
    assert len(agree()) == 12


def test_a_waiting_export_ends_its_file_after_a_while(make_app, agree, clock: MovingClock) -> None:
    app = make_app(export_idle_secs=20)
    add_account(app, "acc1")
    store_rows(app, 5)
    task, began = file_export(app, follow=True), app.clock.monotonic()
    seen: list[tuple[AccountStatus, WaitingFor | None]] = []
    clock.on_wait = lambda: seen.append(
        (account_of(app, "acc1").status, task_of(app, task.id).waiting_for)
    )
    once(app.crawling.export_worker())
    assert 20 <= app.clock.monotonic() - began <= 22
    assert seen[-1] == (AccountStatus.IDLE, WaitingFor.ROWS)
    assert account_of(app, "acc1").status is AccountStatus.IDLE
    assert counts_of(app) == [5]
    agree()


def test_a_waiting_export_goes_on_in_the_same_file_when_rows_come(make_app, agree, clock) -> None:
    app = make_app(export_idle_secs=20)
    add_account(app, "acc1")
    store_rows(app, 5)
    came = after_batch(5, lambda: store_rows(app, 4))
    clock.on_wait = came
    task = file_export(app, follow=True)
    once(app.crawling.export_worker())
    assert task_of(app, task.id).item_count == 9
    assert counts_of(app) == [9]
    agree()


def test_the_crawl_has_the_account_while_an_export_waits_for_rows(
    make_app, agree, clock: MovingClock
) -> None:
    app = make_app(export_idle_secs=1000)
    add_account(app, "acc1")
    store_rows(app, 5)
    crawl, task = file_crawl(app), file_export(app)
    waits: list[int] = []

    def meanwhile() -> None:
        waits.append(1)
        if len(waits) == 4:
            leased = app.pool.manager.lease(Purpose.INGESTING, "bilibili")
            assert leased is not None
            app.pool.manager.release(leased)
            store_rows(app, 4)
        if len(waits) == 16:
            assert task_of(app, task.id).item_count == 9
            app.crawling.control.cancel(crawl.id)

    clock.on_wait = meanwhile
    once(app.crawling.export_worker())
    assert task_of(app, task.id).status is COMPLETED
    assert counts_of(app) == [9], "one file"
    agree()


def test_a_file_whose_account_is_busy_waits_for_it(make_app, agree, clock: MovingClock) -> None:
    app = make_app(export_idle_secs=1000)
    add_account(app, "acc1"), add_account(app, "acc2")
    store_rows(app, 5)
    task = file_export(app, follow=True)
    busy = []

    def meanwhile() -> None:
        if not busy:
            busy.append(app.pool.manager.lease_by_id(account_of(app, "acc1").id, Purpose.INGESTING))
            store_rows(app, 4)
        elif task_of(app, task.id).waiting_for is WaitingFor.ACCOUNT and busy[0] is not None:
            app.pool.manager.release(busy[0])
            busy[0] = None
        elif task_of(app, task.id).item_count == 9:
            app.crawling.control.pause(task.id)

    clock.on_wait = meanwhile
    once(app.crawling.export_worker())
    assert counts_of(app) == [9], "one file"
    agree()


def test_a_file_whose_account_was_used_up_elsewhere_ends(make_app, agree, clock) -> None:
    app = make_app(export_idle_secs=20)
    add_account(app, "acc1", limit=9)
    add_account(app, "acc2", limit=9)
    store_rows(app, 5)
    task = file_export(app, follow=True)

    def meanwhile() -> None:
        if (
            task_of(app, task.id).item_count == 5
            and account_of(app, "acc1").status is AccountStatus.IDLE
        ):
            app.pool.manager.set_account_status(account_of(app, "acc1").id, "disabled")
            store_rows(app, 4)
            clock.on_wait = lambda: None

    clock.on_wait = meanwhile
    began = app.clock.monotonic()
    once(app.crawling.export_worker())
    assert app.clock.monotonic() - began < 10
    assert counts_of(app) == [5]
    once(app.crawling.export_worker())
    app.clock.wait(threading.Event(), 5)
    once(app.crawling.export_worker())
    assert counts_of(app) == [5, 4]
    agree()


@pytest.mark.parametrize("accounts", [1, 3])
def test_crawl_and_export_run_side_by_side_to_the_end(make_app, platform, agree, accounts) -> None:
    server = platform(creators=500, clock=SystemClock())
    app = make_app(
        clock=SystemClock(),
        bilibili_base_url=server.url,
        poll_secs=0.02,
        threads=3,
        export_batch_rows=30,
    )
    add_accounts(app, accounts, limit=4000 if accounts == 1 else 200)
    crawling, exporting = file_crawl(app), file_export(app)
    failures: list[BaseException] = []
    engine = app.engine(crawl_threads=2, export_threads=1, on_failure=failures.append)
    engine.start()
    both = (crawling.id, exporting.id)
    wait_until(lambda: not any(task_of(app, one).is_open for one in both), "the end of both")
    assert engine.stop() and not failures
    assert [task_of(app, one.id).status for one in (crawling, exporting)] == [COMPLETED] * 2
    assert len(agree()) == 500
    assert server.stats()["duplicate_pages"] == 0


def test_lanes_put_every_creator_into_exactly_one_file(make_app, agree) -> None:
    app = make_app(
        clock=SystemClock(), poll_secs=0.02, threads=3, export_batch_rows=20, export_file_rows=150
    )
    add_accounts(app, 3, limit=600)
    store_rows(app, 1500)
    task = file_export(app, lanes=3)
    workers = [app.crawling.export_worker() for _ in range(3)]
    at_once(*[lambda w=w: work_off(app, task, w) for w in workers])
    assert statuses([task_of(app, task.id), *pieces_of(app, task.id)]) == [COMPLETED] * 4
    assert sorted(agree()) == list(range(1, 1501))
    assert sum(one.item_count for one in pieces_of(app, task.id)) == 1500


def test_two_processes_share_the_export_of_a_domain(make_app, agree) -> None:
    one, other = (
        make_app(clock=SystemClock(), poll_secs=0.02, export_batch_rows=20, host=host)
        for host in ("test-host", "test-host")
    )
    add_accounts(one, 2, limit=150)
    add_account(one, "acc3", limit=400)
    store_rows(one, 600)
    filed = at_once(lambda: file_export(one), lambda: file_export(other))
    assert filed[0].id == filed[1].id
    at_once(*[lambda a=a: work_off(a, filed[0]) for a in (one, other)])
    assert task_of(one, filed[0].id).status is COMPLETED
    assert sorted(agree()) == list(range(1, 601))


def test_a_paused_export_seals_what_it_has_and_goes_on_later(make_app, agree) -> None:
    app = make_app(export_batch_rows=4)
    add_account(app, "acc1")
    store_rows(app, 20)
    task = file_export(app)
    pause = after_batch(2, lambda: app.crawling.control.pause(task.id))
    once(app.crawling.export_worker(after_commit=pause))
    seen = task_of(app, task.id)
    assert (seen.status, seen.item_count, seen.lease_owner) == (PAUSED, 8, None)
    assert counts_of(app) == [8]
    assert account_of(app, "acc1").status is AccountStatus.IDLE
    agree()
    app.crawling.control.resume(task.id)
    assert work_off(app, task).status is COMPLETED
    assert agree() == list(range(1, 21))


def test_a_cancelled_export_seals_what_it_has_and_leaves_the_rest(make_app, agree) -> None:
    app = make_app(export_batch_rows=4)
    add_account(app, "acc1")
    store_rows(app, 20)
    task = file_export(app)
    once(
        app.crawling.export_worker(
            after_commit=after_batch(2, lambda: app.crawling.control.cancel(task.id))
        )
    )
    assert task_of(app, task.id).status is TaskStatus.FAILED
    assert agree() == list(range(1, 9))
    export(app)
    assert agree() == list(range(1, 21))


def test_a_batch_shows_the_account_and_ends_the_wait_for_one(make_app, clock: MovingClock) -> None:
    app = make_app(export_batch_rows=10)
    store_rows(app, 20)
    task = file_export(app)
    once(app.crawling.export_worker())
    assert task_of(app, task.id).waiting_for is WaitingFor.ACCOUNT
    add_account(app, "acc1")
    clock.move(600)
    seen = []
    look = after_batch(1, lambda: seen.append(task_of(app, task.id)))
    work_off(app, task, app.crawling.export_worker(after_commit=look))
    [shown] = seen
    assert (shown.assigned_account_id, shown.waiting_for) == (account_of(app, "acc1").id, None)


def test_an_export_that_finds_its_rows_locked_shows_its_account(
    make_app, clock: MovingClock, database_url: str
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite locks no rows")
    app = make_app()
    add_account(app, "acc1")
    store_rows(app, 3)
    holder = connect_to(database_url)
    with holder.cursor() as cursor:
        cursor.execute("SELECT id FROM influencers FOR UPDATE")
    task = file_export(app)
    shown = []

    def let_go() -> None:
        if holder.open:
            shown.append(task_of(app, task.id).assigned_account_id)
            holder.rollback()
            holder.close()

    clock.on_wait = let_go
    assert work_off(app, task).status is COMPLETED
    assert shown == [account_of(app, "acc1").id]
