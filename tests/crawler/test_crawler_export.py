"""Exports: the baton goes from account to account, never over a limit, never past a creator."""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote, urlsplit

import pymysql
import pytest
from moving_clock import MovingClock
from workbench import (
    DOMAIN,
    MIDNIGHT,
    ONE_ENGINE,
    account_of,
    add_account,
    add_accounts,
    at_once,
    column,
    counts_of,
    events_of,
    export,
    file_crawl,
    file_export,
    once,
    pieces_of,
    rows,
    segments_of,
    statuses,
    store_rows,
    task_of,
    work_off,
)

from commands.root import App
from core.clock import SystemClock
from storage import influencers
from storage.records import AccountStatus, SegmentState, TaskStatus, TaskType, WaitingFor
from storage.times import to_sql

COMPLETED, PENDING, PAUSED = TaskStatus.COMPLETED, TaskStatus.PENDING, TaskStatus.PAUSED
TODAY, TOMORROW = date(2026, 11, 22), date(2026, 11, 23)


def after_batch(number: int, act):
    """A hook for `after_commit` that acts after that batch (from 1)."""
    calls = iter(range(1, 10**6))
    return lambda: act() if next(calls) == number else None


def limits(app: App) -> list[int]:
    return column(app, "SELECT today_export_count FROM accounts ORDER BY id")


def test_the_baton_is_handed_over_at_exactly_4000(make_app, agree) -> None:
    app = make_app(export_batch_rows=700)
    add_accounts(app, 3)
    store_rows(app, 9000)
    task = export(app)
    assert (task.status, task.item_count) == (COMPLETED, 9000)
    assert counts_of(app) == [4000, 4000, 1000]
    assert agree() == list(range(1, 9001))
    assert [(one.first_id, one.last_id) for one in segments_of(app)] == [
        (1, 4000), (4001, 8000), (8001, 9000),
    ]  # fmt: skip
    assert limits(app) == [4000, 4000, 1000]
    for name, last in (("acc1", 4000), ("acc2", 8000)):
        assert events_of(app, name)[0] == (
            "hand_over", f"quota of {TODAY} used up by {DOMAIN}, last_id={last}",
        )  # fmt: skip
    assert column(app, "SELECT status FROM accounts") == ["idle"] * 3


@pytest.mark.parametrize("batch", [1, 3, 10, 500])
def test_no_batch_size_goes_over_a_limit(make_app, agree, batch) -> None:
    app = make_app(export_batch_rows=batch)
    add_accounts(app, 4, limit=10)
    store_rows(app, 33)
    task = export(app)
    assert counts_of(app) == [10, 10, 10, 3]
    assert agree() == list(range(1, 34))
    assert task.progress_marker == "last_id=33"


def test_a_limit_lowered_in_the_middle_holds_at_once(make_app, agree) -> None:
    app = make_app(export_batch_rows=4)
    add_accounts(app, 2, limit=10)
    store_rows(app, 12)
    lower = after_batch(1, lambda: app.registry.set_limit(account_of(app, "acc1"), 6))
    work_off(app, file_export(app), app.export_worker(after_commit=lower))
    assert counts_of(app) == [6, 6]
    assert len(agree()) == 12


def test_a_limit_lowered_below_what_was_used_ends_the_turn(make_app, agree) -> None:
    app = make_app(export_batch_rows=4)
    add_accounts(app, 2, limit=10)
    store_rows(app, 12)
    lower = after_batch(2, lambda: app.registry.set_limit(account_of(app, "acc1"), 2))
    work_off(app, file_export(app), app.export_worker(after_commit=lower))
    assert counts_of(app) == [8, 4]
    assert app.accounts.get_remaining_quota(account_of(app, "acc1").id) == 0
    agree()


def test_exports_that_the_operator_counts_in_the_middle_are_respected(make_app, agree) -> None:
    app = make_app(export_batch_rows=4)
    add_accounts(app, 2, limit=10)
    store_rows(app, 12)
    first = account_of(app, "acc1").id
    count = after_batch(1, lambda: app.accounts.update_export_count(first, 5))
    work_off(app, file_export(app), app.export_worker(after_commit=count))
    assert counts_of(app) == [5, 7]
    assert limits(app) == [10, 7]
    agree(exact_quota=False)


