"""Rows whose rows are gone are counted: no foreign key keeps anybody from deleting them."""

from __future__ import annotations

import pytest

from app.container import App
from commands.doctor.database_checks import database_findings
from crawler.tasks.options import CrawlOptions
from storage.engines.transactions import Tx
from storage.operations.orphans import REFERENCES, orphans
from tests.support.messages import english


@pytest.fixture
def app(make_app) -> App:
    return make_app()


def counts(app: App) -> dict[str, int]:
    found = {f"{r.table}.{r.column}": app.database.read(orphans, r) for r in REFERENCES}
    return {name: rows for name, rows in found.items() if rows}


def told(app: App) -> str:
    return " ".join(english(finding.detail) for finding in database_findings(app))


def test_rows_that_refer_to_none_are_counted_by_their_column(app: App) -> None:
    app.crawling.submitter.submit_crawl("bilibili", "美妆", 25, CrawlOptions())
    assert counts(app) == {}
    assert "every row refers to rows that exist" in told(app)

    def damage(tx: Tx) -> None:
        tx.execute("UPDATE tasks SET assigned_account_id=999 WHERE parent_id IS NULL")
        tx.execute("UPDATE tasks SET parent_id=998 WHERE parent_id IS NOT NULL")

    app.database.write(damage)
    pieces = app.database.read(lambda tx: tx.all("SELECT id FROM tasks WHERE parent_id=998"))
    assert counts(app) == {"tasks.assigned_account_id": 1, "tasks.parent_id": len(pieces)}
    assert "tasks.assigned_account_id: 1 without their row in accounts" in told(app)


def test_every_documented_reference_is_looked_at(app: App) -> None:
    columns = {(one.table, one.column, one.target) for one in REFERENCES}
    assert {
        ("influencers", "ingestion_log_id", "ingestion_logs"),
        ("tasks", "assigned_account_id", "accounts"),
        ("ingestion_logs", "task_id", "tasks"),
        ("ingestion_logs", "account_id", "accounts"),
        ("export_logs", "task_id", "tasks"),
        ("export_logs", "account_id", "accounts"),
    } <= columns
