"""What waits for an export: its choice and its limit bound it, and screens tell no other number."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console as Terminal

from app.container import App
from crawler.export import rows_left
from crawler.export.rows_left import RowsLeft
from presentation.i18n.renderer import renderer_for
from presentation.snapshot import RateMeter, Snapshot, TaskView
from presentation.terminal import task_table
from presentation.terminal.dashboard import Dashboard
from storage.creators import selections
from storage.models.tasks import TaskType
from tests.crawler.test_crawler_creators import entry, store
from tests.crawler.test_crawler_selections import chosen
from tests.support.crawler.workbench import (
    Crash,
    add_accounts,
    after_batch,
    change,
    die,
    file_crawl,
    file_export,
    work_off,
)
from tests.support.moving_clock import MovingClock

PEOPLE = 10  # with 1,000 to 10,000 followers
FITTING = {"where": ["followers>=4000"]}  # seven of them


@pytest.fixture
def app(make_app) -> App:
    app = make_app(export_batch_rows=3)
    add_accounts(app, 2)
    store(app, *(entry(f"{n:02}", n * 1000) for n in range(1, PEOPLE + 1)))
    return app


BOTH = (TaskType.EXPORT, TaskType.INGESTION)


def snapshot_of(app: App, here: tuple[TaskType, ...] = BOTH) -> Snapshot:
    return app.crawling.snapshots.snapshot(here=here)


def view_of(app: App) -> TaskView:
    return next(v for v in snapshot_of(app).tasks if v.task.task_type is TaskType.EXPORT)


def screen(app: App, language: str = "en", here: tuple[TaskType, ...] = BOTH) -> str:
    terminal = Terminal(file=io.StringIO(), width=140, color_system=None, highlight=False)
    with terminal.capture() as captured:
        console = Dashboard(renderer_for(language, app.calendar.zone))
        terminal.print(console.render(snapshot_of(app, here), 140, 40))
    return captured.get()


def export_two_batches(app: App, **options: object) -> None:
    """Six rows are exported, then the worker dies."""
    task = file_export(app, **options)
    with pytest.raises(Crash):
        work_off(app, task, app.crawling.export_worker(after_commit=after_batch(2, die)))


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({}, PEOPLE),
        ({"limit": 4}, 4),
        ({"limit": 40}, PEOPLE),
        ({"selection": chosen(**FITTING)}, 7),
        ({"selection": chosen(**FITTING, order="-followers"), "limit": 2}, 2),
        ({"selection": chosen(where=["followers>=1亿"])}, 0),
    ],
)
def test_before_its_first_row_an_export_waits_for_what_it_will_deliver(app, options, left) -> None:
    file_export(app, **options)
    assert view_of(app).rows_left == RowsLeft(left, is_exact=True)


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({}, PEOPLE - 6),
        ({"limit": 8}, 2),
        ({"selection": chosen(**FITTING)}, 1),
        ({"selection": chosen(order="-followers"), "limit": 9}, 3),
    ],
)
def test_what_waits_falls_with_each_row(app, options, left) -> None:
    export_two_batches(app, **options)
    view = view_of(app)
    assert (view.items, view.rows_left) == (6, RowsLeft(left, is_exact=True))
    assert task_table.share_done(view) == 6 / (6 + left)
    assert f"6 rows, {left} waiting" in screen(app)


def test_of_a_large_domain_only_what_was_drawn_is_counted(app, monkeypatch) -> None:
    monkeypatch.setattr(rows_left, "MAX_COMPARED", 2)
    monkeypatch.setattr(
        selections, "count_undrawn", lambda *_, **__: pytest.fail("each creator was read")
    )
    export_two_batches(app, selection=chosen(**FITTING))
    assert view_of(app).rows_left == RowsLeft(1, is_exact=True)


def test_before_a_large_domain_is_drawn_nobody_knows_who_fits(app, monkeypatch) -> None:
    monkeypatch.setattr(rows_left, "MAX_COMPARED", 2)
    file_export(app, selection=chosen(**FITTING))
    view = view_of(app)
    assert view.rows_left == RowsLeft(0, is_exact=False)
    assert task_table.share_done(view) is None
    assert "0 rows" in screen(app) and "waiting" not in screen(app)


def test_after_a_full_draw_there_may_be_more(app, monkeypatch) -> None:
    monkeypatch.setattr(rows_left, "MAX_COMPARED", 2)
    monkeypatch.setattr(selections, "MAX_DRAWN", 7)
    export_two_batches(app, selection=chosen(order="-followers"))
    assert view_of(app).rows_left == RowsLeft(1, is_exact=False)
    assert "6 rows, 1+ waiting" in screen(app)


def test_whom_a_crawl_brought_after_the_draw_is_counted(app) -> None:
    export_two_batches(app, selection=chosen(**FITTING))
    store(app, entry("77", 77_000), entry("78", 7))
    assert view_of(app).rows_left == RowsLeft(2, is_exact=True)


def test_the_end_is_estimated_by_what_waits_for_the_export(app, clock: MovingClock) -> None:
    file_export(app, selection=chosen(where=["followers>=10000"]))
    meter = RateMeter()
    meter.record(snapshot_of(app))
    clock.move(2)
    change(app, "UPDATE tasks SET item_count=4")
    last = snapshot_of(app)
    meter.record(last)
    assert meter.secs_left(last.tasks, last) == pytest.approx(0.5)


def test_a_rate_is_told_only_when_it_is_known(app, clock: MovingClock) -> None:
    """A screen that was just opened sees no page in its first moments, though a crawl runs."""
    crawl = file_crawl(app, pages=5)
    meter = RateMeter()
    for move_secs in (0, 0.25, 4):
        clock.move(move_secs)
        meter.record(snapshot_of(app))
        assert meter.per_sec(crawl.id) is None
    change(app, "UPDATE tasks SET item_count=20 WHERE is_leaf=1")
    clock.move(0.75)
    meter.record(snapshot_of(app))
    assert meter.per_sec(crawl.id) == pytest.approx(4)
    for _ in range(12):
        clock.move(1)
        meter.record(snapshot_of(app))
    assert meter.per_sec(crawl.id) == 0


def test_the_rate_of_a_task_that_is_not_shown_any_more_is_forgotten(
    app, clock: MovingClock
) -> None:
    crawl = file_crawl(app, pages=5)
    meter = RateMeter()
    for items in (0, 20):
        change(app, "UPDATE tasks SET item_count=:items WHERE is_leaf=1", items=items)
        meter.record(snapshot_of(app))
        clock.move(4)
    assert meter.per_sec(crawl.id) == pytest.approx(5)
    meter.record(replace(snapshot_of(app), tasks=[]))
    assert meter.per_sec(crawl.id) is None
