"""Waking up when somebody else has taken the work over: nothing is changed any more."""

from __future__ import annotations

import os
import threading

import pytest

from accounts.account_lease import Purpose
from app.container import App
from core.errors import LeaseLostError
from crawler.export import segment_files as segment_files
from crawler.export.export_transaction import ExportTransaction
from crawler.export.formats import CsvWriter
from crawler.export.row_sources import PendingRows
from crawler.export.segment_files import SegmentFiles
from crawler.tasks.leases import TaskLease
from sources.base import Creator, CreatorPage
from storage.crawling import export_segments as segment_rows
from storage.crawling import influencers
from storage.crawling.export_segments import NewSegment
from storage.models.tasks import TaskStatus, TaskType
from tests.support.crawler.take_over import TakeOver, World
from tests.support.crawler.workbench import (
    BATCH,
    DOMAIN,
    ROWS,
    Crash,
    add_accounts,
    after_batch,
    at_call,
    claimed,
    die,
    file_crawl,
    file_export,
    once,
    store_rows,
    task_of,
    work_off,
)
from tests.support.moving_clock import MovingClock

COMPLETED = TaskStatus.COMPLETED


STOPPED_AT = {
    "before appending": (CsvWriter, "write", 2),
    "before measuring": (segment_files, "measure", 1),
    "before the rename": (os, "rename", 1),
    "after the rename": (segment_files, "sync_folder", 1),
    "before the manifest": (os, "rename", 2),
    "before sealing": (segment_rows, "seal", 1),
}


@pytest.mark.parametrize("renamed", [False, True])
@pytest.mark.parametrize("place", STOPPED_AT)
def test_who_wakes_up_late_changes_nothing(
    two, agree, clock: MovingClock, monkeypatch, place, renamed
) -> None:
    one, other = two
    task = file_export(one)
    take_over = TakeOver(other=other, task=task, clock=clock, renamed=renamed)
    owner, name, number = STOPPED_AT[place]
    if name == "seal":  # stand still outside of the transaction, as a frozen process would not lock
        owner, name = type(one.crawling.segment_finalizer), "_seal_row"
    real = getattr(owner, name)
    monkeypatch.setattr(owner, name, at_call(number, take_over, real))
    once(one.crawling.export_worker())
    assert World(other).changed_since(take_over.world) == []
    assert agree() == list(range(1, ROWS + 1))


@pytest.mark.parametrize("renamed", [False, True])
@pytest.mark.parametrize("batch", [1, 2, 3])
def test_who_wakes_up_after_its_commit_changes_nothing(
    two, agree, clock: MovingClock, batch, renamed
) -> None:
    one, other = two
    task = file_export(one)
    take_over = TakeOver(other=other, task=task, clock=clock, renamed=renamed)
    once(one.crawling.export_worker(after_commit=after_batch(batch, take_over)))
    assert World(other).changed_since(take_over.world) == []
    assert agree() == list(range(1, ROWS + 1))


@pytest.mark.parametrize("renamed", [False, True])
def test_who_wakes_up_with_a_full_file_in_hand_publishes_nothing(
    make_app, agree, clock: MovingClock, renamed
) -> None:
    one, other = (make_app(export_batch_rows=4, export_file_rows=4) for _ in range(2))
    add_accounts(one, 2)
    store_rows(one, 8)
    task = file_export(one)
    take_over = TakeOver(other=other, task=task, clock=clock, renamed=renamed)
    once(one.crawling.export_worker(after_commit=after_batch(1, take_over)))
    assert World(other).changed_since(take_over.world) == []
    assert agree() == list(range(1, 9))


def test_who_wakes_up_before_rendering_what_another_sealed_leaves_no_part_file(
    make_app, agree, clock: MovingClock, monkeypatch, tmp_path
) -> None:
    first, second, third = (make_app(export_batch_rows=4) for _ in range(3))
    add_accounts(first, 3)
    store_rows(first, 10)
    task = file_export(first)
    with pytest.raises(Crash):
        work_off(first, task, first.crawling.export_worker(after_commit=after_batch(2, die)))
    clock.move(31)
    take_over = TakeOver(other=third, task=task, clock=clock, renamed=False)
    open_part = at_call(1, take_over, SegmentFiles.open_part)
    monkeypatch.setattr(SegmentFiles, "open_part", open_part)
    once(second.crawling.export_worker())
    assert list(tmp_path.rglob("*.part")) == []
    assert World(third).changed_since(take_over.world) == []
    agree()


