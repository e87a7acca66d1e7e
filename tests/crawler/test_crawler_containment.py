"""A host without descriptors, memory or threads puts its tasks back; a bug ends one task."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import pytest

from app.container import App
from core.errors import NoThreadError
from crawler.export.export_transaction import ExportTransaction
from crawler.ingestion.page_store import PageStore
from storage.crawling import source_states
from storage.models.tasks import TaskStatus
from tests.support.crawler.workbench import (
    ONE_ENGINE,
    add_accounts,
    file_crawl,
    file_export,
    once,
    store_rows,
    task_of,
    work_off,
)
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock

SHORTAGES = [
    OSError(errno.EMFILE, "Too many open files"),
    MemoryError(),
    NoThreadError("no_thread_left", name="http-connect"),
]


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*_args: Any, **_kwargs: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("shortage", SHORTAGES, ids=lambda one: type(one).__name__)
@ONE_ENGINE
def test_a_crawl_waits_for_a_host_without_resources(
    make_app: Any,
    platform: Any,
    clock: MovingClock,
    monkeypatch: pytest.MonkeyPatch,
    shortage: Exception,
) -> None:
    app: App = make_app(bilibili_base_url=platform(creators=40).url)
    add_accounts(app, 1)
    task, worker = file_crawl(app), app.crawling.ingestion_worker()
    with monkeypatch.context() as broken:
        broken.setattr(PageStore, "store_first_and_split", failing(shortage))
        for _ in range(app.settings.task_attempts + 1):
            once(worker)
            waiting = task_of(app, task.id)
            assert waiting.status is TaskStatus.PENDING and waiting.attempts == 0
            clock.move(30)
    assert waiting.last_error is not None and english_text(waiting.last_error)
    assert work_off(app, task).status is TaskStatus.COMPLETED
    assert [one.component for one in app.foundation.internal_errors.recent()] == ["ingestion"]


@ONE_ENGINE
def test_a_crawl_whose_host_cannot_connect_blames_nobody_else(
    make_app: Any, platform: Any, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without descriptors: the platform is not left alone, and no attempt is used up."""
    app: App = make_app(bilibili_base_url=platform(creators=40).url)
    add_accounts(app, 2)
    task, worker = file_crawl(app), app.crawling.ingestion_worker()
    with monkeypatch.context() as broken:
        broken.setattr("urllib3.util.connection.create_connection", failing(SHORTAGES[0]))
        for _ in range(app.settings.task_attempts + 1):
            once(worker)
            waiting = task_of(app, task.id)
            assert waiting.status is TaskStatus.PENDING and waiting.attempts == 0
            clock.move(30)
    assert "no file descriptor" in english_text(waiting.last_error)
    assert app.database.read(source_states.all_of, clock.now()) == []
    assert work_off(app, task).status is TaskStatus.COMPLETED
    assert app.foundation.internal_errors.recent() == []


@ONE_ENGINE
def test_an_export_waits_for_a_host_without_resources(
    app: App, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_accounts(app, 1)
    store_rows(app, 20)
    task, worker = file_export(app), app.crawling.export_worker()
    with monkeypatch.context() as broken:
        broken.setattr(ExportTransaction, "export", failing(SHORTAGES[0]))
        once(worker)
    waiting = task_of(app, task.id)
    assert waiting.status is TaskStatus.PENDING and waiting.attempts == 0
    clock.move(30)
    assert work_off(app, task).status is TaskStatus.COMPLETED
