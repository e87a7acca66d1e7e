"""Visits of accounts to the platform: turns, blame, and session checks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.manager import AccountManager
from app.container import App
from core.errors import CircuitOpenError
from core.settings import Pace
from sandbox.messages import json_reply
from sources.circuits import Asker
from storage.models.accounts import AccountStatus, Health
from storage.models.tasks import TaskStatus
from tests.support.crawler.workbench import (
    ONE_ENGINE,
    Platform,
    account_of,
    add_account,
    add_accounts,
    crawl,
    events_of,
    file_crawl,
    once,
    rows,
    stored_uids,
    work_off,
)
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control
from tests.support.sources.sources_servers import recording_proxy

COMPLETED = TaskStatus.COMPLETED
IDLE, DISABLED = AccountStatus.IDLE, AccountStatus.DISABLED
NAV = "/x/web-interface/nav"
DAY_SECS = 86_400
MAX_LOOKS = 20  # more than any sane round of the caretaker has


def fetched_by(app: App) -> dict[str, list[int]]:
    """Account name to its pages."""
    found = rows(
        app,
        "SELECT l.page_number AS page, a.username AS name FROM ingestion_logs l"
        " JOIN accounts a ON a.id=l.account_id ORDER BY l.page_number",
    )
    pages: dict[str, list[int]] = {}
    for row in found:
        pages.setdefault(row["name"], []).append(row["page"])
    return pages


def say(server: Platform, call: str, **body: object) -> None:
    control.tell(server.url, call, body)


def navs(server: Platform) -> int:
    """How often somebody asked who is signed in, or for the signature's keys."""
    return int(server.stats()["requests"].get("bilibili", {}).get(NAV, 0))


def no_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Turns


@pytest.mark.parametrize("pages_per_task", [5, 100])
def test_one_worker_uses_all_accounts_in_turn_at_their_pace(
    make_app, platform, clock: MovingClock, pages_per_task
) -> None:
    server = platform(creators=600, rate="2/10")
    app = make_app(
        bilibili_base_url=server.url,
        bilibili_pace=Pace(2, 10),
        pages_per_task=pages_per_task,
        lease_secs=9999,
    )
    add_accounts(app, 3)
    begun = clock.monotonic()
    assert crawl(app, pages=30).status is COMPLETED
    secs = clock.monotonic() - begun
    assert stored_uids(app) == server.uids()
    stats = server.stats()
    assert (stats["over_limit"], stats["duplicate_pages"]) == (0, 0)
    uses = [len(pages) for pages in fetched_by(app).values()]
    assert len(uses) == 3 and max(uses) - min(uses) <= 2
    ideal = (30 - 1) // 6 * 10
    assert ideal <= secs <= 1.05 * ideal


# Blame


@ONE_ENGINE
def test_a_412_shuts_one_way_and_punishes_nobody(make_app, platform, clock: MovingClock) -> None:
    server = platform(creators=200)
    with recording_proxy() as proxy:
        app = make_app(bilibili_base_url=server.url)
        add_account(app, "acc1")
        add_account(app, "acc2", proxy=proxy.url())
        server.order({"kind": "html_412", "account": "acc1", "page": 3})
        assert crawl(app, pages=10).status is COMPLETED
        assert fetched_by(app) == {"acc1": [1, 2], "acc2": list(range(3, 11))}
        assert proxy.accounts() == {"acc2"}
        spared = account_of(app, "acc1")
        assert (spared.status, spared.health, spared.failure_count) == (IDLE, Health.HEALTHY, 0)
        assert spared.cooldown_until is None
        [(kind, detail), *_] = events_of(app, "acc1")
        assert kind == "reverted" and "it concerns the egress route" in detail
        app.pool.manager.set_account_status(account_of(app, "acc2").id, "disabled")
        asked = len(server.asked)
        again = file_crawl(app, pages=1)
        once(app.crawling.ingestion_worker())
        assert len(server.asked) == asked, "the way is still shut"
        clock.move(app.settings.risk_cooldown_secs)
        assert work_off(app, again).status is COMPLETED