def test_who_wakes_up_does_not_disturb_who_is_rendering(
    make_app, agree, clock: MovingClock, monkeypatch
) -> None:
    one, other = (make_app(export_batch_rows=4) for _ in range(2))
    add_accounts(one, 3)
    store_rows(one, 10)
    task = file_export(one)
    asleep, wake = threading.Event(), threading.Event()

    def sleep() -> None:
        asleep.set()
        assert wake.wait(60)

    worker = one.crawling.export_worker(after_commit=after_batch(1, sleep))
    late = threading.Thread(target=once, args=(worker,))
    late.start()
    assert asleep.wait(60)
    clock.move(31)

    def wake_it() -> None:
        wake.set()
        late.join(60)

    find = influencers.of_segment
    monkeypatch.setattr(influencers, "of_segment", at_call(1, wake_it, find))
    once(other.crawling.export_worker())
    assert task_of(other, task.id).status is COMPLETED  # at its first attempt
    assert sorted(agree()) == list(range(1, 11))


def test_a_worker_that_was_cut_off_stops_before_it_exports_more(
    two, agree, clock: MovingClock
) -> None:
    """Nobody took the task over, but the lease is too old to be relied on."""
    one, other = two
    task = file_export(one)
    once(one.crawling.export_worker(after_commit=after_batch(2, lambda: clock.move(31))))
    assert task_of(one, task.id).item_count == 2 * BATCH
    assert work_off(other, task, rounds=100).status is COMPLETED
    assert agree() == list(range(1, ROWS + 1))


def stale(one: App, other: App, kind: TaskType, clock: MovingClock) -> TaskLease:
    """A lease of `one` on a task that `other` holds by now. `one` has not noticed yet."""
    old = claimed(one, kind)
    clock.move(31)
    new = claimed(other, kind)
    assert (new.id, new.lease.token) == (old.id, old.lease.token + 1)
    return old


def test_a_page_under_a_stale_token_changes_nothing(two, clock: MovingClock) -> None:
    """Guarded by `lease_token=:token` in LeasedTable.write."""
    one, other = two
    file_crawl(one, pages=3)
    old = stale(one, other, TaskType.INGESTION, clock)
    before = World(other)
    page = CreatorPage(1, 3, (Creator("1", "甲", {}),))
    store = one.crawling.pages
    with pytest.raises(LeaseLostError):
        store.store(old, 1, page, 3, clock.now())
    assert World(other).changed_since(before) == []


@pytest.mark.parametrize("stale_one", ["task", "account"])
def test_a_batch_under_a_stale_token_changes_nothing(
    two, clock: MovingClock, stale_one: str
) -> None:
    """Guarded by `lease_token=:token` in LeasedTable.write and account_leases.spend_quota."""
    one, other = two
    file_export(one)
    if stale_one == "task":
        task = stale(one, other, TaskType.EXPORT, clock)
        account = one.pool.manager.lease(Purpose.EXPORTING, "bilibili")
    else:
        [first, *_] = one.pool.registry.all()
        for spare in one.pool.registry.all()[1:]:
            one.pool.manager.set_account_status(spare.id, "disabled")
        account = one.pool.manager.lease(Purpose.EXPORTING, "bilibili")
        clock.move(31)
        assert other.pool.manager.lease(Purpose.EXPORTING, "bilibili").id == account.id == first.id
        task = claimed(one, TaskType.EXPORT)
    before = World(other)
    transaction = ExportTransaction(database=one.database, clock=one.clock)
    new = NewSegment(
        task_id=task.id,
        account_id=account.id,
        platform="bilibili",
        domain=DOMAIN,
        quota_day=one.calendar.day(clock.now()),
        quota_limit=4000,
        format="csv",
        options={},
        host="h",
    )
    with pytest.raises(LeaseLostError):
        transaction.export(
            task,
            account,
            new,
            source=PendingRows(new.platform, new.domain),
            segment_id=None,
            last_id=0,
            after=0,
            marker=0,
            limit=5,
        )
    assert World(other).changed_since(before) == []
