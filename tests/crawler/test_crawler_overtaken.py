"""A writer that was overtaken while it stood still publishes nothing, whatever clocks say."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import LeaseLostError
from crawler.export import segment_files
from crawler.export.fencing import WriteFence
from crawler.export.segment_files import SegmentFiles
from crawler.export.segment_finalizer import SegmentFinalizer
from crawler.tasks.scheduler import TaskScheduler
from storage.models.tasks import TaskStatus
from tests.support.crawler.take_over import TakeOver, World
from tests.support.crawler.workbench import (
    Crash,
    add_accounts,
    after_batch,
    at_call,
    change,
    die,
    export,
    file_crawl,
    file_export,
    once,
    pieces_of,
    segments_of,
    store_rows,
    task_of,
    work_off,
)
from tests.support.moving_clock import MovingClock

COMPLETED = TaskStatus.COMPLETED
RENAMED = "UPDATE influencers SET nickname='新名'"


def test_who_was_suspended_with_a_full_file_in_hand_publishes_nothing(
    make_app, agree, clock: MovingClock
) -> None:
    standing = MovingClock()  # CLOCK_MONOTONIC does not count while the machine is suspended
    one = make_app(clock=standing, export_batch_rows=4, export_file_rows=4)
    other = make_app(export_batch_rows=4, export_file_rows=4)
    add_accounts(one, 2)
    store_rows(one, 8)
    task = file_export(one)
    take_over = TakeOver(other=other, task=task, clock=clock, renamed=True)
    once(one.crawling.export_worker(after_commit=after_batch(1, take_over)))
    assert World(other).changed_since(take_over.world) == []
    assert agree() == list(range(1, 9))


def test_who_was_suspended_before_its_part_file_existed_publishes_nothing(
    make_app, agree, clock: MovingClock, monkeypatch
) -> None:
    """The part files were cleared up before this one is created: only the question is left."""
    one = make_app(clock=MovingClock(), export_batch_rows=4, export_file_rows=4)
    other = make_app(export_batch_rows=4, export_file_rows=4)
    add_accounts(one, 2)
    store_rows(one, 8)
    task = file_export(one)
    take_over = TakeOver(other=other, task=task, clock=clock, renamed=True)
    late = at_call(1, take_over, SegmentFiles.final_path)
    with monkeypatch.context() as frozen:
        frozen.setattr(SegmentFiles, "final_path", late)
        once(one.crawling.export_worker())
    assert World(other).changed_since(take_over.world) == []
    assert agree() == list(range(1, 9))


def test_a_rebuild_that_was_overtaken_publishes_nothing(
    make_app, agree, clock: MovingClock, monkeypatch
) -> None:
    one, other = (make_app(export_batch_rows=4) for _ in range(2))
    add_accounts(one, 3)
    store_rows(one, 10)
    task = file_export(one)
    with pytest.raises(Crash):
        work_off(one, task, one.crawling.export_worker(after_commit=after_batch(2, die)))
    clock.move(31)
    take_over = TakeOver(other=other, task=task, clock=clock, renamed=False)

    def stands_still() -> None:
        take_over()
        change(other, RENAMED)
        take_over.world = World(other)

    late = at_call(1, stands_still, SegmentFiles.final_path)
    with monkeypatch.context() as frozen:
        frozen.setattr(SegmentFiles, "final_path", late)
        with pytest.raises(LeaseLostError):
            one.crawling.segment_finalizer.rebuild(1)
    assert World(other).changed_since(take_over.world) == []
    assert agree() == list(range(1, 11))


def test_the_orphan_of_an_ended_task_is_published_by_the_newest_alone(
    make_app, agree, clock: MovingClock, monkeypatch
) -> None:
    one, other = (make_app(export_batch_rows=4) for _ in range(2))
    add_accounts(one, 3)
    store_rows(one, 10)
    task = file_export(one)
    with pytest.raises(Crash):
        work_off(one, task, one.crawling.export_worker(after_commit=after_batch(1, die)))
    one.crawling.control.cancel(task.id)
    clock.move(31)

    def another_does_it() -> None:
        other.crawling.segment_finalizer.finalize_orphans("bilibili", task.domain)
        change(other, RENAMED)

    late = at_call(1, another_does_it, SegmentFiles.final_path)
    with monkeypatch.context() as frozen:
        frozen.setattr(SegmentFiles, "final_path", late)
        one.crawling.segment_finalizer.finalize_orphans("bilibili", task.domain)
    assert agree() == [1, 2, 3, 4]


def test_of_two_rebuilds_at_once_only_the_newest_publishes(
    make_app, agree, tmp_path, monkeypatch
) -> None:
    """Both had one part file, so that the first published what the second had begun."""
    one, other = (make_app() for _ in range(2))
    add_accounts(one, 1)
    store_rows(one, 10)
    export(one)
    [segment] = segments_of(one)
    (tmp_path / "data" / "exports" / segment.file_path).unlink()
    rebuild_elsewhere = other.crawling.segment_finalizer.rebuild
    measure = at_call(1, lambda: rebuild_elsewhere(segment.id), segment_files.measure)
    with monkeypatch.context() as frozen:
        frozen.setattr(segment_files, "measure", measure)
        with pytest.raises(LeaseLostError):
            one.crawling.segment_finalizer.rebuild(segment.id)
    assert agree() == list(range(1, 11))
    assert segments_of(one) == [segment]


def test_a_rebuild_that_began_first_and_renames_last_publishes_nothing(
    make_app, agree, tmp_path, monkeypatch
) -> None:
    """Guarded by the question to the database: its part file came after the other's clean-up."""
    one, other = (make_app() for _ in range(2))
    add_accounts(one, 1)
    store_rows(one, 3)
    export(one)
    [segment] = segments_of(one)
    (tmp_path / "data" / "exports" / segment.file_path).unlink()

    def another_does_it() -> None:
        change(other, f"{RENAMED} WHERE id=1")
        other.crawling.segment_finalizer.rebuild(1)
        change(other, "UPDATE influencers SET nickname='达人1' WHERE id=1")

    late = at_call(1, another_does_it, SegmentFiles.final_path)
    with monkeypatch.context() as frozen:
        frozen.setattr(SegmentFiles, "final_path", late)
        with pytest.raises(LeaseLostError):
            one.crawling.segment_finalizer.rebuild(1)
    assert agree() == [1, 2, 3]


