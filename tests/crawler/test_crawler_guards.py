"""Guards that nothing else in the suite holds: each test fails when its guard is removed."""

from __future__ import annotations

import os
import threading
from datetime import datetime, timedelta

import pytest

from accounts.account_lease import Purpose
from accounts.vault import Credentials
from core.errors import LeaseLostError
from crawler.export.formats import CsvWriter
from crawler.export.segment_files import SegmentFiles, SegmentWriter
from crawler.export.segment_finalizer import SegmentFinalizer
from crawler.tasks.scheduler import TaskScheduler
from sources.base import Creator, CreatorPage
from storage.crawling import accounts as account_rows
from storage.crawling import export_segments as segment_rows
from storage.crawling import influencers, job_runs, task_control, task_leases
from storage.crawling.export_segments import SealedFile
from storage.crawling.job_runs import JobCause, RunState
from storage.engines.transactions import Tx
from storage.models.segments import SegmentState
from storage.models.tasks import TaskStatus, TaskType
from tests.support.apps import add_account
from tests.support.crawler.take_over import TakeOver, World
from tests.support.crawler.workbench import (
    DOMAIN,
    ONE_ENGINE,
    ROWS,
    Crash,
    add_accounts,
    at_call,
    change,
    claimed,
    column,
    die,
    file_crawl,
    file_export,
    once,
    segments_of,
    store_rows,
    work_off,
)
from tests.support.moving_clock import MovingClock


def test_a_lease_is_not_renewed_under_an_older_token(make_app, clock: MovingClock) -> None:
    """LeasedTable.renew: lease_token. Threads of a process share the owner; the token differs."""
    app = make_app()
    add_account(app, "acc1")
    old = app.pool.manager.lease(Purpose.EXPORTING, "bilibili")
    clock.move(31)
    assert app.pool.manager.lease(Purpose.EXPORTING, "bilibili").id == old.id
    app.leases.add(old.lease)  # a round of the renewer that read the registry before
    app.crawling.lease_renewer("export").renew_once()
    assert not old.lease.is_held(app.clock)


def test_a_task_that_was_paused_between_look_and_claim_is_not_claimed(make_app) -> None:
    """task_leases.claim: CLAIMABLE repeated. A pause leaves the token as it is."""
    app = make_app()
    task, now = file_export(app), app.clock.now()

    def work(tx: Tx) -> bool:
        seen = task_leases.next_claimable(tx, TaskType.EXPORT, TaskStatus.PENDING, now, None)
        task_control.pause(tx, task.id, now)  # another node's word; its row lock is not ours
        return task_leases.claim(tx, seen, "me", now, now + timedelta(seconds=30))

    assert app.database.write(work) is False


@pytest.mark.parametrize("ids", [[1, 2, 3], [1, 2, 4]])
def test_a_row_of_another_segment_is_not_moved(make_app, ids: list[int]) -> None:
    """influencers.mark_exported: status='pending_export', for ranges and for lists."""
    app = make_app()
    store_rows(app, 4)
    change(app, "UPDATE influencers SET status='exported', export_log_id=7 WHERE id=2")
    marked = app.database.write(lambda tx: influencers.mark_exported(tx, ids, 8, app.clock.now()))
    assert marked == 2
    assert column(app, "SELECT export_log_id FROM influencers WHERE id=2") == [7]


def test_a_row_that_commits_as_the_crawl_ends_is_exported(make_app, agree, monkeypatch) -> None:
    """ExportWorker._without_rows: the last look, after it is known that none may come."""
    app = make_app()
    add_accounts(app, 1)
    store_rows(app, 3)
    task = file_export(app)
    asked = at_call(2, lambda: store_rows(app, 1), TaskScheduler.is_domain_being_crawled)
    monkeypatch.setattr(TaskScheduler, "is_domain_being_crawled", asked)
    work_off(app, task)
    assert sorted(agree()) == [1, 2, 3, 4]


