"""Trouble with accounts: who is blamed, who goes on, and when."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from accounts.account_lease import Purpose
from app.container import App
from core.errors import ThrottledError
from sandbox.messages import Reply
from storage.models.accounts import AccountStatus, Health
from storage.models.tasks import TaskStatus, TaskType, WaitingFor
from tests.support.accounts.cooldowns import cooldown
from tests.support.accounts.egress import open_circuit
from tests.support.crawler.workbench import (
    ONE_ENGINE,
    account_of,
    add_account,
    add_accounts,
    change,
    column,
    crawl,
    events_of,
    file_crawl,
    once,
    pieces_of,
    rows,
    stored_uids,
    task_of,
    work_off,
)
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock

COMPLETED, PENDING = TaskStatus.COMPLETED, TaskStatus.PENDING
IDLE, DISABLED = AccountStatus.IDLE, AccountStatus.DISABLED


def who_fetched(app: App) -> dict[int, str]:
    """Page number to account name."""
    found = rows(
        app,
        "SELECT l.page_number AS page, a.username AS name FROM ingestion_logs l"
        " JOIN accounts a ON a.id=l.account_id",
    )
    return {row["page"]: row["name"] for row in found}


def secs_from_now(app: App, moment) -> float:
    return (moment - app.clock.now()).total_seconds()


@ONE_ENGINE
@pytest.mark.parametrize(
    "kind", ["code_509", "risk_voucher", "risk_bare", "captcha", "voucher_only"]
)
def test_the_next_account_goes_on_with_the_same_page(make_app, platform, kind) -> None:
    server = platform(creators=100)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    server.order({"kind": kind, "account": "acc1", "page": 3})
    task = crawl(app, pages=5)
    assert task.status is COMPLETED
    assert server.pages == [1, 2, 3, 3, 4, 5]
    assert who_fetched(app) == {1: "acc1", 2: "acc1", 3: "acc2", 4: "acc2", 5: "acc2"}
    assert server.stats()["duplicate_pages"] == 0
    settings = app.settings
    rest = settings.throttle_cooldown_secs if kind == "code_509" else settings.risk_cooldown_secs
    account = account_of(app, "acc1")
    assert 0 < secs_from_now(app, account.cooldown_until) <= rest
    assert (account.status, account.failure_count) == (IDLE, 1)
    [(event, detail), *_] = events_of(app, "acc1")
    if kind == "code_509":
        assert (event, account.health) == ("cooldown", Health.HEALTHY) and "throttled" in detail
    else:
        assert (event, account.health) == ("suspect", Health.SUSPECT) and "risk" in detail


def test_rests_double_with_failures_in_a_row_and_a_good_turn_forgets_them(
    make_app, platform, clock: MovingClock
) -> None:
    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")
    server.order({"kind": "code_509", "times": 3})
    file_crawl(app, pages=1)
    for rest in (60, 120, 240):
        once(app.crawling.ingestion_worker())
        account = account_of(app, "acc1")
        assert (account.cooldown_until - account.updated_at).total_seconds() == rest
        clock.move_to(account.cooldown_until + timedelta(seconds=1))
    once(app.crawling.ingestion_worker())
    assert account_of(app, "acc1").failure_count == 0


def test_an_account_that_only_met_a_shut_platform_keeps_its_failures(
    make_app, platform, clock: MovingClock
) -> None:
    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 1)
    server.order({"kind": "code_509"})
    file_crawl(app, pages=1)
    once(app.crawling.ingestion_worker())
    clock.move(app.settings.throttle_cooldown_secs + 1)
    open_circuit(app, "bilibili")
    once(app.crawling.ingestion_worker())
    assert len(server.asked) == 1  # the circuit let nobody through
    assert account_of(app, "acc1").failure_count == 1


def test_no_page_is_fetched_twice_under_the_platforms_own_limit(make_app, platform) -> None:
    server = platform(creators=240, rate="4/60")
    app = make_app(bilibili_base_url=server.url, throttle_cooldown_secs=20)
    add_accounts(app, 3)
    assert crawl(app).status is COMPLETED
    assert stored_uids(app) == server.uids()
    stats = server.stats()
    assert stats["over_limit"] > 0 and stats["duplicate_pages"] == 0


@pytest.mark.parametrize(
    ("name", "reason", "code"),
    [
        ("banned-1", "banned by the platform", -102),
        ("expired-1", "session expired", -101),
        ("dead-1", "session expired", -101),
    ],
)
def test_an_account_that_is_lost_is_disabled_with_reason_and_evidence(
    make_app, platform, name, reason, code
) -> None:
    server = platform(creators=200)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, name)
    add_account(app, "acc2")
    assert crawl(app, pages=10).status is COMPLETED
    assert stored_uids(app) == server.uids()
    account = account_of(app, name)
    assert (account.status, account.lease_owner) == (DISABLED, None)
    assert english_text(account.disabled_reason).startswith(f"{reason} (code {code}")
    event = app.pool.registry.events(account)[0]
    assert event.kind == "disabled" and json.loads(event.evidence)["code"] == code
    assert server.stats()["after_ban"] <= 1
    assert server.stats()["duplicate_pages"] == 0


def test_an_account_without_usable_credentials_is_disabled(make_app, platform) -> None:
    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "none", session=None)
    add_account(app, "odd", session="no cookie at all")
    add_account(app, "acc3")
    change(app, "UPDATE accounts SET session='gAAAAAnotours' WHERE username='odd'")
    assert crawl(app).status is COMPLETED
    assert english_text(account_of(app, "none").disabled_reason).startswith(
        "session expired (the account has no"
    )
    assert english_text(account_of(app, "odd").disabled_reason).startswith(
        "secrets cannot be used ("
    )


@ONE_ENGINE
def test_accounts_without_a_session_are_each_disabled_and_no_mass_sign_out(
    make_app, platform
) -> None:
    app = make_app(bilibili_base_url=platform(creators=20).url)
    for name in ("none1", "none2", "none3", "none4"):
        add_account(app, name, session=None)
    add_account(app, "good")
    assert crawl(app).status is COMPLETED
    found = {name: account_of(app, name).status.value for name in ("none1", "none2", "none3")}
    assert found == dict.fromkeys(found, "disabled")


def test_risk_on_several_accounts_stops_the_endpoint_for_all_and_costs_none(
    make_app, platform, clock: MovingClock
) -> None:
    server = platform(creators=100)
    app = make_app(bilibili_base_url=server.url, breaker_accounts=2)
    add_accounts(app, 3)
    server.order({"kind": "captcha", "times": 2})
    task = file_crawl(app, pages=5)
    once(app.crawling.ingestion_worker())
    piece = pieces_of(app, task.id)[0]
    assert (piece.status, piece.waiting_for, piece.attempts) == (PENDING, WaitingFor.PLATFORM, 0)
    rest = app.settings.risk_cooldown_secs
    assert rest - 1 < secs_from_now(app, piece.not_before) <= rest + 5
    assert len(server.asked) == 2  # the third account was spared
    for name in ("acc1", "acc2", "acc3"):
        account = account_of(app, name)
        assert (account.status, account.cooldown_until) == (IDLE, None)
        assert (account.health, account.failure_count) == (Health.HEALTHY, 0)
    clock.move(31)
    once(app.crawling.ingestion_worker())
    assert len(server.asked) == 2
    clock.move(rest)
    assert work_off(app, task).status is COMPLETED


@ONE_ENGINE
@pytest.mark.parametrize("kind", ["html_412", "code_412"])
def test_one_block_is_confirmed_by_the_next_account_before_more_rests(
    make_app, platform, kind
) -> None:
    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    server.order({"kind": kind})
    task = file_crawl(app, pages=1)
    assert work_off(app, task).status is COMPLETED
    assert server.pages == [1, 1]
    assert account_of(app, "acc1").health is Health.SUSPECT
    assert account_of(app, "acc2").health is Health.HEALTHY


def waits(app: App) -> tuple[WaitingFor | None, float, str]:
    """What the only task waits for, how long from its last change on, and why."""
    [task_id] = column(app, "SELECT id FROM tasks")
    task = task_of(app, task_id)
    assert (task.status, task.lease_owner) == (PENDING, None)
    pause = (task.not_before - task.updated_at).total_seconds()
    return task.waiting_for, round(pause, 2), english_text(task.last_error)


def test_without_accounts_a_task_waits_and_a_new_account_wakes_it(app: App) -> None:
    file_crawl(app)
    assert once(app.crawling.ingestion_worker()) is False
    assert waits(app) == (WaitingFor.ACCOUNT, 30, "no account for bilibili")
    assert app.crawling.scheduler.claim(TaskType.INGESTION) is None
    add_account(app, "acc1")
    [task_id] = column(app, "SELECT id FROM tasks")
    assert task_of(app, task_id).not_before <= app.clock.now()


def test_with_all_accounts_disabled_a_task_waits_until_one_is_enabled(app: App) -> None:
    first = add_account(app, "acc1")
    app.pool.manager.set_account_status(first, "disabled")
    file_crawl(app)
    once(app.crawling.ingestion_worker())
    assert waits(app) == (WaitingFor.ACCOUNT, 30, "the only account is disabled")
    app.pool.manager.set_account_status(first, "idle")
    [task_id] = column(app, "SELECT id FROM tasks")
    assert task_of(app, task_id).not_before <= app.clock.now()


def test_with_all_accounts_resting_a_task_waits_for_the_first_to_be_rested(app: App) -> None:
    add_accounts(app, 2)
    for secs in (100, 40):
        lease = app.pool.manager.lease(Purpose.INGESTING, "bilibili")
        app.pool.manager.cool_down(lease, cooldown(secs))
    file_crawl(app)
    once(app.crawling.ingestion_worker())
    assert waits(app) == (
        WaitingFor.ACCOUNT,
        pytest.approx(40, abs=0.1),
        "2 accounts are cooling down",
    )


def test_with_all_accounts_busy_a_task_looks_again_soon(app: App) -> None:
    add_account(app, "acc1")
    app.pool.manager.lease(Purpose.EXPORTING, "bilibili")
    file_crawl(app)
    once(app.crawling.ingestion_worker())
    assert waits(app) == (WaitingFor.ACCOUNT, app.settings.poll_secs, "1 account is busy")


@ONE_ENGINE
@pytest.mark.parametrize("text", ["half \ud83d pair", "nul \x00", "行\r\n二"])
def test_an_odd_message_of_the_platform_rests_the_account_like_any_other(
    make_app, platform, text
) -> None:
    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)

    def speak(request, reply):
        said = json.dumps({"code": -509, "message": text}).encode()
        return Reply(said) if request.account == "acc1" else reply

    server.spoil = speak
    assert crawl(app).status is COMPLETED
    account = account_of(app, "acc1")
    assert account.status is IDLE and account.cooldown_until is not None


@ONE_ENGINE
@pytest.mark.parametrize("secs", [1e9, 1e12, 1e15])
def test_an_absurd_retry_after_only_rests_the_account(
    make_app, platform, monkeypatch, secs
) -> None:
    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    source = app.pool.access["bilibili"].source.source
    search = source.search_creators

    def throttled(session, domain, page, via):
        if session.username == "acc1":
            raise ThrottledError("too many requests (HTTP 429)", retry_after_secs=secs)
        return search(session, domain, page, via)

    monkeypatch.setattr(source, "search_creators", throttled)
    assert crawl(app).status is COMPLETED
    assert account_of(app, "acc1").status is IDLE
    assert app.leases.held() == []


def test_a_long_reason_of_the_operator_fits(app: App) -> None:
    first = add_account(app, "acc1")
    app.pool.manager.set_account_status(first, "disabled", "很长" * 2000)
    assert english_text(account_of(app, "acc1").disabled_reason).startswith("很长")


@ONE_ENGINE
def test_a_crawl_whose_only_route_is_left_alone_waits_for_its_end(make_app, platform) -> None:
    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    open_circuit(app, "bilibili", egress=app.foundation.egress.direct.name, endpoint="search")
    file_crawl(app, pages=1)
    once(app.crawling.ingestion_worker())
    [task_id] = column(app, "SELECT id FROM tasks WHERE is_leaf=1")
    piece = task_of(app, task_id)
    assert secs_from_now(app, piece.not_before) > 600
    assert server.asked == []


@ONE_ENGINE
def test_an_account_behind_a_closed_route_is_not_said_to_be_ready(app: App) -> None:
    add_accounts(app, 1)
    route = app.foundation.egress.direct.name
    change(app, f"UPDATE accounts SET egress='{route}'")
    open_circuit(app, "bilibili", egress=route, endpoint="search")
    [view] = app.crawling.account_views.views([account_of(app, "acc1")])
    assert view.next_request_at is not None
    assert secs_from_now(app, view.next_request_at) > 600


@ONE_ENGINE
def test_a_route_closed_where_no_crawl_asks_leaves_its_account_ready(app: App) -> None:
    """What is shown of an account and whether it is leased are decided by one rule."""
    add_accounts(app, 1)
    route = app.foundation.egress.direct.name
    change(app, f"UPDATE accounts SET egress='{route}'")
    open_circuit(app, "bilibili", egress=route, endpoint="finger")
    [view] = app.crawling.account_views.views([account_of(app, "acc1")])
    assert (view.next_request_at, view.route_closed_until) == (None, None)
    assert app.pool.manager.lease(Purpose.INGESTING, "bilibili", endpoints=("search",))


@ONE_ENGINE
def test_while_a_platform_is_left_alone_no_account_is_said_to_be_ready(app: App) -> None:
    add_accounts(app, 1)
    open_circuit(app, "bilibili", endpoint="search")
    [view] = app.crawling.account_views.views([account_of(app, "acc1")])
    assert view.next_request_at is not None and view.route_closed_until is None