def fence(task_token: int, rebuild_token: int | None) -> WriteFence:
    return WriteFence(task_token=task_token, rebuild_token=rebuild_token, require=lambda: None)


@pytest.mark.parametrize(
    ("writer", "part", "outgrown"),
    [
        (fence(5, None), ".a.csv.t4.part", True),
        (fence(5, None), ".a.csv.t4.r9.part.manifest", True),
        (fence(5, None), ".a.csv.t6.part", False),
        (fence(5, 2), ".a.csv.t5.part", True),
        (fence(5, 2), ".a.csv.t5.r1.part", True),
        (fence(5, 2), ".a.csv.t5.r3.part", False),
        (fence(5, 2), ".a.csv.t6.r1.part", False),
    ],
)
def test_a_writer_outgrows_those_that_came_before_it(
    writer: WriteFence, part: str, outgrown: bool
) -> None:
    assert writer.outgrows(Path(part)) is outgrown


def test_no_two_writers_share_a_part_file() -> None:
    writers = [fence(5, None), fence(6, None), fence(5, 1), fence(5, 2)]
    assert len({writer.suffix for writer in writers}) == len(writers)


@pytest.mark.parametrize("lanes", [1, 2])
def test_an_export_that_was_joined_does_not_complete_without_the_joiners_rows(
    make_app, monkeypatch, lanes: int
) -> None:
    """`start_crawl` and `start_export` come between the last look and the end of the export."""
    app = make_app()
    add_accounts(app, 1)
    store_rows(app, 3)
    task = file_export(app, lanes=lanes)
    if lanes > 1:
        work_off(app, pieces_of(app, task.id)[0])

    def joins() -> None:
        file_crawl(app)
        store_rows(app, 2)
        assert file_export(app).id == task.id

    finish = at_call(1, joins, TaskScheduler.finish)
    with monkeypatch.context() as joining:
        joining.setattr(TaskScheduler, "finish", finish)
        once(app.crawling.export_worker())
    assert task_of(app, task.id).status is not COMPLETED
    change(app, "UPDATE tasks SET status='completed', open_key=NULL WHERE task_type='ingestion'")
    assert work_off(app, task).status is COMPLETED
    assert sum(segment.exported_count for segment in segments_of(app)) == 5


def test_a_rebuild_that_is_overtaken_before_its_token_leaves_no_second_file(
    make_app, agree, clock: MovingClock, monkeypatch, tmp_path: Path
) -> None:
    """The name that was found free, and the seal, are younger than what the rebuild has read."""
    one, other = (make_app() for _ in range(2))
    add_accounts(one, 1)
    store_rows(one, 3)
    task = file_export(one)
    with pytest.raises(Crash):
        work_off(one, task, one.crawling.export_worker(after_commit=after_batch(1, die)))
    clock.move(31)
    late = at_call(1, lambda: work_off(other, task), SegmentFinalizer._require_platform)
    with monkeypatch.context() as frozen:
        frozen.setattr(SegmentFinalizer, "_require_platform", late)
        one.crawling.segment_finalizer.rebuild(1)
    assert task_of(one, task.id).status is COMPLETED
    assert len(list(tmp_path.rglob("*.csv"))) == 1
    assert agree() == [1, 2, 3]
