"""What a plan takes from the database: the pool, learned rates, open work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.vault import Credentials
from app.container import App
from core.errors import CredentialsError, InvalidInputError
from core.settings import Pace
from crawler.creators.filters import ConditionReader
from crawler.export.selection import selection_of
from crawler.planning.advice import Change
from crawler.planning.forecast import Bound
from crawler.planning.inputs import Choice, Measure, Plan, PlanRequest
from crawler.planning.pool_reader import Search
from sources.pacing import EVERYTHING, AccountPace
from storage.creators.conditions import CreatorFilter
from tests.crawler.test_crawler_creators import entry, old_release, store
from tests.support.crawler.workbench import (
    DOMAIN,
    ONE_ENGINE,
    Platform,
    add_account,
    add_accounts,
    change,
    crawl,
    export,
    file_crawl,
    store_rows,
)
from tests.support.messages import raises_saying
from tests.support.moving_clock import MovingClock

PACE = Pace(4, 10)
SEARCH = Search({EVERYTHING: PACE}, 20, 50, sequential=False)


def planned(app: App, creators: int | None = None, search: Search = SEARCH, **more: Any) -> Plan:
    return app.crawling.planner.plan(PlanRequest("bilibili", DOMAIN, creators, **more), search)


def slow_down(app: App, name: str, limit: float) -> None:
    """As an account stands that has learned to ask so many times in a window."""
    pace = AccountPace.load({EVERYTHING: PACE}, None, app.clock.now(), known=True)
    window = pace.windows[EVERYTHING]
    window.limit = window.ceiling = limit
    window.ceiling_at = app.clock.now().timestamp()
    change(
        app,
        "UPDATE accounts SET pace=:pace WHERE username=:name",
        pace=pace.dump(app.clock.now()),
        name=name,
    )


def test_rates_are_learned_from_stored_pages(
    make_app: Callable[..., App], platform: Callable[..., Platform]
) -> None:
    app = make_app(bilibili_base_url=platform(creators=50).url)
    add_accounts(app, 2)
    assert planned(app, 1000).page_creators == Measure(20.0, 0)
    crawl(app)
    told = planned(app, 1000)
    assert told.page_creators == Measure(pytest.approx(50 / 3), 3)  # the last page has ten
    assert told.answer_secs == Measure(0.0, 3)  # the tests' clock stands still meanwhile
    assert told.question.pages == 60
    assert told.question.waiting_rows == 50
    assert told.question.rows == 1050
    other = app.crawling.planner.plan(PlanRequest("bilibili", "游戏", 100), SEARCH)
    assert other.page_creators.pages == 3  # of the same platform
    assert other.question.waiting_rows == 0
    elsewhere = app.crawling.planner.plan(
        PlanRequest("example_market", DOMAIN, 100, accounts=1), SEARCH
    )
    assert elsewhere.page_creators.pages == elsewhere.answer_secs.pages == 0


def test_a_choice_leaves_rows_out(make_app: Callable[..., App]) -> None:
    app = make_app()
    add_accounts(app, 2, limit=2)
    store(app, *(entry(str(n), n * 10, sign="me@x.cn" if n < 3 else "") for n in range(1, 11)))
    reader = ConditionReader(now=app.clock.now(), zone=app.calendar.zone, read_list=None)
    chosen = selection_of(reader, where=["followers>=50"], order="-followers")
    popular = {"wanted": chosen.of_domain("bilibili", DOMAIN)}
    told = planned(app, **popular)
    assert (told.question.waiting_rows, told.question.rows) == (6, 6)
    assert told.forecast.quota_days == 2  # of 2 accounts with 2 rows a day each
    assert told.choice == Choice(waiting=6, chosen=6, stored=10)
    assert planned(app).question.rows == 10 and planned(app).choice is None
    assert planned(app, 100, **popular).question.rows == 66
    assert planned(app, 100, **popular).forecast.quota_days in (16, 17)  # not 26
    mail = selection_of(reader, has=["email"]).of_domain("bilibili", DOMAIN)
    assert planned(app, wanted=mail).question.rows == 2
    export(app, selection=chosen, limit=3)
    told = planned(app, **popular)
    assert told.choice == Choice(waiting=3, chosen=6, stored=10)
    store(app, entry("10", 100), domain="游戏")  # delivered as one of 美妆
    everybody = CreatorFilter(platform="bilibili", domain="游戏")
    games = PlanRequest("bilibili", "游戏", wanted=everybody, skip_delivered=True)
    with raises_saying(InvalidInputError, "no row waits"):
        app.crawling.planner.plan(games, SEARCH)


@ONE_ENGINE
def test_what_is_open_is_planned_when_nothing_is_asked(app: App) -> None:
    add_accounts(app, 1)
    with raises_saying(InvalidInputError, "say how many creators with --creators N"):
        planned(app)
    store_rows(app, 30)
    assert (planned(app).question.pages, planned(app).question.rows) == (0, 30)
    task = file_crawl(app, pages=25)
    change(
        app,
        "UPDATE tasks SET progress_marker='page=4' WHERE parent_id=:id AND page_from=1",
        id=task.id,
    )
    told = planned(app)
    assert (told.question.pages, told.question.creators, told.question.rows) == (21, 420, 450)
    assert planned(app, pages=2).question.creators == 40
    assert planned(app, 1000, pages=2).question.pages == 2
    assert planned(app, 30, pages=2).question.creators == 30


@ONE_ENGINE
def test_a_crawl_of_unknown_size_needs_a_number(app: App) -> None:
    add_accounts(app, 1)
    task = file_crawl(app)
    with raises_saying(InvalidInputError, rf"task {task.id} .* does not know yet"):
        planned(app)
    assert planned(app, 100).question.pages == 5


@ONE_ENGINE
def test_the_pool_is_taken_as_it_is(app: App, clock: MovingClock) -> None:
    add_accounts(app, 6)
    slow_down(app, "acc2", 2.0)
    until = clock.now() + timedelta(hours=1)
    change(
        app,
        "UPDATE accounts SET cooldown_until=:until WHERE username='acc3'",
        until=f"{until:%Y-%m-%d %H:%M:%S}.000",
    )
    ends = clock.now() + timedelta(hours=2)
    fresh = Credentials(session="SESSDATA=acc4; x=2")
    app.pool.registry.refresh(app.pool.registry.find("acc4"), fresh, ends)
    app.pool.manager.set_account_status(app.pool.registry.find("acc5").id, "disabled")
    app.pool.manager.update_export_count(app.pool.registry.find("acc6").id, 1000)
    told = planned(app, 100_000)
    pool = {one.name: one for one in told.question.accounts}
    assert list(pool) == ["acc1", "acc2", "acc3", "acc4", "acc6"]
    assert told.disabled == ("acc5",)
    rates = {name: one.per_sec_at(3600.0) for name, one in pool.items()}
    assert rates["acc2"] == pytest.approx(rates["acc1"] / 2, rel=0.01)
    assert (pool["acc3"].from_secs, pool["acc3"].per_sec_at(3599.0)) == (3600.0, 0.0)
    assert (pool["acc4"].until_secs, pool["acc4"].per_sec_at(7200.0)) == (7200.0, 0.0)
    assert (pool["acc6"].left_today, pool["acc6"].daily_limit) == (3000, 4000)
    named = {one.change: one.names for one in told.advice}
    assert named[Change.ENABLE] == ("acc5",)
    assert named[Change.SIGN_IN] == ("acc4",)


@ONE_ENGINE
def test_an_account_without_a_session_is_no_help_to_a_crawl(app: App) -> None:
    app.pool.registry.add("bilibili", "bare", Credentials(), 100)
    store_rows(app, 10)
    assert planned(app).forecast.export.secs == 0
    with raises_saying(CredentialsError, "no account has a session"):
        planned(app, 100)
    add_account(app, "acc1")
    assert [one.name for one in planned(app, 100).question.accounts] == ["acc1"]


@ONE_ENGINE
def test_without_accounts_there_is_no_plan_but_a_what_if(app: App) -> None:
    with raises_saying(CredentialsError, "no account; add one"):
        planned(app, 100)
    assert len(planned(app, 100, accounts=3).question.accounts) == 3
    add_accounts(app, 2, limit=700)
    what_if = planned(app, 100, accounts=5).question.accounts
    assert [one.name for one in what_if] == ["acc1", "acc2", "+1", "+2", "+3"]
    assert {one.daily_limit for one in what_if} == {700}
    assert len(planned(app, 100, accounts=1).question.accounts) == 1
    for name in ("acc1", "acc2"):
        app.pool.manager.set_account_status(app.pool.registry.find(name).id, "disabled")
    with raises_saying(CredentialsError, "all accounts are disabled"):
        planned(app, 100)


@ONE_ENGINE
def test_a_session_check_that_is_due_costs_a_request(app: App, clock: MovingClock) -> None:
    add_accounts(app, 1)
    fresh = planned(app, 100).question.accounts[0].pace
    clock.move(2 * 86_400)
    due = planned(app, 100).question.accounts[0].pace
    assert fresh and due
    assert due.ahead == pytest.approx(fresh.ahead - 1)


@ONE_ENGINE
def test_a_sequential_platform_has_one_worker(app: App) -> None:
    add_accounts(app, 9)
    search = Search({EVERYTHING: Pace(100, 1)}, None, None, sequential=True)
    told = planned(app, 2_000, search, workers=8)
    assert told.question.workers == 1
    assert told.forecast.crawl.bound is Bound.WORKERS


@ONE_ENGINE
def test_work_of_other_domains_is_told(app: App) -> None:
    add_accounts(app, 1)
    file_crawl(app, pages=5)
    assert planned(app, 100).other_tasks == 0
    file_crawl(app, pages=5, domain="游戏")
    assert planned(app, 100).other_tasks == 1


@ONE_ENGINE
def test_a_choice_is_planned_only_when_all_creators_are_known(make_app: Callable[..., App]) -> None:
    app = make_app()
    add_account(app, "acc1")
    store_rows(app, 5)
    old_release(app)
    assert planned(app, 10).question.rows >= 10
    with raises_saying(InvalidInputError, "jobs run creators_backfill"):
        planned(app, 10, wanted=CreatorFilter(platform="bilibili", domain=DOMAIN))