@ONE_ENGINE
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_file_is_on_the_disk_before_it_gets_its_name(make_app, monkeypatch, kind: str) -> None:
    """FormatWriter.close: fsync of the file, before the rename."""
    app = make_app()
    add_accounts(app, 1)
    store_rows(app, 3)
    fsync, rename = os.fsync, os.rename
    synced: list[int] = []
    renamed: list[bool] = []

    def synced_file(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        fsync(handle)

    def watched(old, new) -> None:
        if str(new).endswith(f".{kind}"):
            renamed.append(os.stat(old).st_ino in synced)
        rename(old, new)

    monkeypatch.setattr(os, "fsync", synced_file)
    monkeypatch.setattr(os, "rename", watched)
    work_off(app, file_export(app, format=kind))
    assert renamed == [True]


def test_a_part_file_that_was_opened_too_late_is_not_published(
    make_app, agree, clock: MovingClock, monkeypatch
) -> None:
    """SegmentWriter.publish: the fence's question. The part file came after the clean-up."""
    one, other = (make_app(export_batch_rows=4, export_file_rows=4) for _ in range(2))
    add_accounts(one, 2)
    store_rows(one, 8)
    task = file_export(one)
    take_over = TakeOver(other=other, task=task, clock=clock, renamed=True)
    late = at_call(1, take_over, SegmentFiles.final_path)  # between the look and the new file
    with monkeypatch.context() as frozen:
        frozen.setattr(SegmentFiles, "final_path", late)
        once(one.crawling.export_worker())
    changed = World(other).changed_since(take_over.world)
    assert [name for name in changed if ".part" not in name] == []
    agree(all_sealed=False)


def test_a_manifest_never_stands_without_its_file(two, monkeypatch, tmp_path) -> None:
    """SegmentWriter.publish: the file is renamed first; who watches for manifests may read it."""
    one, _ = two
    task = file_export(one)
    with monkeypatch.context() as dying:
        dying.setattr(os, "rename", at_call(2, die, os.rename))
        with pytest.raises(Crash):
            work_off(one, task)
    names = {path.name for path in tmp_path.rglob("*")}
    assert [name for name in names if name.endswith(".csv")] != []
    assert [name for name in names if name.endswith(".csv.manifest.json")] == []


def test_who_wakes_up_before_sealing_does_not_seal_what_another_renders(
    two, agree, clock: MovingClock, monkeypatch
) -> None:
    """SegmentFinalizer._seal: the task is held under the token. Else the row tells the sleeper's
    hash, and the file is the new holder's."""
    one, other = two
    task = file_export(one)
    real = SegmentFinalizer._seal_row
    late: list[tuple[object, ...]] = []

    def falls_asleep(*args: object) -> None:
        late.append(args)
        raise Crash

    with monkeypatch.context() as frozen:
        frozen.setattr(SegmentFinalizer, "_seal_row", falls_asleep)
        with pytest.raises(Crash):
            work_off(one, task)
    clock.move(31)
    change(other, "UPDATE influencers SET nickname='新名'")

    def wakes_up() -> None:
        with pytest.raises(LeaseLostError):
            real(*late[0])

    with monkeypatch.context() as woken:
        woken.setattr(os, "rename", at_call(1, wakes_up, os.rename))
        assert work_off(other, task).status is TaskStatus.COMPLETED
    assert agree() == list(range(1, ROWS + 1))


def test_a_sealed_segment_is_not_sealed_again(two) -> None:
    """export_segments.seal: state='open'. A second fence: the task's token is the first."""
    one, _ = two
    work_off(one, file_export(one))
    before, now = segments_of(one), one.clock.now()
    file = SealedFile(
        file_path="x.csv", bytes=1, sha256="0" * 64, content_sha256="0" * 64, host="h"
    )
    assert not one.database.write(lambda tx: segment_rows.seal(tx, before[0].id, file, now))
    assert segments_of(one) == before


def test_a_run_that_another_process_took_over_is_not_ended_by_the_first(
    make_app, clock: MovingClock
) -> None:
    """job_runs.finish: lease_token."""
    app = make_app()
    start: datetime = app.clock.now()
    end = start + timedelta(seconds=30)
    run_id = app.database.write(
        lambda tx: job_runs.start(tx, "sweep", start, JobCause.SCHEDULE, "one", start, end)
    )
    clock.move(31)
    seen = app.database.read(lambda tx: job_runs.job_state(tx, "sweep", app.clock.now())).open
    later = app.clock.now()
    assert app.database.write(
        lambda tx: job_runs.take_over(tx, seen, "other", later, later + timedelta(seconds=30))
    )
    assert not app.database.write(
        lambda tx: job_runs.finish(tx, run_id, 1, RunState.SUCCEEDED, "late", later)
    )
    assert (
        app.database.read(
            lambda tx: job_runs.job_state(tx, "sweep", app.clock.now())
        ).open.lease_owner
        == "other"
    )


def test_an_account_that_is_added_during_a_rotation_can_be_read(make_app, monkeypatch) -> None:
    """Vault.encrypt_all: the key check is held, so that a rotation waits for the row.

    On SQLite every writer waits anyway: there the test holds without the guard.
    """
    one, other = make_app(), make_app()
    add_account(one, "first")
    rotation = threading.Thread(target=lambda: other.vault.rotate(other.database))

    def rotate() -> None:
        rotation.start()
        rotation.join(1)  # it ends within that, unless it waits for us

    with monkeypatch.context() as racing:
        racing.setattr(account_rows, "add", at_call(1, rotate, account_rows.add))
        one.pool.registry.add("bilibili", "second", Credentials(session="SESSDATA=second"), 10)
    rotation.join(10)
    third = make_app()
    sessions = [account.session for account in third.pool.registry.all()]
    found = [third.vault.decrypt(session) for session in sessions]
    assert found == ["SESSDATA=first", "SESSDATA=second"]


@ONE_ENGINE
def test_creators_are_stored_in_key_order(make_app, monkeypatch) -> None:
    """PageStore: sorted, so that writers of overlapping pages lock in one order."""
    app = make_app()
    file_crawl(app, pages=1)
    leased = claimed(app)
    seen: list[list[str]] = []
    execute_many = Tx.execute_many

    def watched(tx: Tx, sql: str, rows) -> None:
        seen.append([row["uid"] for row in rows])
        execute_many(tx, sql, rows)

    monkeypatch.setattr(Tx, "execute_many", watched)
    page = CreatorPage(1, 1, tuple(Creator(uid, uid, {}) for uid in ("3", "1", "2")))
    app.crawling.pages.store(leased, 1, page, 1, app.clock.now())
    assert seen == [["1", "2", "3"]] * 2  # creators, influencers


def test_an_export_leaves_segments_of_other_domains_alone(
    two, clock: MovingClock, monkeypatch
) -> None:
    """SegmentFinalizer.finalize_orphans: one domain's broken folder stops no other."""
    one, other = two
    store_rows(one, 3, domain="游戏")
    dead = file_export(one, domain="游戏")
    with monkeypatch.context() as dying:
        dying.setattr(SegmentWriter, "discard", lambda *_: None)
        dying.setattr(CsvWriter, "close", at_call(1, die, CsvWriter.close))
        with pytest.raises(Crash):
            work_off(one, dead)
    one.crawling.control.cancel(dead.id)
    clock.move(31)
    assert work_off(other, file_export(other)).status is TaskStatus.COMPLETED
    states = {segment.domain: segment.state for segment in segments_of(other)}
    assert states == {"游戏": SegmentState.OPEN, DOMAIN: SegmentState.SEALED}