def test_when_all_is_spent_the_task_waits_for_midnight_in_shanghai(
    make_app, agree, clock: MovingClock
) -> None:
    app = make_app()
    add_accounts(app, 2, limit=5)
    store_rows(app, 14)
    task = file_export(app)
    assert once(app.export_worker()) is False
    seen = task_of(app, task.id)
    assert (seen.status, seen.waiting_for) == (PAUSED, WaitingFor.QUOTA)
    assert seen.not_before == MIDNIGHT
    assert seen.last_error == f"2 accounts have used up their quota of {TODAY}"
    assert (seen.progress_marker, seen.lease_owner) == ("last_id=10", None)
    clock.move_to(MIDNIGHT - timedelta(seconds=1))
    assert app.scheduler.claim(TaskType.EXPORT) is None
    clock.move(2)
    assert work_off(app, task).status is COMPLETED
    assert [(one.quota_day, one.exported_count) for one in segments_of(app)] == [
        (TODAY, 5), (TODAY, 5), (TOMORROW, 4),
    ]  # fmt: skip
    assert agree() == list(range(1, 15))


def test_a_raised_limit_wakes_an_export_that_waits_for_quota(make_app, agree) -> None:
    app = make_app()
    add_account(app, "acc1", limit=5)
    store_rows(app, 7)
    task = file_export(app)
    once(app.export_worker())
    app.registry.set_limit(account_of(app, "acc1"), 7)
    once(app.export_worker())
    assert task_of(app, task.id).status is COMPLETED
    assert counts_of(app) == [5, 2]
    agree()


def test_the_day_turns_between_two_batches(make_app, agree, clock: MovingClock) -> None:
    clock.move_to(MIDNIGHT - timedelta(seconds=1))
    app = make_app(export_batch_rows=3)
    add_account(app, "acc1", limit=10)
    store_rows(app, 19)
    turn = after_batch(3, lambda: clock.move(2))
    task = work_off(app, file_export(app), app.export_worker(after_commit=turn))
    assert task.status is COMPLETED
    found = [(one.quota_day, one.exported_count) for one in segments_of(app)]
    assert found == [(TODAY, 9), (TOMORROW, 10)]
    assert limits(app) == [10]
    assert agree() == list(range(1, 20))


def test_the_day_turns_while_an_export_waits_for_rows(make_app, agree, clock) -> None:
    clock.move_to(MIDNIGHT - timedelta(seconds=2))
    app = make_app()
    add_account(app, "acc1", limit=5)
    store_rows(app, 3)
    crawling = file_crawl(app)

    def more() -> None:
        if app.clock.now() > MIDNIGHT and len(column(app, "SELECT id FROM influencers")) == 3:
            store_rows(app, 5)
            app.scheduler.cancel(crawling.id)

    clock.on_wait = more
    assert work_off(app, file_export(app)).status is COMPLETED
    found = [(one.quota_day, one.exported_count) for one in segments_of(app)]
    assert found == [(TODAY, 3), (TOMORROW, 5)]
    agree()


def test_rows_with_lower_ids_that_come_late_are_exported_before_completion(make_app, agree) -> None:
    app = make_app(export_batch_rows=10)
    add_account(app, "acc1")
    store_rows(app, 30, first_id=101)
    late = after_batch(2, lambda: store_rows(app, 7, first_id=11))
    task = work_off(app, file_export(app), app.export_worker(after_commit=late))
    assert (task.status, task.progress_marker) == (COMPLETED, "last_id=130")
    assert sorted(agree()) == [*range(11, 18), *range(101, 131)]
    [segment] = segments_of(app)
    assert (segment.first_id, segment.last_id) == (11, 130)


