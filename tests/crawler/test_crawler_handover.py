"""The baton goes from account to account, never over a limit, and to a new day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from accounts.manager import AccountManager
from app.container import App
from core.clock import SystemClock
from storage.models.tasks import TaskStatus, TaskType, WaitingFor
from tests.support.crawler.workbench import (
    DOMAIN,
    MIDNIGHT,
    account_of,
    add_account,
    add_accounts,
    after_batch,
    at_once,
    column,
    counts_of,
    events_of,
    export,
    file_crawl,
    file_export,
    once,
    segments_of,
    store_rows,
    task_of,
    work_off,
)
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock

COMPLETED, PAUSED = TaskStatus.COMPLETED, TaskStatus.PAUSED
TODAY, TOMORROW = date(2026, 11, 22), date(2026, 11, 23)


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
        (1, 4000),
        (4001, 8000),
        (8001, 9000),
    ]
    assert limits(app) == [4000, 4000, 1000]
    for name, last in (("acc1", 4000), ("acc2", 8000)):
        assert events_of(app, name)[0] == (
            "hand_over",
            f"quota of {TODAY} used up by {DOMAIN}, last id {last:,}",
        )
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
    lower = after_batch(1, lambda: app.pool.registry.set_limit(account_of(app, "acc1"), 6))
    work_off(app, file_export(app), app.crawling.export_worker(after_commit=lower))
    assert counts_of(app) == [6, 6]
    assert len(agree()) == 12


def test_a_limit_lowered_below_what_was_used_ends_the_turn(make_app, agree) -> None:
    app = make_app(export_batch_rows=4)
    add_accounts(app, 2, limit=10)
    store_rows(app, 12)
    lower = after_batch(2, lambda: app.pool.registry.set_limit(account_of(app, "acc1"), 2))
    work_off(app, file_export(app), app.crawling.export_worker(after_commit=lower))
    assert counts_of(app) == [8, 4]
    assert app.pool.manager.get_remaining_quota(account_of(app, "acc1").id) == 0
    agree()


def test_exports_that_the_operator_counts_in_the_middle_are_respected(make_app, agree) -> None:
    app = make_app(export_batch_rows=4)
    add_accounts(app, 2, limit=10)
    store_rows(app, 12)
    first = account_of(app, "acc1").id
    count = after_batch(1, lambda: app.pool.manager.update_export_count(first, 5))
    work_off(app, file_export(app), app.crawling.export_worker(after_commit=count))
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
    assert once(app.crawling.export_worker()) is False
    seen = task_of(app, task.id)
    assert (seen.status, seen.waiting_for) == (PAUSED, WaitingFor.QUOTA)
    assert seen.not_before == MIDNIGHT
    assert english_text(seen.last_error) == f"2 accounts have used up the quota of {TODAY}"
    assert (seen.progress_marker, seen.lease_owner) == ("last_id=10", None)
    clock.move_to(MIDNIGHT - timedelta(seconds=1))
    assert app.crawling.scheduler.claim(TaskType.EXPORT) is None
    clock.move(2)
    assert work_off(app, task).status is COMPLETED
    assert [(one.quota_day, one.exported_count) for one in segments_of(app)] == [
        (TODAY, 5),
        (TODAY, 5),
        (TOMORROW, 4),
    ]
    assert agree() == list(range(1, 15))


def test_a_raised_limit_wakes_an_export_that_waits_for_quota(make_app, agree) -> None:
    app = make_app()
    add_account(app, "acc1", limit=5)
    store_rows(app, 7)
    task = file_export(app)
    once(app.crawling.export_worker())
    app.pool.registry.set_limit(account_of(app, "acc1"), 7)
    once(app.crawling.export_worker())
    assert task_of(app, task.id).status is COMPLETED
    assert counts_of(app) == [5, 2]
    agree()


def test_the_day_turns_between_two_batches(make_app, agree, clock: MovingClock) -> None:
    clock.move_to(MIDNIGHT - timedelta(seconds=1))
    app = make_app(export_batch_rows=3)
    add_account(app, "acc1", limit=10)
    store_rows(app, 19)
    turn = after_batch(3, lambda: clock.move(2))
    task = work_off(app, file_export(app), app.crawling.export_worker(after_commit=turn))
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
            app.crawling.control.cancel(crawling.id)

    clock.on_wait = more
    assert work_off(app, file_export(app)).status is COMPLETED
    found = [(one.quota_day, one.exported_count) for one in segments_of(app)]
    assert found == [(TODAY, 3), (TOMORROW, 5)]
    agree()


def test_two_exports_of_different_domains_spend_the_same_quota(make_app, agree) -> None:
    app = make_app(clock=SystemClock(), poll_secs=0.02, export_batch_rows=7)
    add_accounts(app, 2, limit=100)
    store_rows(app, 90)
    store_rows(app, 90, domain="游戏")
    tasks = [file_export(app), file_export(app, domain="游戏")]
    at_once(*[lambda t=t: work_off(app, t, app.crawling.export_worker(t.id)) for t in tasks])
    assert sorted(agree()) == list(range(1, 181))
    assert sum(limits(app)) == 180 and max(limits(app)) <= 100


def test_an_account_taken_from_the_export_spends_no_more(make_app, agree) -> None:
    app = make_app(export_batch_rows=4)
    add_accounts(app, 2)
    store_rows(app, 20)
    first = account_of(app, "acc1").id
    disable = after_batch(2, lambda: app.pool.manager.set_account_status(first, "disabled"))
    task = work_off(app, file_export(app), app.crawling.export_worker(after_commit=disable))
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
    quota, asked = app.pool.manager.get_remaining_quota, iter(range(50))
    monkeypatch.setattr(
        AccountManager,
        "get_remaining_quota",
        staticmethod(lambda account_id: quota(account_id) if next(asked) >= 0 else 0),
    )  # StopIteration after 50 questions: the worker is going round in circles
    turn = after_batch(1, lambda: app.pool.manager.set_account_status(first, "ingesting"))
    once(app.crawling.export_worker(after_commit=turn))
    seen = task_of(app, task.id)
    assert seen.status is not TaskStatus.FAILED, english_text(seen.last_error)
    assert limits(app)[0] == 4
