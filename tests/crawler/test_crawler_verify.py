"""`exports verify` names each kind of damage, and `exports rebuild` mends it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

import tests.support.crawler.outside_checker as outside_checker
from app.container import App
from core.clock import SystemClock
from core.errors import InvalidInputError
from crawler.export.segment_files import manifest_path
from presentation.i18n.renderer import ENGLISH_RENDERER
from presentation.json_rows import verification_object
from storage.models.segments import SegmentState
from storage.models.tasks import TaskStatus
from tests.support.crawler.workbench import (
    ONE_ENGINE,
    Crash,
    account_of,
    add_account,
    add_accounts,
    at_once,
    change,
    export,
    file_export,
    once,
    segments_of,
    store_rows,
    task_of,
    work_off,
)
from tests.support.messages import raises_saying
from tests.support.moving_clock import MovingClock


@pytest.fixture
def exported(make_app) -> App:
    """Two sealed segments of five rows, and an account for each."""
    app = make_app(export_batch_rows=2)
    add_accounts(app, 2, limit=5)
    store_rows(app, 10)
    assert export(app).status is TaskStatus.COMPLETED
    assert verification_object(app.crawling.verifier.verify()) == {
        "ok": True,
        "segments": 2,
        "rows": 10,
        "problems": [],
    }
    return app


def problems_of(app: App) -> list[str]:
    found = app.crawling.verifier.verify().problems
    return [ENGLISH_RENDERER.sentence(problem) for problem in found]


def file_of(app: App, number: int = 1) -> Path:
    return app.crawling.segment_files.locate(segments_of(app)[number - 1].file_path)


def remove(app: App) -> None:
    file_of(app).unlink()


def change_a_byte(app: App) -> None:
    content = bytearray(file_of(app).read_bytes())
    content[-5] ^= 1
    file_of(app).write_bytes(content)


def cut_off(app: App) -> None:
    file_of(app).write_bytes(file_of(app).read_bytes()[:-10])


def remove_manifest(app: App) -> None:
    manifest_path(file_of(app)).unlink()


def spoil_manifest(app: App) -> None:
    manifest_path(file_of(app)).write_text("{", encoding="utf-8")


def nest_manifest(app: App) -> None:
    manifest_path(file_of(app)).write_text("[" * 100_000, encoding="utf-8")


def list_manifest(app: App) -> None:
    manifest_path(file_of(app)).write_text("[]", encoding="utf-8")


def change_manifest(app: App) -> None:
    path = manifest_path(file_of(app))
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"rows": 6}), "utf-8")


def forget_the_file(app: App) -> None:
    change(app, "UPDATE export_logs SET file_path=NULL WHERE id=1")


FILE_DAMAGE: dict[str, tuple[Callable[[App], None], str]] = {
    "missing file": (remove, "No such file"),
    "changed byte": (change_a_byte, "is not the file that was written"),
    "cut off": (cut_off, "is not the file that was written"),
    "missing manifest": (remove_manifest, "its manifest cannot be read"),
    "spoilt manifest": (spoil_manifest, "its manifest cannot be read"),
    "deep manifest": (nest_manifest, "its manifest cannot be read"),
    "manifest that is a list": (list_manifest, "its manifest cannot be read"),
    "other manifest": (change_manifest, "its manifest says something else"),
    "no file path": (forget_the_file, "sealed without a file"),
}


@ONE_ENGINE
@pytest.mark.parametrize("kind", FILE_DAMAGE)
def test_damage_to_a_file_is_named_and_a_rebuild_mends_it(
    exported: App, database_url: str, kind: str
) -> None:
    damage, words = FILE_DAMAGE[kind]
    damage(exported)
    [problem] = problems_of(exported)
    assert problem.startswith("segment 1: ") and words in problem
    assert problem.endswith("mend it with: python cli.py exports rebuild 1")
    exported.crawling.segment_finalizer.rebuild(1)
    assert exported.crawling.verifier.verify().ok
    assert outside_checker.problems(database_url, exported.settings.exports_dir) == []


ROW_DAMAGE = {
    "fewer rows": (
        "UPDATE influencers SET export_log_id=NULL, status='pending_export' WHERE id=2",
        ["segment 1: the log says 5 rows, ids 1-5; the table has 4 rows, ids 1-5"],
    ),
    "other bounds": (
        "UPDATE export_logs SET first_id=2 WHERE id=1",
        ["segment 1: the log says 5 rows, ids 2-5; the table has 5 rows, ids 1-5"],
    ),
    "pending in a segment": (
        "UPDATE influencers SET status='pending_export' WHERE id=2",
        ["1 creator whose status and segment contradict each other"],
    ),
    "a creator without details": (
        "UPDATE influencers SET seen_at=updated_at WHERE id=2",
        ["1 creator of a domain is missing in the list of creators"],
    ),
    "uncounted rows": (
        "UPDATE accounts SET today_export_count=4 WHERE id=1",
        ["account acc1 on 2026-11-22: counted 4 rows, exported 5"],
    ),
    "over the limit": (
        "UPDATE export_logs SET quota_limit=4, account_id=1",
        [
            "account acc1 on 2026-11-22: counted 5 rows, exported 10",
            "account acc1 on 2026-11-22: exported 10 rows, its limit is 4",
        ],
    ),
}


@pytest.mark.parametrize("kind", ROW_DAMAGE)
def test_damage_to_rows_is_named(exported: App, kind: str) -> None:
    sql, problems = ROW_DAMAGE[kind]
    change(exported, sql)
    assert problems_of(exported) == problems


def test_rows_of_a_segment_that_is_gone_are_named(exported: App) -> None:
    change(exported, "DELETE FROM export_logs WHERE id=2")
    assert "5 creators point to a segment that does not exist" in problems_of(exported)


def test_an_exported_row_without_a_segment_is_named(exported: App) -> None:
    change(exported, "UPDATE influencers SET export_log_id=NULL WHERE id=2")
    assert "1 creator whose status and segment contradict each other" in problems_of(exported)


def test_verify_looks_at_one_domain_only_where_asked(exported: App) -> None:
    store_rows(exported, 1, domain="游戏")
    add_account(exported, "acc3")
    export(exported, domain="游戏")
    remove(exported)
    assert exported.crawling.verifier.verify("游戏").ok
    assert exported.crawling.verifier.verify("游戏").segments == 1
    assert not exported.crawling.verifier.verify().ok


def test_a_file_on_another_host_is_told_apart_from_a_lost_one(exported: App) -> None:
    change(exported, "UPDATE export_logs SET host='far away' WHERE id=1")
    remove(exported)
    verdict = exported.crawling.verifier.verify()
    assert verdict.ok
    assert verification_object(verdict)["elsewhere"] == {"far away": 1}
    change(exported, "UPDATE export_logs SET exported_count=1 WHERE id=1")
    assert "the log says 1 rows" in problems_of(exported)[0]


def test_a_changed_limit_and_the_operators_own_counts_raise_no_alarm(exported: App) -> None:
    exported.pool.registry.set_limit(account_of(exported, "acc1"), 2)
    exported.pool.registry.set_limit(account_of(exported, "acc2"), 9)
    exported.pool.manager.update_export_count(account_of(exported, "acc2").id, 4)
    assert exported.crawling.verifier.verify().ok


CHANGED = {
    "a row that was refreshed": "UPDATE influencers SET nickname='新名' WHERE id=3",
    "a row that is gone": "DELETE FROM influencers WHERE id=3",
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_rebuild_keeps_a_file_whose_content_would_be_another(exported: App, what: str) -> None:
    [segment, *_] = segments_of(exported)
    path = exported.settings.exports_dir / str(segment.file_path)
    before = path.read_bytes()
    change(exported, CHANGED[what])
    with raises_saying(InvalidInputError, "is kept"):
        exported.crawling.segment_finalizer.rebuild(1)
    assert path.read_bytes() == before
    assert segments_of(exported)[0] == segment
    assert [file.name for file in path.parent.iterdir() if ".part" in file.name] == []


def test_a_rebuild_mends_a_damaged_file(exported: App) -> None:
    [segment, *_] = segments_of(exported)
    path = exported.settings.exports_dir / str(segment.file_path)
    before = path.read_bytes()
    path.write_bytes(before[:-1])
    exported.crawling.segment_finalizer.rebuild(1)
    assert path.read_bytes() == before


def test_a_rebuild_needs_the_declaration_of_the_platform(exported: App) -> None:
    change(exported, "UPDATE export_logs SET platform='gone' WHERE id=1")
    with raises_saying(InvalidInputError, "nothing declares the platform gone"):
        exported.crawling.segment_finalizer.rebuild(1)


def test_a_rebuild_of_a_lost_file_renders_the_rows_as_they_are_now(
    exported: App, database_url: str
) -> None:
    change(exported, "UPDATE influencers SET nickname='新名' WHERE id=3")
    [segment, *_] = segments_of(exported)
    (exported.settings.exports_dir / str(segment.file_path)).unlink()
    done = exported.crawling.segment_finalizer.rebuild(1)
    names = [row["nickname"] for row in outside_checker.records_in(done.path, "csv")]
    assert names == ["达人1", "达人2", "新名", "达人4", "达人5"]
    assert exported.crawling.verifier.verify().ok
    assert outside_checker.problems(database_url, exported.settings.exports_dir) == []


def test_rebuild_names_a_segment_that_does_not_exist(exported: App) -> None:
    with raises_saying(InvalidInputError, "no segment has the id 99"):
        exported.crawling.segment_finalizer.rebuild(99)


def half_done(app: App) -> None:
    """A worker dies with a segment open."""
    calls = iter(range(10))

    def die() -> None:
        if next(calls) == 1:
            raise Crash

    store_rows(app, 9)
    task = file_export(app)
    with pytest.raises(Crash):
        work_off(app, task, app.crawling.export_worker(after_commit=die))


def test_a_segment_that_is_being_written_is_not_rebuilt(make_app, clock: MovingClock) -> None:
    app = make_app(export_batch_rows=4)
    add_account(app, "acc1")
    half_done(app)
    with raises_saying(InvalidInputError, "is being written by a running export"):
        app.crawling.segment_finalizer.rebuild(1)
    assert segments_of(app)[0].state is SegmentState.OPEN
    assert app.crawling.segment_finalizer.unattended() == []
    assert app.crawling.verifier.verify().ok


def test_an_open_segment_that_nobody_attends_to_is_rebuilt(
    make_app, clock: MovingClock, database_url: str
) -> None:
    app = make_app(export_batch_rows=4)
    add_account(app, "acc1")
    half_done(app)
    clock.move(31)
    assert [segment.id for segment in app.crawling.segment_finalizer.unattended()] == [1]
    app.crawling.segment_finalizer.rebuild(1)
    assert app.crawling.verifier.verify().ok
    assert outside_checker.problems(database_url, app.settings.exports_dir) == []
    [segment] = segments_of(app)
    assert (segment.state, segment.exported_count) == (SegmentState.SEALED, 8)
    other = make_app(export_batch_rows=4)
    [task] = [task_of(app, segment.task_id)]
    assert work_off(other, task).status is TaskStatus.COMPLETED
    assert outside_checker.problems(database_url, app.settings.exports_dir) == []


def test_an_open_segment_of_an_ended_task_is_no_silent_success(
    make_app, clock: MovingClock
) -> None:
    """Its rows count as exported, and no file has them: somebody must be told."""
    app = make_app(export_batch_rows=4)
    add_account(app, "acc1")
    half_done(app)
    clock.move(31)
    app.crawling.control.cancel(segments_of(app)[0].task_id)
    [problem] = problems_of(app)
    assert problem.startswith("segment 1: ") and "exports rebuild 1" in problem


def test_verify_raises_no_false_alarm_while_exports_run(make_app) -> None:
    app = make_app(clock=SystemClock(), poll_secs=0.02, export_batch_rows=5, export_file_rows=60)
    add_accounts(app, 2, limit=1000)
    store_rows(app, 700)
    task = file_export(app, lanes=2)
    over = threading.Event()

    def look() -> list[str]:
        found: list[str] = []
        while not over.is_set():
            found += problems_of(app)
        return found

    def work() -> list[str]:
        try:
            at_once(*[lambda: work_off(app, task) for _ in range(2)])
        finally:
            over.set()
        return []

    assert at_once(work, look) == [[], []]
    assert app.crawling.verifier.verify().rows == 700


def test_a_rebuild_of_a_foreign_day_keeps_its_place_and_times(exported: App, clock) -> None:
    before = segments_of(exported)[0]
    clock.move(timedelta(days=2).total_seconds())
    exported.crawling.segment_finalizer.rebuild(1)
    after = segments_of(exported)[0]
    assert (after.file_path, after.end_time, after.sha256) == (
        before.file_path,
        before.end_time,
        before.sha256,
    )
    assert once(exported.crawling.export_worker()) is False
