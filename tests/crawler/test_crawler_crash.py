"""Dying, a full disk and lost answers at each step: whoever takes over mends it."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from app.container import App
from core.errors import CommitUnknownError
from crawler.export import segment_files as segment_files
from crawler.export.formats import CsvWriter
from crawler.export.segment_files import SegmentWriter
from storage.crawling import export_segments as segment_rows
from storage.crawling import influencers, task_leases
from storage.models.accounts import AccountStatus
from storage.models.segments import SegmentState
from storage.models.tasks import TaskStatus, WaitingFor
from tests.support.crawler.workbench import (
    ONE_ENGINE,
    ROWS,
    Crash,
    account_of,
    add_account,
    add_accounts,
    after_batch,
    at_call,
    column,
    crawl,
    die,
    file_crawl,
    file_export,
    once,
    pieces_of,
    segments_of,
    store_rows,
    stored_uids,
    task_of,
    work_off,
)
from tests.support.messages import code, english_text
from tests.support.moving_clock import MovingClock

COMPLETED, PENDING = TaskStatus.COMPLETED, TaskStatus.PENDING


def nothing(*args: object) -> None:
    """A dead process tidies nothing up."""


PLACES: dict[str, tuple[object, str, int]] = {
    "first rows marked": (influencers, "mark_exported", 1),
    "before the first COMMIT": (task_leases, "advance", 1),
    "before a later COMMIT": (task_leases, "advance", 3),
    "part file opened": (CsvWriter, "write", 1),
    "in a later append": (CsvWriter, "write", 3),
    "before closing": (CsvWriter, "close", 1),
    "before measuring": (segment_files, "measure", 1),
    "before the rename": (segment_files, "sync_folder", 1),
    "before the manifest": (SegmentWriter, "_write_manifest", 1),
    "before sealing": (segment_rows, "seal", 1),
    "before sealing the second": (segment_rows, "seal", 2),
    "before the end": (task_leases, "finish", 1),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_death_anywhere_is_mended_by_who_takes_over(
    two, agree, clock: MovingClock, monkeypatch, place
) -> None:
    one, other = two
    task = file_export(one)
    owner, name, number = PLACES[place]
    with monkeypatch.context() as dying:
        dying.setattr(SegmentWriter, "discard", nothing)
        dying.setattr(owner, name, at_call(number, die, getattr(owner, name)))
        with pytest.raises(Crash):
            work_off(one, task)
    agree(all_sealed=False)
    clock.move(31)
    assert work_off(other, task).status is COMPLETED
    assert agree() == list(range(1, ROWS + 1))


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 7])
def test_a_death_between_commit_and_append_loses_no_row(
    two, agree, clock: MovingClock, monkeypatch, batch
) -> None:
    one, other = two
    task = file_export(one)
    with monkeypatch.context() as dying:
        dying.setattr(SegmentWriter, "discard", nothing)
        with pytest.raises(Crash):
            work_off(one, task, one.crawling.export_worker(after_commit=after_batch(batch, die)))
    assert any(segment.state is SegmentState.OPEN for segment in segments_of(one))
    assert once(other.crawling.export_worker()) is False  # the dead one's lease still holds
    clock.move(31)
    assert work_off(other, task).status is COMPLETED
    assert agree() == list(range(1, ROWS + 1))


def test_a_row_of_workers_that_all_die_leaves_everything_right(
    make_app, agree, clock: MovingClock, monkeypatch
) -> None:
    first = make_app(export_batch_rows=3)
    add_accounts(first, 4, limit=7)
    store_rows(first, 26)
    task = file_export(first)
    monkeypatch.setattr(SegmentWriter, "discard", nothing)
    for number in range(1, 9):
        dying = make_app(export_batch_rows=3)
        with pytest.raises(Crash):
            hook = after_batch(1 + number % 2, die)
            work_off(dying, task, dying.crawling.export_worker(after_commit=hook))
        clock.move(31)
        if task_of(first, task.id).item_count >= 20:
            break
    assert work_off(first, task).status is COMPLETED
    assert sorted(agree()) == list(range(1, 27))


def full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


FULL_AT = {
    "opening": (Path, "mkdir", 1),
    "appending": (CsvWriter, "write", 2),
    "closing": (CsvWriter, "close", 1),
    "renaming": (os, "rename", 1),
    "syncing the folder": (segment_files, "sync_folder", 1),
    "writing the manifest": (Path, "open", 3),  # after the rows and the hash
    "placing the manifest": (os, "rename", 2),
}


@ONE_ENGINE
@pytest.mark.parametrize("place", FULL_AT)
def test_a_full_disk_keeps_the_rows_and_tries_again_later(
    two, agree, monkeypatch, tmp_path, place
) -> None:
    app = two[0]
    task = file_export(app)
    owner, name, number = FULL_AT[place]
    with monkeypatch.context() as filled:
        filled.setattr(owner, name, at_call(number, full, getattr(owner, name)))
        once(app.crawling.export_worker())
    seen = task_of(app, task.id)
    assert (seen.status, seen.waiting_for) == (PENDING, WaitingFor.DISK)
    assert "No space left on device" in english_text(seen.last_error)
    assert code(seen.last_error) == "export_not_writable"
    assert app.leases.held() == []
    assert set(column(app, "SELECT status FROM accounts")) == {"idle"}
    assert list(tmp_path.rglob("*.part")) == []
    assert work_off(app, task).status is COMPLETED
    assert agree() == list(range(1, ROWS + 1))


@pytest.mark.parametrize("word", ["pause", "cancel"])
def test_a_halted_export_whose_file_cannot_be_sealed_keeps_no_account(
    two, agree, clock: MovingClock, monkeypatch, word: str
) -> None:
    """The renewer would keep the account leased for as long as the process lives."""
    one, other = two
    task = file_export(one)
    halt = getattr(one.crawling.control, word)
    with monkeypatch.context() as lossy:
        lose_answers(one, lossy, segment_rows, "seal", 1, came=False)
        once(one.crawling.export_worker(after_commit=after_batch(1, lambda: halt(task.id))))
    assert one.leases.held() == []
    clock.move(31)
    other.crawling.control.resume(task.id)
    assert work_off(other, task).status is COMPLETED
    assert agree() == list(range(1, ROWS + 1))


def lose_answers(app: App, monkeypatch, owner: object, query: str, number: int, *, came: bool):
    """The COMMIT of the transaction with that call of `query` brings no answer."""
    engine, armed = app.database.engine, threading.Event()
    commit, rollback = engine.commit, engine.rollback
    monkeypatch.setattr(owner, query, at_call(number, armed.set, getattr(owner, query)))

    def lost(connection: Any) -> None:
        if not armed.is_set():
            return commit(connection)
        armed.clear()
        commit(connection) if came else rollback(connection)
        raise CommitUnknownError("no answer to COMMIT")

    monkeypatch.setattr(engine, "commit", lost)


@pytest.mark.parametrize("came", [True, False])
@pytest.mark.parametrize(
    ("owner", "query", "number"),
    [
        (influencers, "mark_exported", 1),
        (influencers, "mark_exported", 3),
        (segment_rows, "seal", 1),
        (task_leases, "finish", 1),
    ],
)
def test_a_lost_answer_to_commit_is_never_guessed_at(
    two, agree, clock: MovingClock, monkeypatch, came, owner, query, number
) -> None:
    one, other = two
    task = file_export(one)
    with monkeypatch.context() as lossy:
        lose_answers(one, lossy, owner, query, number, came=came)
        once(one.crawling.export_worker())
    assert one.leases.held() == []  # its leases run out by themselves
    clock.move(31)
    assert work_off(other, task).status is COMPLETED
    assert agree() == list(range(1, ROWS + 1))


@pytest.mark.parametrize("came", [True, False])
@pytest.mark.parametrize(
    ("owner", "query", "number"),
    [
        (task_leases, "make_parent", 1),
        (influencers, "upsert_page", 1),
        (influencers, "upsert_page", 3),
        (task_leases, "finish", 1),
    ],
)
def test_a_lost_answer_while_crawling_costs_no_page(
    make_app, platform, clock: MovingClock, monkeypatch, came, owner, query, number
) -> None:
    server = platform(creators=100)
    one, other = make_app(bilibili_base_url=server.url), make_app(bilibili_base_url=server.url)
    add_accounts(one, 2)
    task, worker = file_crawl(one), one.crawling.ingestion_worker()
    with monkeypatch.context() as lossy:
        lose_answers(one, lossy, owner, query, number, came=came)
        once(worker), once(worker)
    clock.move(31)
    assert work_off(other, task).status is COMPLETED
    assert stored_uids(other) == server.uids()
    assert sorted(column(other, "SELECT page_number FROM ingestion_logs")) == [1, 2, 3, 4, 5]
    assert len(server.asked) <= 6


@pytest.mark.parametrize("page", [1, 2, 4])
def test_a_crawl_that_dies_goes_on_from_its_marker(
    make_app, platform, clock: MovingClock, monkeypatch, page
) -> None:
    server = platform(creators=100)
    one, other = make_app(bilibili_base_url=server.url), make_app(bilibili_base_url=server.url)
    add_accounts(one, 2)
    task = file_crawl(one)
    with monkeypatch.context() as dying:
        dying.setattr(influencers, "upsert_page", at_call(page, die, influencers.upsert_page))
        with pytest.raises(Crash):
            work_off(one, task)
    clock.move(31)
    assert work_off(other, task).status is COMPLETED
    assert stored_uids(other) == server.uids()
    assert server.pages == sorted([1, 2, 3, 4, 5, page])


def test_a_bug_in_rendering_ends_the_task_and_a_resume_renders_what_is_open(
    two, agree, monkeypatch
) -> None:
    app = two[0]
    task = file_export(app)

    def broken() -> None:
        raise ZeroDivisionError("a bug of ours")

    with monkeypatch.context() as buggy:
        buggy.setattr(CsvWriter, "write", at_call(2, broken, CsvWriter.write))
        once(app.crawling.export_worker())
    seen = task_of(app, task.id)
    assert seen.status is TaskStatus.FAILED and "ZeroDivisionError" in english_text(seen.last_error)
    assert account_of(app, "acc1").status is AccountStatus.IDLE
    assert app.leases.held() == []
    app.crawling.control.resume(task.id)
    assert work_off(app, task).status is COMPLETED
    assert agree() == list(range(1, ROWS + 1))


def test_the_keeper_frees_what_dead_processes_held(
    make_app, platform, clock: MovingClock, monkeypatch
) -> None:
    server = platform(creators=60)
    one, other = make_app(bilibili_base_url=server.url), make_app(bilibili_base_url=server.url)
    add_account(one, "acc1")
    task = file_crawl(one, pages=3)
    with monkeypatch.context() as dying:
        dying.setattr(influencers, "upsert_page", at_call(2, die, influencers.upsert_page))
        with pytest.raises(Crash):
            work_off(one, task)
    clock.move(31)
    other.crawling.lease_renewer("ingestion").renew_once()
    piece = pieces_of(other, task.id)[0]
    assert (piece.status, piece.lease_owner, piece.progress_marker) == (PENDING, None, "page=1")
    assert account_of(other, "acc1").status is AccountStatus.IDLE
    assert crawl(other).status is COMPLETED
