"""Sums that are asked for again and again: metrics, and the pieces that a screen sums up."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from app.container import App
from crawler.tasks.options import CrawlOptions
from crawler.tasks.submission import MAX_PIECES
from storage.crawling import accounts, task_pieces, tasks
from storage.crawling.task_pieces import Wait
from storage.engines.datetimes import from_sql, to_sql
from storage.engines.transactions import Tx
from storage.models.tasks import TaskType, WaitingFor
from storage.operations import listings, metrics_queries, work_totals
from storage.operations.listings import Slice
from tests.crawler.test_crawler_creators import GO_ON
from tests.support.crawler.workbench import DOMAIN, ONE_ENGINE, add_accounts, crawl, export, rows
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock

DAY_SECS = 86_400


@pytest.fixture
def app(make_app, platform) -> App:
    """45 creators of 美妆, crawled and partly exported."""
    app = make_app(bilibili_base_url=platform(creators=45).url)
    add_accounts(app, 2, limit=30)
    crawl(app)
    export(app, limit=40)
    return app


def sums(app: App) -> tuple[int, int]:
    def read(tx: Tx) -> tuple[int, int]:
        return metrics_queries.crawled(tx).rows, metrics_queries.exported(tx).rows

    return app.database.read(read)


def keep(app: App) -> str:
    app.crawling.creators_backfill.run(GO_ON)
    return english_text(app.crawling.work_totals.run())


def test_what_is_kept_and_what_came_since_are_what_tasks_say(app, clock: MovingClock) -> None:
    assert sums(app) == (45, 40)
    assert "creators crawled 0; rows exported 0" in keep(app)  # the last two days may change
    assert sums(app) == (45, 40)
    clock.move(3 * DAY_SECS)
    assert "creators crawled 45; rows exported 40" in keep(app)
    assert sums(app) == (45, 40)
    crawl(app)
    export(app)
    assert sums(app) == (90, 45)


def test_days_that_are_over_are_not_summed_up_when_asked(app, clock: MovingClock) -> None:
    clock.move(3 * DAY_SECS)
    keep(app)
    app.database.write(lambda tx: tx.execute("UPDATE day_totals SET seen=seen+7"))
    app.database.write(lambda tx: tx.execute("UPDATE export_logs SET exported_count=0"))
    assert sums(app) == (45, 40)
    keep(app)  # a sum that was wrong is right again
    assert sums(app) == (45 + 7 * len(rows(app, "SELECT * FROM day_totals")), 0)


def test_nothing_is_kept_before_older_pages_are_counted(app) -> None:
    assert "has not counted all pages" in english_text(app.crawling.work_totals.run())
    assert app.database.read(work_totals.kept) is None


@ONE_ENGINE
def test_metrics_and_events_read_no_table_as_a_whole(app, monkeypatch) -> None:
    keep(app)
    steps: list[str] = []
    run = Tx._run

    def explained(tx: Any, sql: str, params: Any) -> None:
        plan = tx._connection.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        steps.extend(row["detail"] for row in plan)
        run(tx, sql, params)

    monkeypatch.setattr(Tx, "_run", explained)
    sums(app)
    for filters in ({}, {"kind": "added"}, {"account_id": 1}):
        app.database.read(lambda tx, f=filters: listings.events(tx, Slice(9), **f))
    assert any("COVERING INDEX idx_tasks_parent" in step for step in steps)
    assert any("idx_account_events_kind" in step for step in steps)
    # In the order of ids, from the newest on, and no further than the limit.
    newest = ["SCAN ingestion_logs", "SCAN export_logs", "SCAN account_events"]
    assert [step for step in steps if step.startswith("SCAN")] == newest
    assert not [step for step in steps if "TEMP B-TREE FOR ORDER BY" in step]


def test_events_are_listed_by_account_and_kind(app, clock: MovingClock) -> None:
    for account, kind in ((1, "cooldown"), (2, "cooldown"), (2, "rare")):
        app.database.write(accounts.note_event, account, kind, "429", clock.now())

    def found(limit: int = 9, **filters: Any) -> list[tuple[str, str]]:
        events = app.database.read(lambda tx: listings.events(tx, Slice(limit), **filters))
        assert [one.id for one in events] == sorted((one.id for one in events), reverse=True)
        return [(one.username, one.kind) for one in events]

    assert found(3) == [("acc2", "rare"), ("acc2", "cooldown"), ("acc1", "cooldown")]
    assert found(kind="rare") == [("acc2", "rare")]
    assert found(kind="cooldown") == [("acc2", "cooldown"), ("acc1", "cooldown")]
    assert found(account_id=1, kind="cooldown") == [("acc1", "cooldown")]
    assert found(account_id=99) == []


@pytest.mark.parametrize(("pages", "pieces", "of"), [(30, 3, 10), (5000, 500, 10), (5001, 455, 11)])
@ONE_ENGINE
def test_a_large_crawl_has_larger_pieces_and_not_more(make_app, pages, pieces, of) -> None:
    app = make_app()
    filed = app.crawling.submitter.submit_crawl("bilibili", DOMAIN, pages, CrawlOptions()).task
    children = app.database.read(tasks.children, filed.id)
    assert len(children) == pieces <= MAX_PIECES
    assert children[0].page_to == of and children[-1].page_to == pages
    assert all(a.page_to + 1 == b.page_from for a, b in pairwise(children))
    assert app.crawling.scheduler.claim(TaskType.INGESTION).task.page_to == of


@pytest.mark.parametrize("pages", [None, 30])
def test_a_wait_is_the_task_s_own_or_that_of_a_piece(make_app, clock: MovingClock, pages) -> None:
    app = make_app()
    filed = app.crawling.submitter.submit_crawl("bilibili", DOMAIN, pages, CrawlOptions()).task
    waits_at = filed.id if pages is None else app.database.read(tasks.children, filed.id)[1].id

    def wait(until: str | None, status: str = "pending") -> Wait | None:
        def work(tx: Tx) -> Wait | None:
            tx.execute(
                "UPDATE tasks SET waiting_for='account', not_before=:until, last_error='429',"
                " status=:status WHERE id=:id",
                id=waits_at,
                until=until,
                status=status,
            )
            tx.execute("UPDATE tasks SET status=:status WHERE id=:id", id=filed.id, status=status)
            return task_pieces.waiting_now(tx, tasks.get(tx, filed.id), clock.now())

        return app.database.write(work)

    later, before = (to_sql(clock.now() + timedelta(days)) for days in (1, -1))
    assert wait(None) == Wait(WaitingFor.ACCOUNT, None, "429")
    found = wait(later)
    assert found is not None and to_sql(from_sql(str(found.until))) == later
    assert wait(before) is None
    assert wait(later, "failed") is None
