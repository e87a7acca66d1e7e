"""What is asked again and again reads no growing table as a whole: each plan names its index."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app import web
from app.container import App
from crawler.export.columns import DEFAULT_COLUMNS
from crawler.export.options import ExportOptions
from crawler.tasks.options import CrawlOptions
from storage.crawling import export_segments, task_pieces, tasks
from storage.engines.transactions import Tx
from storage.operations import listings
from storage.operations.listings import Slice
from tests.support.crawler.workbench import DOMAIN, add_accounts, crawl, export
from web.monitoring.metrics import InstallationCollector

GROWING = {
    "account_events",
    "creators",
    "day_totals",
    "export_logs",
    "influencers",
    "ingestion_logs",
    "job_runs",
    "task_daily_stats",
    "tasks",
    "webhook_deliveries",
}
SEGMENTS, EVENTS = 2_000, 2_000
SQLITE_STEP = re.compile(r"^(SEARCH|SCAN) (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", re.M)
TABLE = re.compile(r"\b(?:FROM|JOIN) (\w+)(?: (?!WHERE|ORDER|GROUP|ON|FORCE|INDEXED|NOT)(\w+))?")
NEWEST_FIRST = re.compile(r"ORDER BY id DESC LIMIT (:limit|1)\b")
Step = tuple[str, str, str]  # a statement, the table that it reads, and by which index


@pytest.fixture
def app(make_app: Callable[..., App], platform: Any) -> App:
    """A crawl and its export, one of each that is open, and tables that have grown."""
    app = make_app(bilibili_base_url=platform(creators=45).url)
    add_accounts(app, 2, limit=30)
    crawl(app)
    export(app, limit=40)
    app.crawling.submitter.submit_crawl("bilibili", "知识", 50, CrawlOptions())
    options = ExportOptions("csv", DEFAULT_COLUMNS).as_json()
    app.crawling.submitter.submit_export("bilibili", DOMAIN, options, 1)
    app.crawling.creators_backfill.run(threading.Event())
    app.crawling.work_totals.run()
    app.database.write(_grow)
    return app


def _grow(tx: Tx) -> None:
    first = tx.one("SELECT * FROM export_logs WHERE id=1")
    assert first is not None
    columns = ", ".join(name for name in dict(first) if name not in ("id", "domain"))
    tx.execute_many(
        f"INSERT INTO export_logs (domain, {columns})"
        f" SELECT :domain, {columns} FROM export_logs WHERE id=1",
        [{"domain": f"{n % 20}"} for n in range(SEGMENTS)],
    )
    tx.execute_many(
        "INSERT INTO account_events (account_id, kind, detail, created_at)"
        " VALUES (1, 'cooldown', '', '2026-01-01')",
        [{} for _ in range(EVENTS)],
    )


def _steps(app: App, ask: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """Return how each SELECT reads each of the growing tables."""
    steps: list[Step] = []
    run = Tx._run
    is_sqlite = app.database.dialect.name == "sqlite"

    def explained(tx: Any, sql: str, params: Any) -> None:
        if sql.startswith("SELECT"):
            run(tx, f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{sql}", params)
            found = [dict(row) for row in tx._cursor.fetchall()]
            steps.extend((sql, *one) for one in _reads(sql, found, is_sqlite=is_sqlite))
        run(tx, sql, params)

    with monkeypatch.context() as patch:
        patch.setattr(Tx, "_run", explained)
        ask()
    return steps


def _reads(sql: str, plan: list[dict[str, Any]], *, is_sqlite: bool) -> list[tuple[str, str]]:
    if is_sqlite:
        return [
            (table, index if how == "SEARCH" else f"ALL {index}".strip())
            for how, table, index in SQLITE_STEP.findall("\n".join(row["detail"] for row in plan))
            if table in _names(sql)
        ]
    return [
        (table, row["key"] if row["type"] not in ("ALL", "index") else f"ALL {row['key']}")
        for row in plan
        if (table := _names(sql).get(row["table"]) and row["table"]) is not None
    ]


def _names(sql: str) -> dict[str, str]:
    """Return the growing tables of a statement by their names and short names."""
    found = {}
    for table, alias in TABLE.findall(sql):
        if table in GROWING:
            found |= {table: table, alias or table: table}
    return found


def _whole(steps: list[Step]) -> list[Step]:
    """Return the reads of whole tables but for those that go by id, from the newest on."""
    return [
        (sql, table, index)
        for sql, table, index in steps
        if index.startswith("ALL")
        and not (index in ("ALL", "ALL PRIMARY") and NEWEST_FIRST.search(sql))
    ]


def _list_tasks(tx: Tx) -> None:
    for task in tasks.top_level(tx, only_open=False, limit=50):
        task_pieces.progress(tx, task)
        task_pieces.waiting_now(tx, task, datetime.now(UTC))


def _asked(question: Callable[[Tx], object]) -> Callable[[App], object]:
    return lambda app: app.database.read(question)


def _collect(app: App) -> object:
    return list(InstallationCollector(web._backend(app, app, threading.Event())).collect())


PIECES, PARENT = "idx_tasks_pieces", "idx_tasks_parent"
ASKED: dict[str, tuple[Callable[[App], object], set[str]]] = {
    "status screen": (
        lambda app: app.crawling.snapshots.snapshot(events=8),
        {PARENT, "uq_tasks_open", "idx_tasks_ended", "idx_influencers_export"},
    ),
    "metrics": (
        _collect,
        {
            PARENT,
            "idx_export_logs_day",
            "idx_task_daily_stats_incomplete",
            "idx_webhook_deliveries_state",
            "uq_job_runs_time",
        },
    ),
    "tasks": (_asked(lambda tx: listings.tasks(tx, Slice(50))), {PIECES}),
    "tasks and their pieces": (_asked(_list_tasks), {PIECES, PARENT}),
    "exports": (_asked(lambda tx: export_segments.newest(tx, 50)), set()),
    "exports of a domain": (
        _asked(lambda tx: export_segments.newest(tx, 50, "3")),
        {"idx_export_logs_domain"},
    ),
    "exports of a domain, second page": (
        _asked(lambda tx: listings.segments(tx, Slice(50, before=1_000), "3")),
        {"idx_export_logs_domain"},
    ),
    "account events": (_asked(lambda tx: listings.events(tx, Slice(50))), set()),
    "account events of a kind": (
        _asked(lambda tx: listings.events(tx, Slice(50), kind="disabled")),
        {"idx_account_events_kind"},
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked_again_and_again_reads_no_growing_table_as_a_whole(
    app: App, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    ask, indexes = ASKED[name]
    steps = _steps(app, lambda: ask(app), monkeypatch)
    assert _whole(steps) == []
    assert indexes <= {index for _, _, index in steps}
