"""Trouble of the database itself: an hour of it fails no task, and no attempt is used up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from app.container import App
from core.errors import DatabaseError
from storage.models.tasks import Task, TaskStatus
from tests.support.crawler.workbench import (
    Platform,
    add_account,
    file_crawl,
    file_export,
    once,
    store_rows,
    stored_uids,
    task_of,
)
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock

STEP_SECS = 40  # longer than a lease lives
PAGE_LIMIT = "PRAGMA max_page_count={}"
HOUR_SECS = 3600


@contextmanager
def refusing(app: App, number: int, table: str) -> Iterator[None]:
    """Let the server itself refuse each change of rows in a table with that number."""
    run = app.database.write
    signal = f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO={number}, MESSAGE_TEXT='trouble'"
    for event in ("INSERT", "UPDATE"):
        name = f"refuse_{event}"
        statement = f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {signal}"
        run(lambda tx, statement=statement: tx.execute(statement))
    yield
    for event in ("INSERT", "UPDATE"):
        run(lambda tx, event=event: tx.execute(f"DROP TRIGGER refuse_{event}"))


@contextmanager
def full(app: App) -> Iterator[None]:
    """Let the database find no room for any new page, as on a full disk."""
    if app.database.dialect.name != "sqlite":
        with refusing(app, 1114, "influencers"):
            yield
        return
    engine: Any = app.database.engine
    real: Callable[[], Any] = engine.connect

    def connect() -> Any:
        connection = real()
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(PAGE_LIMIT.format(pages))
        return connection

    engine.connect = connect
    yield
    engine.connect = real
    for connection in [real() for _ in range(4)]:
        connection.execute(PAGE_LIMIT.format(1_000_000))
        engine.release(connection)


def work_through(
    app: App, worker: Any, clock: MovingClock, secs: float, step_secs: float = STEP_SECS
) -> None:
    """Have a worker and a lease renewer work for so long, as their loops do."""
    renewer = app.crawling.lease_renewer("")
    for _ in range(int(secs // step_secs)):
        with suppress(DatabaseError):
            once(worker)
        clock.move(step_secs)
        with suppress(DatabaseError):
            renewer.renew_once()


def work_to_the_end(app: App, worker: Any, task: Task, clock: MovingClock) -> Task:
    for _ in range(40):
        once(worker)
        clock.move(STEP_SECS)
        app.crawling.lease_renewer("").renew_once()
        if not task_of(app, task.id).is_open:
            break
    return task_of(app, task.id)


def test_an_hour_on_a_full_disk_fails_no_crawl(
    make_app, platform: Callable[..., Platform], clock: MovingClock
) -> None:
    app = make_app()
    # A file fills up with rows; a server refuses from the first row on.
    creators = 2000 if app.database.dialect.name == "sqlite" else 100
    server = platform(creators=creators)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")
    task, worker = file_crawl(app, pages=creators // 20), app.crawling.ingestion_worker()
    with full(app):
        work_through(app, worker, clock, HOUR_SECS, step_secs=120)
        assert task_of(app, task.id).status is not TaskStatus.FAILED
        before = len(stored_uids(app))
        assert before < creators, "the disk was not full"
    assert work_to_the_end(app, worker, task, clock).status is TaskStatus.COMPLETED
    assert len(stored_uids(app)) == creators
    assert task_of(app, task.id).attempts == 0


def test_an_hour_of_passing_errors_fails_no_export(
    make_app, clock: MovingClock, database_url: str
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("numbers of a server")
    app = make_app()
    add_account(app, "acc1")
    store_rows(app, 20)
    task, worker = file_export(app), app.crawling.export_worker()
    with refusing(app, 1290, "export_logs"):
        work_through(app, worker, clock, HOUR_SECS, step_secs=120)
        row = task_of(app, task.id)
        assert (row.status is TaskStatus.FAILED, row.attempts) == (False, 0)
    assert work_to_the_end(app, worker, task, clock).status is TaskStatus.COMPLETED


def test_an_error_that_nobody_knows_fails_the_task_after_ten_minutes(
    make_app, clock: MovingClock, database_url: str
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("numbers of a server")
    app = make_app()
    add_account(app, "acc1")
    store_rows(app, 20)
    task, worker = file_export(app), app.crawling.export_worker()
    with refusing(app, 3999, "export_logs"):
        work_through(app, worker, clock, 500)
        assert task_of(app, task.id).is_open
        work_through(app, worker, clock, 300)
    failed = task_of(app, task.id)
    assert failed.status is TaskStatus.FAILED
    assert "error 3999: trouble" in english_text(failed.last_error)


def test_an_error_that_nobody_knows_and_that_passes_fails_nothing(
    make_app, clock: MovingClock, database_url: str
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("numbers of a server")
    app = make_app()
    add_account(app, "acc1")
    store_rows(app, 20)
    task, worker = file_export(app), app.crawling.export_worker()
    with refusing(app, 3999, "export_logs"):
        work_through(app, worker, clock, 500)
    done = work_to_the_end(app, worker, task, clock)
    assert (done.status, done.attempts) == (TaskStatus.COMPLETED, 0)
