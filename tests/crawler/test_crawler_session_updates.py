"""Cookies that the platform renews, empties or hands out while an account is used."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from accounts.account_lease import Purpose
from accounts.requests import NewAccount
from accounts.vault import Credentials
from app.container import App
from core.errors import AccountTakenError
from core.settings import Pace
from crawler.runtime.account_sessions import AccountCheckout
from sandbox.messages import Reply, Request
from sources.base import Via
from storage.models.accounts import Account, AccountStatus
from storage.models.tasks import TaskStatus
from tests.support.crawler.workbench import (
    DOMAIN,
    Platform,
    Spoiler,
    account_of,
    add_account,
    add_accounts,
    crawl,
    events_of,
    stored_uids,
)
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control

NAV = "/x/web-interface/nav"
SPI = "/x/frontend/finger/spi"
IDLE, DISABLED = AccountStatus.IDLE, AccountStatus.DISABLED
COMPLETED = TaskStatus.COMPLETED
STOP = threading.Event()


@pytest.fixture
def server(platform) -> Platform:
    started: Platform = platform(creators=200)
    return started


@pytest.fixture
def app(make_app, server: Platform) -> App:
    made: App = make_app(bilibili_base_url=server.url)
    return made


def tell(server: Platform, call: str, **body: object) -> None:
    control.tell(server.url, call, body)


def meanwhile(act: Callable[[], object]) -> Spoiler:
    """Act while an answer is on its way."""

    def spoil(request: Request, reply: Reply) -> Reply:
        act()
        return reply

    return spoil


def stored_cookies(app: App, name: str = "acc1") -> dict[str, str]:
    text = app.vault.decrypt(account_of(app, name).session) or ""
    return dict(part.split("=", 1) for part in text.split("; "))


def kinds(app: App, name: str = "acc1") -> list[str]:
    return [kind for kind, _ in events_of(app, name)][::-1]


def requests_for(server: Platform, path: str) -> int:
    return int(server.stats()["requests"].get("bilibili", {}).get(path, 0))


def counted(server: Platform, path: str) -> list[str]:
    """Return a list that names who asks for that path from now on."""
    seen: list[str] = []

    def spoil(request: Request, reply: Reply) -> Reply:
        seen.append(request.account)
        return reply

    server.spoil_path[path] = spoil
    return seen


def setting(*cookies: str) -> Any:
    """Return a spoiler that lets the next search set cookies."""
    left = [cookies]

    def spoil(_request: Request, reply: Reply) -> Reply:
        return replace(reply, set_cookies=left.pop()) if left else reply

    return spoil


def opened(app: App, name: str = "acc1") -> AccountCheckout:
    leased = app.pool.manager.get_idle_account()
    assert leased is not None and leased.username == name
    checkout = AccountCheckout(leased)
    app.pool.sessions.open(checkout, STOP)
    return checkout


def ask(checkout: AccountCheckout, page: int = 1) -> int:
    found = checkout.source.search_creators(checkout.session, DOMAIN, page, Via.USERS, STOP)
    return len(found.creators)


# Renewed


@pytest.mark.parametrize("page", [1, 3])
def test_a_renewed_session_is_stored_at_once_and_used_from_then_on(
    app: App, make_app, server: Platform, page: int
) -> None:
    add_account(app, "acc1")
    before = account_of(app, "acc1")
    seen: list[Account] = []

    def spoil(request: Request, reply: Reply) -> Reply:
        number = int(request.params["page"])
        if number == page:
            tell(server, "renew", account="acc1")
        elif number == page + 1:
            seen.append(account_of(app, "acc1"))
        return reply

    server.spoil = spoil
    assert crawl(app, pages=10).status is COMPLETED
    assert stored_uids(app) == server.uids()
    cookies = stored_cookies(app)
    assert cookies["SESSDATA"] != "acc1" and cookies["bili_jct"]
    after = account_of(app, "acc1")
    assert after.session_version == before.session_version + 1
    assert after.session_renewed_at is not None and after.session_expires_at is not None
    [stored_before_the_next_page, *_] = seen
    assert stored_before_the_next_page.session == after.session
    assert ("session_renewed", "by the platform: SESSDATA, bili_jct") in events_of(app, "acc1")
    # A process that starts now signs in with the new one; the old one is dead.
    server.spoil = None
    assert crawl(make_app(bilibili_base_url=server.url), pages=2).status is COMPLETED
    assert account_of(app, "acc1").status is IDLE


def test_one_value_of_a_renewed_cookie_is_sent_in_the_open_session(
    app: App, server: Platform
) -> None:
    add_account(app, "acc1")
    headers: list[str] = []

    def spoil(request: Request, reply: Reply) -> Reply:
        headers.append(request.headers["cookie"])
        return reply

    server.spoil = spoil
    first = opened(app)
    ask(first)
    tell(server, "renew", account="acc1")
    ask(first, 2)
    ask(first, 3)
    session = first.session
    app.pool.sessions.close(first)
    second = opened(app)
    assert second.session is session, "the open HTTP session is kept"
    ask(second, 4)
    app.pool.sessions.close(second)
    assert [header.count("SESSDATA=") for header in headers] == [1] * 4
    assert "SESSDATA=acc1" in headers[0] and "SESSDATA=acc1" not in headers[2]
    assert kinds(app).count("session_renewed") == 1


def test_a_renewed_session_stays_open_with_its_browsers_user_agent(
    app: App, server: Platform
) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64) Chrome/141.0.0.0"
    add_account(app, "acc1")
    app.pool.registry.set_user_agent(account_of(app, "acc1"), agent)
    agents: list[str] = []

    def spoil(request: Request, reply: Reply) -> Reply:
        agents.append(request.headers["user-agent"])
        return reply

    server.spoil = spoil
    first = opened(app)
    tell(server, "renew", account="acc1")
    ask(first)
    app.pool.sessions.close(first)
    second = opened(app)
    assert second.session is first.session
    ask(second, 2)
    app.pool.sessions.close(second)
    app.pool.registry.set_user_agent(account_of(app, "acc1"), None)
    third = opened(app)
    assert third.session is not first.session
    ask(third, 3)
    app.pool.sessions.close(third)
    assert agents[:2] == [agent, agent] and agents[2] not in ("", agent)


def test_a_session_renewed_after_the_lease_was_lost_is_stored_all_the_same(
    app: App, server: Platform, clock: MovingClock
) -> None:
    add_account(app, "acc1")
    checkout = opened(app)
    server.spoil = meanwhile(
        lambda: app.pool.manager.set_account_status(checkout.account.id, "idle")
    )
    tell(server, "renew", account="acc1")
    ask(checkout)
    server.spoil = None
    assert stored_cookies(app)["SESSDATA"] != "acc1"
    assert account_of(app, "acc1").status is IDLE
    checkout = opened(app)
    clock.move(2)  # its pace counts as used up
    assert ask(checkout) == 20
    app.pool.sessions.close(checkout)


@pytest.mark.parametrize("lost", [True, False])
def test_a_session_that_was_replaced_meanwhile_is_not_overwritten(
    app: App, server: Platform, lost: bool
) -> None:
    add_account(app, "acc1")
    checkout = opened(app)

    def replace_it() -> None:
        if lost:
            app.pool.manager.set_account_status(checkout.account.id, "idle")
        fresh = Credentials(session="SESSDATA=acc1; sid=imported")
        app.pool.enrolment.add_or_refresh(NewAccount("bilibili", "acc1", fresh, None))

    ask(checkout)  # what comes before the search is asked once
    server.spoil = meanwhile(replace_it)
    tell(server, "renew", account="acc1")
    ask(checkout, 2)
    app.pool.sessions.close(checkout)
    assert stored_cookies(app) == {"SESSDATA": "acc1", "sid": "imported"}
    assert "session_renewed" not in kinds(app)


def test_an_operators_check_keeps_what_the_platform_renews(app: App, server: Platform) -> None:
    add_account(app, "acc1", session="SESSDATA=acc1; sid=old")
    tell(server, "renew", account="acc1")
    assert app.pool.enrolment.check(account_of(app, "acc1")).signed_in
    assert stored_cookies(app)["SESSDATA"] != "acc1" and stored_cookies(app)["sid"] == "old"
    assert app.pool.enrolment.check(account_of(app, "acc1")).signed_in
    assert crawl(app, pages=1).status is COMPLETED
    assert kinds(app).count("session_renewed") == 1


def test_a_renewed_session_shows_nowhere(app: App, server: Platform, logs) -> None:
    add_account(app, "acc1")
    checkout = opened(app)
    tell(server, "renew", account="acc1")
    ask(checkout)
    secret = stored_cookies(app)["SESSDATA"]
    assert checkout.session.redact(f"x {secret} y") == "x *** y"
    app.pool.sessions.close(checkout)
    events = repr(app.pool.registry.events(account_of(app, "acc1")))
    assert secret not in events and secret not in repr(checkout) and secret not in logs()


def test_a_volatile_cookie_is_stored_with_the_end_of_the_lease(
    app: App, make_app, server: Platform
) -> None:
    add_account(app, "acc1", session="SESSDATA=acc1; sid=old; mine=1")
    version = account_of(app, "acc1").session_version
    server.spoil = setting("sid=new; Path=/", "other=x; Path=/")
    checkout = opened(app)
    ask(checkout)
    assert stored_cookies(app)["sid"] == "old"
    app.pool.sessions.close(checkout)
    assert stored_cookies(app) == {"SESSDATA": "acc1", "sid": "new", "mine": "1"}
    assert account_of(app, "acc1").session_version == version
    assert "session_renewed" not in kinds(app)
    again = opened(app)
    assert again.session is checkout.session
    app.pool.sessions.close(again)


def test_a_volatile_cookie_overwrites_no_import_and_no_rotated_secret(
    app: App, server: Platform
) -> None:
    add_account(app, "acc1", session="SESSDATA=acc1; sid=old")
    server.spoil = setting("sid=new; Path=/")
    checkout = opened(app)
    ask(checkout)
    app.vault.rotate(app.database)
    app.pool.sessions.close(checkout)
    assert stored_cookies(app) == {"SESSDATA": "acc1", "sid": "old"}


def test_a_declared_platform_renews_the_cookie_that_its_file_requires(
    make_app, server: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_EXAMPLE_MARKET_BASE_URL", server.url)
    app = make_app()
    session = Credentials(session="market_session=acc1; csrf=old")
    app.pool.registry.add("example_market", "one", session, 10)
    server.spoil_path["/market/api/me"] = setting("market_session=acc2; Path=/", "csrf=new; Path=/")
    leased = app.pool.manager.lease(Purpose.INGESTING, "example_market")
    assert leased is not None
    checkout = AccountCheckout(leased)
    app.pool.sessions.open(checkout, STOP)
    app.pool.sessions.probe(checkout, STOP)
    found = app.pool.registry.find("one")
    assert app.vault.decrypt(found.session) == "market_session=acc2; csrf=new"
    assert found.is_proven
    app.pool.sessions.close(checkout)
    kinds = [event.kind for event in app.pool.registry.events(found)]
    assert kinds == ["session_renewed", "added"]


@pytest.mark.parametrize("name", ["SESSDATA", "sid"])
def test_a_cookie_that_could_not_be_read_again_is_not_stored(
    app: App, server: Platform, name: str
) -> None:
    add_account(app, "acc1", session="SESSDATA=acc1; sid=old")
    server.spoil = setting(f"{name}=new\x90x; Path=/")
    checkout = opened(app)
    ask(checkout)
    assert checkout.session.cookies is not None
    assert checkout.session.cookies.value(name).startswith("new")
    app.pool.sessions.close(checkout)
    assert stored_cookies(app) == {"SESSDATA": "acc1", "sid": "old"}


# Emptied


def test_an_emptied_cookie_of_a_session_that_lives_changes_nothing(
    app: App, server: Platform
) -> None:
    add_account(app, "acc1")
    checkout = opened(app)
    ask(checkout)
    navs = requests_for(server, NAV)
    tell(server, "logout", account="acc1", ends=False)
    assert ask(checkout, 2) == 20, "the good answer counts"
    assert requests_for(server, NAV) == navs + 1
    assert ask(checkout, 3) == 20
    assert requests_for(server, NAV) == navs + 1
    app.pool.sessions.close(checkout)
    assert stored_cookies(app) == {"SESSDATA": "acc1"}
    assert account_of(app, "acc1").status is IDLE


def test_an_emptied_cookie_of_a_session_that_is_over_disables_the_account(
    app: App, server: Platform
) -> None:
    add_accounts(app, 2)

    def spoil(request: Request, reply: Reply) -> Reply:
        if request.account == "acc1" and request.params["page"] == "3":
            tell(server, "logout", account="acc1")
        return reply

    server.spoil = spoil
    assert crawl(app, pages=10).status is COMPLETED
    assert stored_uids(app) == server.uids()
    account = account_of(app, "acc1")
    assert account.status is DISABLED
    assert "emptied the session's cookie" in english_text(account.disabled_reason)
    assert stored_cookies(app) == {"SESSDATA": "acc1"}
    assert account_of(app, "acc2").status is IDLE


def test_a_check_that_fails_says_nothing_about_an_emptied_cookie(
    app: App, server: Platform
) -> None:
    add_account(app, "acc1")
    checkout = opened(app)
    ask(checkout)
    server.order({"kind": "http_503", "endpoint": "nav"})
    tell(server, "logout", account="acc1", ends=False)
    assert ask(checkout, 2) == 20
    app.pool.sessions.close(checkout)
    assert account_of(app, "acc1").status is IDLE


# The device


def test_a_device_is_fetched_once_per_account_and_kept(make_app, server: Platform) -> None:
    app = make_app(bilibili_base_url=server.url, bilibili_pace=Pace(1, 2.5))
    add_accounts(app, 2)
    fetched = counted(server, SPI)
    assert crawl(app, pages=6).status is COMPLETED
    assert len(fetched) == 2
    devices = server.stats()["devices"]
    assert sorted(seen["accounts"] for seen in devices.values()) == [["acc1"], ["acc2"]]
    assert ("device_assigned", "buvid3, buvid4") in events_of(app, "acc1")
    stored = account_of(app, "acc1").device or ""
    assert not any(device in stored for device in devices)
    # Over new processes and new sessions of the same login.
    other = make_app(bilibili_base_url=server.url, bilibili_pace=Pace(1, 2.5))
    fresh = Credentials(session="SESSDATA=acc1; sid=another")
    other.pool.enrolment.add_or_refresh(NewAccount("bilibili", "acc1", fresh, None))
    assert crawl(other, pages=6).status is COMPLETED
    assert len(fetched) == 2
    assert set(server.stats()["devices"]) == set(devices)
    assert kinds(app).count("device_assigned") == 1


def test_cookies_that_bring_a_device_win(app: App, server: Platform) -> None:
    add_account(app, "acc1")
    fetched = counted(server, SPI)
    assert crawl(app, pages=2).status is COMPLETED
    fresh = Credentials(session="SESSDATA=acc1; buvid3=MINE")
    app.pool.enrolment.add_or_refresh(NewAccount("bilibili", "acc1", fresh, None))
    before = account_of(app, "acc1").device
    assert crawl(app, pages=2).status is COMPLETED
    assert "MINE" in server.stats()["devices"]
    assert len(fetched) == 1
    assert account_of(app, "acc1").device == before


def test_a_device_is_not_stored_without_the_lease(app: App, server: Platform) -> None:
    add_account(app, "acc1")
    checkout = opened(app)
    server.spoil_path[SPI] = meanwhile(
        lambda: app.pool.manager.set_account_status(checkout.account.id, "idle")
    )
    with pytest.raises(AccountTakenError):
        ask(checkout)
    assert account_of(app, "acc1").device is None
    assert "device_assigned" not in kinds(app)


def test_a_device_cookie_that_changes_is_stored_with_the_end_of_the_lease(
    app: App, server: Platform
) -> None:
    add_account(app, "acc1")
    checkout = opened(app)
    ask(checkout)
    server.spoil = setting("b_nut=1790000000; Path=/")
    ask(checkout, 2)
    assert "b_nut" not in (app.vault.decrypt(account_of(app, "acc1").device) or "")
    app.pool.sessions.close(checkout)
    assert "b_nut" in (app.vault.decrypt(account_of(app, "acc1").device) or "")
    assert stored_cookies(app) == {"SESSDATA": "acc1"}


def test_only_the_search_needs_a_device(app: App, server: Platform) -> None:
    add_account(app, "acc1")
    fetched = counted(server, SPI)
    app.jobs.scheduled.session_checks.check_due(STOP)
    assert fetched == []