def test_three_risk_answers_in_a_row_open_the_circuit_for_all(
    make_app, platform, clock: MovingClock
) -> None:
    server = platform(creators=200)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 4)
    server.order({"kind": "captcha", "times": 3})
    task = file_crawl(app, pages=10)
    once(app.crawling.ingestion_worker())
    assert [name for name, _ in server.asked] == ["acc1", "acc2", "acc3"]
    for number in (1, 2, 3, 4):
        account = account_of(app, f"acc{number}")
        assert (account.health, account.failure_count) == (Health.HEALTHY, 0)
        assert account.cooldown_until is None
    navs_before = navs(server)
    for _ in range(20):
        clock.move(31)
        once(app.crawling.ingestion_worker())
    assert (len(server.asked), navs(server)) == (3, navs_before), "nobody asks anything"
    refused: list[bool] = []

    def look(request: Any, reply: Any) -> Any:
        asker = Asker(platform="bilibili", egress="x", endpoint="search", account_id=99)
        try:
            app.pool.circuits.give_back(app.pool.circuits.admit(asker, threading.Event()))
            refused.append(False)
        except CircuitOpenError:
            refused.append(True)
        return reply

    server.spoil = look
    clock.move(app.settings.risk_cooldown_secs)
    assert work_off(app, task).status is COMPLETED
    assert refused[:3] == [True] * 3, "only one asks until the platform has shown that it answers"
    assert not refused[-1]
    assert stored_uids(app) == server.uids()


def test_risk_answers_that_are_far_apart_are_each_accounts_own(
    make_app, platform, clock: MovingClock
) -> None:
    server = platform(creators=100)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 4)
    refused: list[str] = []

    def refuse(request: Any, reply: Any) -> Any:
        if request.account in ("acc4", *refused):
            return reply
        refused.append(request.account)
        clock.move(61)
        return json_reply({"code": -352, "message": "-352"})

    server.spoil = refuse
    assert crawl(app, pages=5).status is COMPLETED
    health = [account_of(app, f"acc{n}").health for n in (1, 2, 3, 4)]
    assert health == [Health.SUSPECT] * 3 + [Health.HEALTHY]
    assert fetched_by(app) == {"acc4": [1, 2, 3, 4, 5]}


@ONE_ENGINE
@pytest.mark.parametrize("kind", ["risk_bare", "risk_voucher", "captcha"])
def test_a_refusal_counts_also_where_the_next_turn_is_far_away(make_app, platform, kind) -> None:
    server = platform(creators=100)
    app = make_app(bilibili_base_url=server.url, bilibili_pace=Pace(1, 2.5))
    add_accounts(app, 2)
    crawl(app, pages=2)  # both have their cookies and keys
    before = len(server.asked)
    server.order({"kind": kind, "account": "acc1", "times": 5})
    assert crawl(app, pages=5).status is COMPLETED
    assert [name for name, _ in server.asked[before:]].count("acc1") == 1
    assert account_of(app, "acc1").health is Health.SUSPECT


@ONE_ENGINE
def test_a_dead_proxy_rests_its_account_and_another_takes_the_page(make_app, platform) -> None:
    server = platform(creators=100)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1", proxy=f"http://me:geheim77@127.0.0.1:{no_port()}")
    add_account(app, "acc2")
    task = crawl(app, pages=5)
    assert (task.status, task.attempts) == (COMPLETED, 0)
    assert server.asked == [("acc2", page) for page in range(1, 6)]
    account = account_of(app, "acc1")
    assert (account.status, account.health, account.failure_count) == (IDLE, Health.HEALTHY, 0)
    assert account.cooldown_until is None
    [event, *_] = app.pool.registry.events(account)
    assert event.kind == "spared" and "it concerns the egress route" in english_text(event.detail)
    assert "geheim77" not in f"{english_text(event.detail)}{event.evidence}"
    assert account_of(app, "acc2").failure_count == 0


# Session checks


