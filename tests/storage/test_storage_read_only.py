"""A database opened to read only: nothing is written, and nothing lies beside it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.container import App
from core.clock import SystemClock
from core.errors import DatabaseError
from crawler.tasks.options import CrawlOptions
from storage.engines.transactions import Database, Tx, open_read_only
from storage.operations import suggestions, web_tokens
from storage.operations.suggestions import Suggestions
from storage.operations.web_tokens import Role
from tests.support.apps import AppFactory, add_account

QUERIES = [
    suggestions.domains,
    suggestions.labels,
    suggestions.hosts,
    suggestions.creators,
    suggestions.account_names,
    suggestions.distribution_tasks,
    suggestions.works,
    suggestions.receiver_urls,
    suggestions.token_names,
    suggestions.tasks,
    suggestions.segments,
    suggestions.deliveries,
]


@contextmanager
def reader(url: str) -> Iterator[Database]:
    database = Database(engine=open_read_only(url, 5.0), clock=SystemClock())
    try:
        yield database
    finally:
        database.close()


def crawl(app: App, domain: str, *labels: str) -> int:
    """File a crawl of two pieces; return the id of their parent."""
    return app.crawling.submitter.submit_crawl(
        "bilibili", domain, 20, CrawlOptions(), labels
    ).task.id


def test_it_reads_what_others_commit_while_they_are_at_work(app: App, database_url: str) -> None:
    with reader(database_url) as database:
        assert database.read(suggestions.domains, "", 50) == {}
        crawl(app, "美妆")
        assert database.read(suggestions.domains, "", 50) == {"美妆": ""}


def test_it_cannot_write(app: App, database_url: str) -> None:
    def insert(tx: Tx) -> None:
        tx.execute("INSERT INTO task_labels (label, task_id) VALUES ('x', 1)")

    with reader(database_url) as database:
        for write in (database.read, database.write):
            with pytest.raises(DatabaseError):
                write(insert)
    assert app.database.read(suggestions.labels, "", 50) == {}


def test_a_file_that_does_not_exist_is_not_created(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'baton.db'}"
    with reader(url) as database, pytest.raises(DatabaseError):
        database.read(suggestions.domains, "", 50)
    assert list(tmp_path.iterdir()) == []


def test_nothing_lies_beside_a_file_that_was_read(make_app: AppFactory, tmp_path: Path) -> None:
    path = tmp_path / "closed?.db"
    app = make_app(database_url=f"sqlite:///{path}")
    crawl(app, "美妆")
    app.close()
    before = sorted(tmp_path.iterdir())
    with reader(f"sqlite:///{path}") as database:
        assert database.read(suggestions.domains, "", 50) == {"美妆": ""}
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.__name__)
def test_every_query_of_suggestions_runs(
    app: App, query: Callable[[Tx, str, int], Suggestions]
) -> None:
    assert app.database.read(query, "7", 50) == {}
    assert app.database.read(query, "%_'", 50) == {}


def test_suggestions_begin_with_what_is_typed_letter_by_letter(app: App) -> None:
    for domain in ("Beauty", "beauty", "beau", "Be%", "美妆", "美食"):
        crawl(app, domain)
    find = app.database.read
    assert list(find(suggestions.domains, "beau", 50)) == ["beau", "beauty"]
    assert list(find(suggestions.domains, "B", 50)) == ["Be%", "Beauty"]
    assert list(find(suggestions.domains, "Be%", 50)) == ["Be%"]
    assert list(find(suggestions.domains, "美", 50)) == ["美妆", "美食"]
    assert list(find(suggestions.domains, "", 2)) == ["Be%", "Beauty"]


def test_ids_are_suggested_newest_first_without_pieces(app: App) -> None:
    ids = [crawl(app, f"domain-{number}") for number in range(6)]
    found = app.database.read(suggestions.tasks, "", 50)
    assert [int(key) for key in found] == ids[::-1]
    assert found[str(ids[0])] == "domain-0"
    ones = [key for key in map(str, ids[::-1]) if key.startswith("1")]
    assert list(app.database.read(suggestions.tasks, "1", 50)) == ones
    assert len(ones) > 1
    assert app.database.read(suggestions.tasks, "1x", 50) == {}


def test_notes_say_what_a_value_is(app: App) -> None:
    add_account(app, "acc")
    crawl(app, "美妆", "客户-A", "q4")
    assert app.database.read(suggestions.account_names, "a", 50) == {"acc": "bilibili"}
    assert app.database.read(suggestions.labels, "", 50) == {"q4": "", "客户-A": ""}


def test_tokens_that_are_revoked_are_not_suggested(app: App) -> None:

    now = datetime(2026, 11, 22, tzinfo=UTC)
    for name in ("old", "on"):
        token = app.database.write(web_tokens.add, name, Role.READER, name.ljust(64, "0"), now)
        if name == "old":
            app.database.write(web_tokens.revoke, token, now)
    assert app.database.read(suggestions.token_names, "o", 50) == {"on": ""}
