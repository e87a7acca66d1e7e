"""What an export puts into which file, and what the files are called."""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime

import pytest

from storage.models.segments import SegmentState
from storage.models.tasks import TaskStatus
from tests.support.crawler.workbench import (
    DOMAIN,
    ONE_ENGINE,
    add_account,
    add_accounts,
    counts_of,
    export,
    file_export,
    once,
    rows,
    segments_of,
    store_rows,
    task_of,
    work_off,
)

COMPLETED, PENDING = TaskStatus.COMPLETED, TaskStatus.PENDING
TODAY, TOMORROW = date(2026, 11, 22), date(2026, 11, 23)


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
    one.crawling.export_worker(after_commit=stop.set).work_once(stop)
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


NAMES = [
    "a/b:c",
    "..",
    ".",
    "CON",
    "[x]*?",
    'say "hi"',
    "a\\b",
    " 空格 ",
    "\t",
    "美" * 128,
    "x" * 128,
    "🎮" * 60,
    "<|>",
]


@ONE_ENGINE
@pytest.mark.parametrize("domain", NAMES)
def test_any_domain_makes_a_file_inside_the_exports_folder(make_app, agree, domain) -> None:
    app = make_app()
    add_account(app, "acc1")
    store_rows(app, 2, domain=domain)
    assert export(app, domain=domain).status is COMPLETED
    path = app.crawling.segment_files.locate(segments_of(app)[0].file_path).resolve()
    assert path.is_relative_to(app.settings.exports_dir.resolve()) and len(path.parts) > 3
    agree()


@ONE_ENGINE
@pytest.mark.parametrize("letter", ["美", "x"])
def test_the_longest_names_of_domain_and_account_fit_together(make_app, agree, letter) -> None:
    app = make_app()
    add_account(app, letter * 128)
    store_rows(app, 2, domain=letter * 128)
    task = file_export(app, domain=letter * 128)
    once(app.crawling.export_worker())
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