def test_a_session_is_looked_at_once_before_use_after_a_day(
    make_app, platform, clock: MovingClock
) -> None:
    server = platform(creators=100)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 1)
    crawl(app, pages=2)
    assert navs(server) == 1, "the keys only: the account is new"
    clock.move(DAY_SECS + 1)
    crawl(app, pages=5)
    assert navs(server) == 3, "one look, and fresh keys"
    seen = account_of(app, "acc1").session_checked_at
    assert seen is not None and app.clock.now() - seen < timedelta(minutes=1)
    crawl(app, pages=5)
    assert navs(server) == 3


def test_a_session_that_ended_overnight_is_found_before_it_is_used(
    make_app, platform, clock: MovingClock
) -> None:
    server = platform(creators=100)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    say(server, "expire", account="acc1")
    clock.move(DAY_SECS + 1)
    assert crawl(app, pages=5).status is COMPLETED
    assert {name for name, _ in server.asked} == {"acc2"}
    account = account_of(app, "acc1")
    assert account.status is DISABLED
    assert english_text(account.disabled_reason) == (
        "session expired (the session is not signed in any more)"
    )
    [event, *_] = app.pool.registry.events(account)
    assert event.kind == "disabled"
    assert event.evidence is not None, "what was asked, and what came back"


# The caretaker


@pytest.fixture
def care(monkeypatch: pytest.MonkeyPatch) -> Callable[[App], int]:
    """A round of the caretaker, ended when it looks again and again; how many it looked at."""

    def round_of(app: App) -> int:
        stop, looks, look = threading.Event(), [0], app.pool.manager.lease_unchecked

        def counted(platform: str) -> Any:
            looks[0] += 1
            if looks[0] > MAX_LOOKS:
                stop.set()
            return look(platform)

        monkeypatch.setattr(AccountManager, "lease_unchecked", staticmethod(counted))
        found = app.jobs.scheduled.session_checks.check_due(stop)
        monkeypatch.undo()
        assert not stop.is_set(), "it goes round in circles"
        return found

    return round_of


def test_idle_accounts_are_looked_at_once_a_day(make_app, platform, clock, care) -> None:
    server = platform(creators=100)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    add_account(app, "dead-1")
    add_account(app, "none", session=None)
    assert care(app) == 3
    assert navs(server) == 3 and server.asked == []
    lost = account_of(app, "dead-1")
    assert lost.status is DISABLED
    assert english_text(lost.disabled_reason).startswith("session expired")
    for name in ("acc1", "acc2"):
        account = account_of(app, name)
        assert (account.status, account.health, account.failure_count) == (IDLE, Health.HEALTHY, 0)
        assert account.session_checked_at is not None and account.lease_owner is None
    assert account_of(app, "none").status is IDLE, "without a session there is nothing to look at"
    for _ in range(3):
        clock.move(DAY_SECS / 4)
        assert care(app) == 0
    assert navs(server) == 3
    say(server, "expire", account="acc2")
    clock.move(DAY_SECS / 4 + 1)
    assert care(app) == 2
    assert [account_of(app, name).status for name in ("acc1", "acc2")] == [IDLE, DISABLED]


def test_a_look_uses_up_no_turn(make_app, platform, care) -> None:
    server = platform(creators=100)
    app = make_app(bilibili_base_url=server.url, bilibili_pace=Pace(1, 10))
    add_accounts(app, 1)
    assert care(app) == 1
    account = account_of(app, "acc1")
    assert account.pace_known and account.ready_at is None


@ONE_ENGINE
@pytest.mark.parametrize("kind", ["code_799", "http_502", "html_412", "risk_bare", "html_200"])
def test_the_caretaker_does_not_go_round_in_circles(make_app, platform, clock, care, kind) -> None:
    server = platform(creators=100)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 3)
    server.order({"kind": kind, "endpoint": NAV, "times": 1000})
    for _ in range(5):
        care(app)
        clock.move(60)
    assert navs(server) <= 5 * 3 * app.settings.request_attempts
    assert {account_of(app, f"acc{n}").status for n in (1, 2, 3)} == {IDLE}
    assert app.leases.held() == []