def test_rows_behind_the_marker_of_a_resumed_export_are_not_forgotten(make_app, agree) -> None:
    app = make_app(lease_secs=600)  # nobody renews it here, and --follow waits a minute
    add_account(app, "acc1", limit=10)
    add_account(app, "acc2", limit=10)
    store_rows(app, 10, first_id=101)
    task = file_export(app, follow=True)
    once(app.export_worker())
    store_rows(app, 3, first_id=1)
    app.scheduler.resume(task.id)
    once(app.export_worker())
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
    parts = urlsplit(database_url)
    open_one = pymysql.connect(
        host=parts.hostname, port=parts.port or 3306, user=parts.username,
        password=unquote(parts.password or ""), database=parts.path[1:], autocommit=False,
    )  # fmt: skip
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
            app.scheduler.cancel(crawling.id)

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
    parts = urlsplit(database_url)
    holder = pymysql.connect(
        host=parts.hostname, port=parts.port or 3306, user=parts.username,
        password=unquote(parts.password or ""), database=parts.path[1:], autocommit=False,
    )  # fmt: skip
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


def test_an_export_completes_only_when_no_crawl_of_its_domain_is_open(make_app, agree) -> None:
    app = make_app(export_idle_secs=0)
    add_account(app, "acc1")
    store_rows(app, 5)
    file_crawl(app, domain="游戏")
    crawling = file_crawl(app)
    task = file_export(app)
    for _ in range(3):
        once(app.export_worker())
        seen = task_of(app, task.id)
        assert (seen.status, seen.waiting_for) == (PENDING, WaitingFor.ROWS)
        app.clock.wait(threading.Event(), 2)
    store_rows(app, 4)
    app.scheduler.cancel(crawling.id)
    assert work_off(app, task).status is COMPLETED
    assert len(agree()) == 9


def test_a_follower_never_completes(make_app, agree) -> None:
    app = make_app(export_idle_secs=0)
    add_account(app, "acc1")
    task = file_export(app, follow=True)
    for _ in range(4):
        store_rows(app, 3)
        once(app.export_worker())
        assert task_of(app, task.id).status is PENDING
        app.clock.wait(threading.Event(), 2)
    assert len(agree()) == 12


def test_a_waiting_export_gives_its_account_back_after_a_while(
    make_app, agree, clock: MovingClock
) -> None:
    app = make_app(export_idle_secs=20)
    add_account(app, "acc1")
    store_rows(app, 5)
    task, began = file_export(app, follow=True), app.clock.monotonic()
    seen: list[tuple[AccountStatus, WaitingFor | None]] = []
    clock.on_wait = lambda: seen.append(
        (account_of(app, "acc1").status, task_of(app, task.id).waiting_for)
    )
    once(app.export_worker())
    assert 20 <= app.clock.monotonic() - began <= 22
    assert seen[-1] == (AccountStatus.EXPORTING, WaitingFor.ROWS)
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
    once(app.export_worker())
    assert task_of(app, task.id).item_count == 9
    assert counts_of(app) == [9]
    agree()


def test_a_waiting_export_yields_its_account_to_a_crawl_that_lacks_one(
    make_app, agree, clock: MovingClock
) -> None:
    app = make_app(export_idle_secs=1000)
    add_account(app, "acc1")
    store_rows(app, 5)
    file_crawl(app)
    task = file_export(app)
    crawler = app.ingestion_worker()
    looked = after_batch(3, lambda: once(crawler))  # another thread finds no account
    clock.on_wait = looked
    began = app.clock.monotonic()
    once(app.export_worker())
    assert app.clock.monotonic() - began < 5
    assert account_of(app, "acc1").status is AccountStatus.IDLE
    assert task_of(app, task.id).waiting_for is WaitingFor.ROWS
    agree()


@pytest.mark.parametrize("accounts", [1, 3])
def test_crawl_and_export_run_side_by_side_to_the_end(make_app, platform, agree, accounts) -> None:
    server = platform(creators=500, clock=SystemClock())
    app = make_app(
        clock=SystemClock(), bilibili_base_url=server.url, poll_secs=0.02, threads=3,
        export_batch_rows=30,
    )  # fmt: skip
    add_accounts(app, accounts, limit=4000 if accounts == 1 else 200)
    crawling, exporting = file_crawl(app), file_export(app)
    failures: list[BaseException] = []
    engine = app.engine(2, 1, failures.append)
    engine.start()
    pause = threading.Event()
    for _ in range(3000):
        if not (task_of(app, crawling.id).is_open or task_of(app, exporting.id).is_open):
            break
        pause.wait(0.01)
    assert engine.stop() and not failures
    assert [task_of(app, one.id).status for one in (crawling, exporting)] == [COMPLETED] * 2
    assert len(agree()) == 500
    assert server.stats()["duplicate_pages"] == 0


