"""A database that fails after some items of a list were stored: the others are named, not lost."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.csv_import import accounts_in
from app.container import App
from core.errors import DatabaseUnavailableError, InvalidInputError, UnfinishedError
from crawler.tasks.requests import CrawlRequest
from distribution.intake.importer import BATCH
from storage.engines.transactions import Database
from tests.support.apps import add_account
from tests.support.crawler.workbench import file_crawl
from tests.support.distribution.distribution import ONE_ENGINE, rows, task

pytestmark = ONE_ENGINE


@pytest.fixture
def fails_after(app: App, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that lets every write behind the given number fail, as in an outage."""

    def begin(writes: int) -> None:
        left = [writes]

        def failing(real: Any) -> Any:
            def write(self: Database, query: Any, *args: Any, **options: Any) -> Any:
                if left[0] == 0:
                    raise DatabaseUnavailableError("went away")
                left[0] -= 1
                return real(self, query, *args, **options)

            return write

        for name in ("write", "write_idempotent"):
            monkeypatch.setattr(Database, name, failing(getattr(Database, name)))

    return begin


def test_items_that_were_not_stored_are_named(app: App, fails_after: Any) -> None:
    items = [task(f"t{number}") for number in range(BATCH + 3)]
    items[-1] |= {"duration": "long"}
    fails_after(1)
    taken = app.distribution.importer.add_dramas(items)
    assert len(taken.outcomes) == BATCH == len(rows(app, "drama_tasks"))
    told = [(one.position, str(one.reason)) for one in taken.problems]
    assert told[:2] == [(BATCH, "went away"), (BATCH + 1, "went away")]
    assert told[2][0] == BATCH + 2 and "went away" not in told[2][1], "each has its own reason"


def test_when_nothing_was_stored_the_error_says_so(app: App, fails_after: Any) -> None:
    fails_after(0)
    with pytest.raises(DatabaseUnavailableError):
        app.distribution.importer.add_dramas([task("t1")])


def test_accounts_of_a_list_that_were_not_stored_are_named(app: App, fails_after: Any) -> None:
    content = b"username,cookies\n" + b"".join(
        b"a%d,SESSDATA=s%d; bili_jct=j; DedeUserID=%d\n" % (n, n, n) for n in (1, 2, 3)
    )
    listed = accounts_in(content, "a.csv", app.pool.platforms.named("bilibili"))
    assert len(listed.good) == 3, listed
    fails_after(1)
    done, problems = app.pool.enrolment.import_rows("bilibili", listed, "a.csv", None)
    assert (len(done), len(problems)) == (1, 2) and "went away" in str(problems[0])


def test_crawls_are_all_judged_before_one_is_filed(app: App, fails_after: Any) -> None:
    add_account(app, "alice")
    add_account(app, "bob")
    words = ("口红", "粉底", "眼影")
    app.crawling.service.crawl(CrawlRequest(domain="美妆", keywords=(words[2],), account="bob"))
    with pytest.raises(InvalidInputError, match="pinned_otherwise"):
        app.crawling.service.crawl(CrawlRequest(domain="美妆", keywords=words, account="alice"))
    assert len(rows(app, "tasks")) == 1, "nothing was filed"
    file_crawl(app, domain="舞蹈")
    fails_after(1)
    with pytest.raises(UnfinishedError, match="crawls_filed_partly: filed=1, of=2"):
        app.crawling.service.crawl(CrawlRequest(domain="美妆", keywords=words[:2]))
