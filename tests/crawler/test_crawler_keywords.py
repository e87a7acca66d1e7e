"""Several keywords fill one domain: a crawl each, a creator once, an export of them all."""

from __future__ import annotations

import pytest

from app.container import App
from core.errors import WrongFieldsError
from crawler.tasks.options import CrawlOptions
from crawler.tasks.requests import CrawlRequest
from storage.crawling import tasks
from storage.models.tasks import Task, TaskStatus, TaskType
from tests.support.crawler.workbench import (
    DOMAIN,
    add_accounts,
    file_export,
    once,
    pieces_of,
    rows,
    stored_uids,
    task_of,
    work_off,
)
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock

WORDS = ("口红", "护肤")


@pytest.fixture
def app(make_app, platform) -> App:
    """A platform on which both words find creators, and two accounts."""
    server = platform(creators=45, domains=(DOMAIN, *WORDS))
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    return app


def filed(app: App, *words: str, **more: object) -> list[Task]:
    request = CrawlRequest(domain=DOMAIN, keywords=words, **more)
    return [one.task for one in app.crawling.service.crawl(request)]


def found_by(app: App) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows(
        app,
        "SELECT k.keyword, i.uid FROM influencer_keywords k"
        " JOIN influencers i ON i.id=k.influencer_id",
    ):
        found.setdefault(row["keyword"], set()).add(row["uid"])
    return found


def test_each_keyword_is_a_crawl_and_a_creator_is_in_the_domain_once(app) -> None:
    crawls = filed(app, *WORDS)
    assert [task.keyword for task in crawls] == list(WORDS)
    for task in crawls:
        assert work_off(app, task).status is TaskStatus.COMPLETED
    found = found_by(app)
    assert set(found) == set(WORDS)
    assert sorted(found["口红"] | found["护肤"]) == stored_uids(app)
    assert {row["domain"] for row in rows(app, "SELECT domain FROM influencers")} == {DOMAIN}
    yields = {one.keyword: one for one in app.database.read(tasks.yields, "bilibili", DOMAIN)}
    assert sum(one.new for one in yields.values()) == len(stored_uids(app))
    assert {one.pages for one in yields.values()} == {3}
    assert all(
        piece.keyword == task.keyword for task in crawls for piece in pieces_of(app, task.id)
    )


def test_the_same_keyword_joins_its_open_crawl_and_another_does_not(app) -> None:
    [first, second] = filed(app, *WORDS)
    assert [task.id for task in filed(app, "护肤", "口红")] == [second.id, first.id]
    [plain] = filed(app)
    assert plain.keyword is None and plain.id not in (first.id, second.id)
    assert [task.id for task in filed(app, DOMAIN)] == [plain.id]


def test_words_that_differ_in_case_or_width_are_crawls_of_their_own(app) -> None:
    assert len({task.id for task in filed(app, "abc", "ABC", "ａｂｃ")}) == 3


def test_long_keywords_have_keys_of_their_own() -> None:
    long = ["x" * 127 + end for end in "ab"]
    keys = {tasks.open_key(TaskType.INGESTION, "bilibili", "域" * 128, word) for word in long} | {
        tasks.open_key(TaskType.INGESTION, "bilibili", "域" * 128)
    }
    assert len(keys) == 3 and max(map(len, keys)) <= tasks.MAX_OPEN_KEY


def test_an_export_waits_for_the_crawls_of_all_keywords(app, agree) -> None:
    """It must ask for the domain: the first word's crawl ends long before the second's begins."""
    [first, second] = filed(app, *WORDS)
    work_off(app, first)
    export = file_export(app)
    worker = app.crawling.export_worker()
    once(worker)
    assert task_of(app, export.id).is_open
    work_off(app, second)
    assert work_off(app, export, worker).status is TaskStatus.COMPLETED
    assert len(agree()) == len(stored_uids(app))


def test_a_failed_crawl_of_a_keyword_can_be_resumed_beside_another(app) -> None:
    [first, second] = filed(app, *WORDS)
    app.crawling.control.cancel(first.id)
    app.crawling.control.resume(first.id)
    assert task_of(app, first.id).is_open and task_of(app, second.id).is_open


def test_workers_of_several_tasks_take_the_first_one_first(app) -> None:
    crawls = filed(app, *WORDS)
    worker = app.crawling.ingestion_worker([task.id for task in crawls])
    once(worker)
    assert [task_of(app, task.id).status for task in crawls] == [
        TaskStatus.IN_PROGRESS,
        TaskStatus.PENDING,
    ] or task_of(app, crawls[0].id).page_to == 3


@pytest.mark.parametrize(("pages", "expected"), [(2, 2), (3, 3), (None, 5)])
def test_a_crawl_that_finds_nobody_new_ends_when_it_is_told_to(
    make_app, platform, clock: MovingClock, pages, expected
) -> None:
    app = make_app(bilibili_base_url=platform(creators=100).url, pages_per_task=2)
    add_accounts(app, 1)
    [first] = filed(app)
    work_off(app, first)
    [again] = filed(app, stop_dry=pages)
    assert work_off(app, again).status is TaskStatus.COMPLETED
    logged = rows(
        app,
        "SELECT COUNT(*) AS n FROM ingestion_logs l JOIN tasks t ON t.id=l.task_id"
        f" WHERE t.parent_id={again.id}",
    )[0]["n"]
    assert logged == max(expected, 2)
    reason = task_of(app, again.id).end_reason
    if pages is None:
        assert reason is None
    else:
        assert f"{pages} pages in a row without a new creator" in english_text(reason)
    assert app.crawling.verifier.verify().problems == []


def test_new_creators_between_dry_pages_keep_a_crawl_going(make_app, platform) -> None:
    app = make_app(bilibili_base_url=platform(creators=100).url)
    add_accounts(app, 1)
    [first] = filed(app, pages=2)
    work_off(app, first)
    [again] = filed(app, stop_dry=3)
    work_off(app, again)
    assert len(stored_uids(app)) == 100


def test_the_threshold_comes_back_from_its_row() -> None:
    assert CrawlOptions.from_json(CrawlOptions(stop_dry=3).as_json()).stop_dry == 3
    assert "stop_dry" not in CrawlOptions().as_json()


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"keywords": [""]}, "keywords"),
        ({"keywords": ["x" * 129]}, "keywords"),
        ({"keywords": ["a\x00b"]}, "keywords"),
        ({"keywords": ["w"] * 1001}, "keywords"),
        ({"stop_dry": 0}, "stop_dry"),
    ],
)
def test_wrong_keywords_are_named(more, field) -> None:
    with pytest.raises(WrongFieldsError) as caught:
        CrawlRequest(domain=DOMAIN, **more)
    assert list(caught.value.problems) == [field]


def test_a_keyword_twice_is_one_crawl() -> None:
    assert CrawlRequest(domain=DOMAIN, keywords=["a", " a ", "b"]).search_words == ("a", "b")