def test_a_limit_of_rows_ends_the_task_there(make_app, agree) -> None:
    app = make_app(export_batch_rows=4)
    add_accounts(app, 3, limit=5)
    store_rows(app, 20)
    task = export(app, limit=11)
    assert (task.status, task.item_count) == (COMPLETED, 11)
    assert counts_of(app) == [5, 5, 1]
    assert agree() == list(range(1, 12))
    assert export(app, limit=2).item_count == 2  # the next one goes on behind it
    assert agree() == list(range(1, 14))


def test_a_limit_counts_what_was_exported_before_a_restart(make_app, agree, clock) -> None:
    one, other = make_app(export_batch_rows=4), make_app(export_batch_rows=4)
    add_accounts(one, 2)
    store_rows(one, 20)
    task, stop = file_export(one, limit=10), threading.Event()
    one.export_worker(after_commit=stop.set).work_once(stop)
    assert (task_of(one, task.id).status, task_of(one, task.id).item_count) == (PENDING, 4)
    assert work_off(other, task).item_count == 10
    assert counts_of(one) == [4, 6]
    agree()


def test_a_full_file_is_followed_by_another(make_app, agree) -> None:
    app = make_app(export_batch_rows=4, export_file_rows=10)
    add_account(app, "acc1")
    store_rows(app, 25)
    export(app)
    assert counts_of(app) == [10, 10, 5]
    assert agree() == list(range(1, 26))


def test_lanes_put_every_creator_into_exactly_one_file(make_app, agree) -> None:
    app = make_app(
        clock=SystemClock(), poll_secs=0.02, threads=3, export_batch_rows=20, export_file_rows=150
    )
    add_accounts(app, 3, limit=600)
    store_rows(app, 1500)
    task = file_export(app, lanes=3)
    workers = [app.export_worker() for _ in range(3)]
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


def test_two_exports_of_different_domains_spend_the_same_quota(make_app, agree) -> None:
    app = make_app(clock=SystemClock(), poll_secs=0.02, export_batch_rows=7)
    add_accounts(app, 2, limit=100)
    store_rows(app, 90)
    store_rows(app, 90, domain="游戏")
    tasks = [file_export(app), file_export(app, domain="游戏")]
    at_once(*[lambda t=t: work_off(app, t, app.export_worker(only=t.id)) for t in tasks])
    assert sorted(agree()) == list(range(1, 181))
    assert sum(limits(app)) == 180 and max(limits(app)) <= 100


def test_a_paused_export_seals_what_it_has_and_goes_on_later(make_app, agree) -> None:
    app = make_app(export_batch_rows=4)
    add_account(app, "acc1")
    store_rows(app, 20)
    task = file_export(app)
    pause = after_batch(2, lambda: app.scheduler.pause(task.id))
    once(app.export_worker(after_commit=pause))
    seen = task_of(app, task.id)
    assert (seen.status, seen.item_count, seen.lease_owner) == (PAUSED, 8, None)
    assert counts_of(app) == [8]
    assert account_of(app, "acc1").status is AccountStatus.IDLE
    agree()
    app.scheduler.resume(task.id)
    assert work_off(app, task).status is COMPLETED
    assert agree() == list(range(1, 21))


def test_a_cancelled_export_seals_what_it_has_and_leaves_the_rest(make_app, agree) -> None:
    app = make_app(export_batch_rows=4)
    add_account(app, "acc1")
    store_rows(app, 20)
    task = file_export(app)
    once(app.export_worker(after_commit=after_batch(2, lambda: app.scheduler.cancel(task.id))))
    assert task_of(app, task.id).status is TaskStatus.FAILED
    assert agree() == list(range(1, 9))
    export(app)
    assert agree() == list(range(1, 21))


def test_an_account_taken_from_the_export_spends_no_more(make_app, agree) -> None:
    app = make_app(export_batch_rows=4)
    add_accounts(app, 2)
    store_rows(app, 20)
    first = account_of(app, "acc1").id
    disable = after_batch(2, lambda: app.accounts.set_account_status(first, "disabled"))
    task = work_off(app, file_export(app), app.export_worker(after_commit=disable))
    assert task.status is COMPLETED
    assert limits(app) == [8, 12]
    assert agree() == list(range(1, 21))


