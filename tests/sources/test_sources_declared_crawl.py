"""Whole crawls of declared platforms: every creator once, also where pages are known one by one."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from accounts.vault import Credentials
from app.container import App
from crawler.tasks.options import CrawlOptions
from sources.declared.loading import SHIPPED
from sources.local_circuits import LocalCircuits
from sources.platform_access import PlatformAccess, PlatformAccesses
from sources.policies import GuardedSource
from sources.sessions import SessionPool
from storage.crawling import tasks
from storage.models.tasks import TaskStatus
from tests.sources.conftest import DOMAIN, World
from tests.support.moving_clock import MovingClock
from tests.support.sources.creator_places import DECLARATIONS, declared_source

FILES = {
    "example_market": SHIPPED / "example_market.toml",
    "market_by_offset": DECLARATIONS / "by_offset.toml",
    "market_by_cursor": DECLARATIONS / "by_cursor.toml",
}


def work(app: App, platform: str, url: str, clock: MovingClock) -> None:
    """Crawl as a fresh process does, until there is nothing to do."""
    source = declared_source(FILES[platform], url, clock)
    guarded = GuardedSource(
        source=source,
        circuits=LocalCircuits(clock=clock),
        clock=clock,
        attempts=3,
    )
    sessions = SessionPool(source=source, clock=clock)
    app.pool.__dict__.pop("sessions", None)
    app.pool.__dict__["access"] = PlatformAccesses(
        names=(platform,), make=lambda _name: PlatformAccess(guarded, sessions)
    )
    worker = app.crawling.ingestion_worker()
    while worker.work_once(threading.Event()):
        clock.move(1)
    sessions.close()


def session_of(platform: str, name: str) -> str:
    return name if platform == "market_by_offset" else f"market_session={name}"


@pytest.mark.parametrize("platform", list(FILES))
def test_a_crawl_brings_every_creator_once(
    app: App, world: Callable[..., World], clock: MovingClock, platform: str
) -> None:
    here = world(creators=235)
    app.pool.registry.add(platform, "acc1", Credentials(session=session_of(platform, "acc1")), 4000)
    task = app.crawling.submitter.submit_crawl(platform, DOMAIN, None, CrawlOptions()).task
    work(app, platform, here.url, clock)
    rows = app.database.read(lambda tx: tx.all("SELECT uid, source_page FROM influencers"))
    assert sorted(row["uid"] for row in rows) == sorted(here.uids())
    assert {row["source_page"] for row in rows} == set(range(1, 13))
    ended = app.database.read(tasks.get, task.id)
    assert ended is not None
    assert ended.status is TaskStatus.COMPLETED


@pytest.mark.parametrize("platform", list(FILES))
def test_the_next_account_goes_on_where_the_banned_one_stood(
    app: App, world: Callable[..., World], clock: MovingClock, platform: str
) -> None:
    here = world(creators=235, good_answers_before_ban=4)
    for name in ("banned-1", "good"):
        app.pool.registry.add(platform, name, Credentials(session=session_of(platform, name)), 4000)
    app.crawling.submitter.submit_crawl(platform, DOMAIN, None, CrawlOptions())
    work(app, platform, here.url, clock)
    rows = app.database.read(lambda tx: tx.all("SELECT uid FROM influencers"))
    assert sorted(row["uid"] for row in rows) == sorted(here.uids())


@pytest.mark.parametrize(("asked", "pages"), [(5, 5), (40, 12)])
def test_pages_that_lead_to_each_other_are_walked_as_far_as_asked(
    app: App, world: Callable[..., World], clock: MovingClock, asked: int, pages: int
) -> None:
    here = world(creators=235)
    session = Credentials(session=session_of("market_by_cursor", "acc1"))
    app.pool.registry.add("market_by_cursor", "acc1", session, 4000)
    options = CrawlOptions(sequential=True)
    task = app.crawling.submitter.submit_crawl("market_by_cursor", DOMAIN, asked, options).task
    work(app, "market_by_cursor", here.url, clock)
    rows = app.database.read(lambda tx: tx.all("SELECT DISTINCT source_page AS n FROM influencers"))
    assert {row["n"] for row in rows} == set(range(1, pages + 1))
    parent = app.database.read(tasks.get, task.id)
    assert parent.status is TaskStatus.COMPLETED
    assert (parent.page_from, parent.page_to) == (1, pages)
