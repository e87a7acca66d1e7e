"""Names of export files: a finished file of another database is not replaced, and files survive."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import InvalidInputError, OutputError
from crawler.export import segment_files
from crawler.export.formats import CsvWriter
from storage.models.segments import SegmentState
from storage.models.tasks import TaskStatus
from tests.support.crawler.workbench import (
    DOMAIN,
    ONE_ENGINE,
    Crash,
    add_accounts,
    after_batch,
    at_call,
    die,
    export,
    file_crawl,
    file_export,
    pieces_of,
    segments_of,
    store_rows,
    task_of,
    work_off,
)
from tests.support.moving_clock import MovingClock

pytestmark = ONE_ENGINE


def files_below(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_database_in_the_same_folder_takes_other_names(make_app, agree, tmp_path) -> None:
    first = make_app()
    add_accounts(first, 1)
    store_rows(first, 6)
    export(first)
    before = files_below(first.settings.exports_dir)
    other = make_app(database_url=f"sqlite:///{tmp_path / 'other.db'}")
    add_accounts(other, 1)
    store_rows(other, 2)
    export(other)
    assert files_below(first.settings.exports_dir).items() >= before.items()
    assert agree(all_sealed=False) == [1, 2, 3, 4, 5, 6]
    [segment] = segments_of(other)
    assert str(segment.file_path).endswith("-acc1-2.csv")
    assert first.crawling.verifier.verify().ok
    assert other.crawling.verifier.verify().ok


def test_a_part_file_of_another_database_is_left_alone(make_app, tmp_path) -> None:
    first = make_app(export_batch_rows=2)
    add_accounts(first, 1)
    store_rows(first, 6)
    other = make_app(database_url=f"sqlite:///{tmp_path / 'other.db'}")
    add_accounts(other, 1)
    store_rows(other, 2)
    task = file_export(first)
    worker = first.crawling.export_worker(after_commit=after_batch(2, lambda: export(other)))
    assert work_off(first, task, worker).status is TaskStatus.COMPLETED
    assert [segment.exported_count for segment in segments_of(first)] == [6]
    assert first.crawling.verifier.verify().ok
    assert other.crawling.verifier.verify().ok


def test_who_takes_over_after_the_rename_replaces_the_own_file(
    make_app, agree, clock: MovingClock, monkeypatch
) -> None:
    one, other = make_app(), make_app()
    add_accounts(one, 1)
    store_rows(one, 3)
    task = file_export(one)
    with monkeypatch.context() as dying:
        dying.setattr(os, "rename", at_call(2, die, os.rename))
        with pytest.raises(Crash):
            work_off(one, task)
    clock.move(31)
    assert work_off(other, task).status is TaskStatus.COMPLETED
    assert agree() == [1, 2, 3]


def test_manifests_and_new_folders_are_synced_before_they_are_relied_on(
    make_app, monkeypatch
) -> None:
    app = make_app()
    add_accounts(app, 1)
    store_rows(app, 3)
    fsync, rename = os.fsync, os.rename
    synced: set[int] = set()
    in_time: list[bool] = []

    def watched_sync(handle: int) -> None:
        synced.add(os.fstat(handle).st_ino)
        fsync(handle)

    def watched_rename(old: Path, new: Path) -> None:
        folders = [new.parent.parent, new.parent.parent.parent]
        in_time.append({os.stat(path).st_ino for path in (old, *folders)} <= synced)
        rename(old, new)

    monkeypatch.setattr(os, "fsync", watched_sync)
    monkeypatch.setattr(os, "rename", watched_rename)
    export(app)
    assert in_time == [True, True]


def gone(app, monkeypatch, folder: Path, domain: str = DOMAIN) -> int:
    """Leave a segment open whose task has ended, and whose folder cannot be written."""
    task = file_export(app, domain=domain, out=str(folder))
    with monkeypatch.context() as dying:
        dying.setattr(CsvWriter, "close", at_call(1, die, CsvWriter.close))
        with pytest.raises(Crash):
            work_off(app, task)
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
    folder.write_text("no folder any more")
    return task.id


def test_a_folder_that_is_gone_does_not_stop_the_next_export(
    make_app, tmp_path, clock: MovingClock, monkeypatch
) -> None:
    app = make_app()
    add_accounts(app, 2)
    store_rows(app, 3)
    ended = gone(app, monkeypatch, tmp_path / "away")
    app.crawling.control.cancel(ended)
    clock.move(31)
    store_rows(app, 4)
    assert export(app).status is TaskStatus.COMPLETED
    states = [(segment.state, segment.exported_count) for segment in segments_of(app)]
    assert states == [(SegmentState.OPEN, 3), (SegmentState.SEALED, 4)]
    with pytest.raises(OutputError):
        app.crawling.segment_finalizer.rebuild(1)


def test_a_lost_file_of_a_full_disk_is_no_obstacle_for_a_rebuild(make_app, monkeypatch) -> None:
    app = make_app()
    add_accounts(app, 1)
    store_rows(app, 3)
    export(app)
    with monkeypatch.context() as full:
        error = OSError(28, "No space left on device")

        def fails(folder: Path) -> None:
            raise error

        full.setattr(segment_files, "sync_folder", fails)
        with pytest.raises(OutputError):
            app.crawling.segment_finalizer.rebuild(1)
    app.crawling.segment_finalizer.rebuild(1)
    assert app.crawling.verifier.verify().ok


def test_a_cancelled_task_tells_which_file_it_could_not_finish(
    make_app, tmp_path, clock: MovingClock, monkeypatch
) -> None:
    app = make_app()
    add_accounts(app, 2)
    store_rows(app, 3)
    ended = gone(app, monkeypatch, tmp_path / "away")
    clock.move(31)
    cancelled = app.crawling.service.cancel(ended)
    assert (list(cancelled.finished), list(cancelled.left_open)) == ([], [1])
    assert task_of(app, ended).status is TaskStatus.FAILED
    done = app.crawling.segment_finalizer.rebuild(1, tmp_path / "elsewhere")
    assert done.path.is_relative_to(tmp_path / "elsewhere")
    assert app.crawling.verifier.verify().ok


@pytest.mark.parametrize("lanes", [1, 2])
def test_an_open_export_goes_on_in_another_folder(
    make_app, tmp_path, clock: MovingClock, lanes: int
) -> None:
    app = make_app(export_batch_rows=2)
    add_accounts(app, 2)
    store_rows(app, 6)
    task = file_export(app, lanes=lanes, out=str(tmp_path / "old"))
    moved = tmp_path / "new"

    def moves() -> None:
        app.crawling.service.move_output(task.id, moved)

    worker = app.crawling.export_worker(after_commit=after_batch(2, moves))
    assert work_off(app, task, worker).status is TaskStatus.COMPLETED
    paths = [Path(str(segment.file_path)) for segment in segments_of(app)]
    assert all(path.is_relative_to(moved) for path in paths)
    assert sum(segment.exported_count for segment in segments_of(app)) == 6
    assert app.crawling.verifier.verify().ok
    assert list((tmp_path / "old").rglob("*.csv")) == []


def test_neither_a_crawl_nor_a_piece_nor_an_ended_export_is_moved(make_app, tmp_path) -> None:
    app = make_app()
    add_accounts(app, 1)
    store_rows(app, 1)
    crawl, export_with_lanes = file_crawl(app), file_export(app, lanes=2)
    piece = pieces_of(app, export_with_lanes.id)[0]
    for task_id in (crawl.id, piece.id, 99):
        with pytest.raises(InvalidInputError):
            app.crawling.service.move_output(task_id, tmp_path)