def test_an_account_turned_to_other_work_by_the_operator_ends_its_turn(
    make_app, agree, monkeypatch
) -> None:
    app = make_app(export_batch_rows=4)
    add_accounts(app, 2)
    store_rows(app, 20)
    task, first = file_export(app), account_of(app, "acc1").id
    quota, asked = app.accounts.get_remaining_quota, iter(range(50))
    monkeypatch.setattr(
        app.accounts, "get_remaining_quota", lambda one: quota(one) if next(asked) >= 0 else 0
    )  # StopIteration after 50 questions: the worker is going round in circles
    turn = after_batch(1, lambda: app.accounts.set_account_status(first, "ingesting"))
    once(app.export_worker(after_commit=turn))
    seen = task_of(app, task.id)
    assert seen.status is not TaskStatus.FAILED, seen.last_error
    assert limits(app)[0] == 4


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


def test_nothing_of_another_domain_or_platform_is_exported(make_app, agree) -> None:
    app = make_app()
    add_account(app, "acc1")
    store_rows(app, 5)
    store_rows(app, 5, domain="游戏")
    app.database.write(lambda tx: tx.execute("UPDATE influencers SET platform='other' WHERE id=3"))
    assert export(app).item_count == 4
    assert agree() == [1, 2, 4, 5]


def test_an_export_of_nothing_completes_without_a_file(make_app, agree) -> None:
    app = make_app()
    task = export(app)
    assert (task.status, task.item_count) == (COMPLETED, 0)
    assert agree() == [] and segments_of(app) == []


def test_files_carry_domain_day_segment_and_account_in_their_names(make_app, agree) -> None:
    app = make_app()
    add_account(app, "小王 / one")
    store_rows(app, 2)
    export(app)
    [segment] = segments_of(app)
    assert segment.file_path == f"{DOMAIN}/{TODAY}/{DOMAIN}-{TODAY}-000001-小王 _ one.csv"
    assert segment.state is SegmentState.SEALED and segment.host == "test-host"
    agree()


NAMES = ["a/b:c", "..", ".", "CON", "[x]*?", 'say "hi"', "a\\b", " 空格 ", "\t", "美" * 128,
         "x" * 128, "🎮" * 60, "<|>"]  # fmt: skip


@ONE_ENGINE
@pytest.mark.parametrize("domain", NAMES)
def test_any_domain_makes_a_file_inside_the_exports_folder(make_app, agree, domain) -> None:
    app = make_app()
    add_account(app, "acc1")
    store_rows(app, 2, domain=domain)
    assert export(app, domain=domain).status is COMPLETED
    path = app.files.locate(segments_of(app)[0].file_path).resolve()
    assert path.is_relative_to(app.settings.exports_dir.resolve()) and len(path.parts) > 3
    agree()


@ONE_ENGINE
@pytest.mark.parametrize("letter", ["美", "x"])
def test_the_longest_names_of_domain_and_account_fit_together(make_app, agree, letter) -> None:
    app = make_app()
    add_account(app, letter * 128)
    store_rows(app, 2, domain=letter * 128)
    task = file_export(app, domain=letter * 128)
    once(app.export_worker())
    seen = task_of(app, task.id)
    assert (seen.status, seen.last_error) == (COMPLETED, None)
    agree()


def test_files_go_where_the_user_wants_them(make_app, agree, tmp_path) -> None:
    app = make_app()
    add_account(app, "acc1")
    store_rows(app, 3)
    out = tmp_path / "elsewhere"
    export(app, out=str(out))
    [segment] = segments_of(app)
    assert segment.file_path.startswith(str(out))
    assert agree() == [1, 2, 3]


def test_times_of_segments_are_of_the_database(make_app) -> None:
    app = make_app()
    add_account(app, "acc1")
    store_rows(app, 1)
    export(app)
    [segment] = segments_of(app)
    assert segment.start_time.tzinfo is UTC and segment.end_time >= segment.start_time
    assert isinstance(segment.start_time, datetime)
    assert (
        json.loads(rows(app, "SELECT options FROM export_logs")[0]["options"])["raw_cells"] is False
    )
