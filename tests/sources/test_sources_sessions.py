"""One HTTP session for each account, its own way out, and who is signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from core.errors import (
    AccountBannedError,
    LoginExpiredError,
    RetryableError,
    RiskControlError,
    SourceError,
)
from sources.base import AccountSession, SessionStatus, Via
from sources.bilibili.source import BilibiliSource
from sources.sessions import KEPT_SECS, SessionPool
from tests.sources.conftest import DOMAIN, Visitor, World
from tests.support.moving_clock import MovingClock
from tests.support.sources.sources_servers import NAV, RecordingProxy, Said, ScriptedPlatform, says

ProxyMaker = Callable[[], RecordingProxy]
COOKIES = "SESSDATA=one; bili_jct=x"


@pytest.fixture
def place(world: Callable[..., World]) -> World:
    return world()


@pytest.fixture
def source(place: World, source_at: Callable[..., BilibiliSource]) -> BilibiliSource:
    return source_at(place.url)


@pytest.fixture
def pool(source: BilibiliSource, clock: MovingClock) -> Iterator[SessionPool]:
    pool = SessionPool(source=source, clock=clock)
    yield pool
    pool.close()


def _search(source: BilibiliSource, session: AccountSession) -> int:
    return len(source.search_creators(session, DOMAIN, 1, Via.USERS).creators)


def test_an_account_keeps_its_session(pool: SessionPool) -> None:
    first = pool.session(1, "one", COOKIES, None)
    assert pool.session(1, "one", COOKIES, None) is first
    assert pool.session(2, "two", "SESSDATA=two", None).http is not first.http


def test_a_session_that_nobody_asks_for_is_closed_after_a_day(
    pool: SessionPool, clock: MovingClock
) -> None:
    idle, used = (pool.session(number, f"acc{number}", COOKIES, None) for number in (1, 2))
    clock.move(KEPT_SECS - 1)
    assert pool.session(2, "acc2", COOKIES, None) is used
    clock.move(2)
    pool.session(3, "acc3", COOKIES, None)
    assert pool.session(2, "acc2", COOKIES, None) is used
    assert pool.session(1, "acc1", COOKIES, None) is not idle


@pytest.mark.parametrize(
    ("cookies", "proxy"),
    [("SESSDATA=fresh", None), (COOKIES, "http://127.0.0.1:9"), (COOKIES + "; sid=1", None)],
)
def test_changed_credentials_make_a_new_session(
    pool: SessionPool, cookies: str, proxy: str | None
) -> None:
    first = pool.session(1, "one", COOKIES, None)
    second = pool.session(1, "one", cookies, proxy)
    assert second.http is not first.http
    assert pool.session(1, "one", cookies, proxy) is second


def test_new_credentials_are_really_used(
    pool: SessionPool, source: BilibiliSource, place: World
) -> None:
    _search(source, pool.session(1, "one", COOKIES, None))
    _search(source, pool.session(1, "one", "SESSDATA=fresh", None))
    assert (place.requests_of("one"), place.requests_of("fresh")) == (2, 1)


def test_a_session_lasts_over_requests_with_its_connection(
    pool: SessionPool, source: BilibiliSource
) -> None:
    session = pool.session(1, "one", COOKIES, None)
    for _ in range(3):
        assert _search(source, session) == 20
    adapter = session.http.get_adapter("http://")
    (key,) = adapter.poolmanager.pools.keys()  # type: ignore[attr-defined]
    assert adapter.poolmanager.pools[key].num_connections == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("cookies", [None, "", "nonsense", "sid=1"])
def test_without_usable_cookies_the_login_is_expired(
    pool: SessionPool, cookies: str | None
) -> None:
    with pytest.raises(LoginExpiredError):
        pool.session(1, "one", cookies, None)


def test_each_account_goes_through_its_own_proxy_only(
    place: World, pool: SessionPool, source: BilibiliSource, proxies: ProxyMaker
) -> None:
    ways = {"one": proxies(), "two": proxies()}
    sessions = {
        name: pool.session(number, name, f"SESSDATA={name}", way.url())
        for number, (name, way) in enumerate(ways.items(), start=1)
    }
    for name in ("one", "two", "one", "two"):
        assert _search(source, sessions[name]) == 20
    assert [way.accounts() for way in ways.values()] == [{"one"}, {"two"}]
    assert {f"http://{target}" for target in ways["one"].targets} == {place.url}


def test_an_account_without_a_proxy_goes_directly(
    pool: SessionPool, source: BilibiliSource, proxies: ProxyMaker
) -> None:
    way = proxies()
    _search(source, pool.session(1, "one", COOKIES, way.url()))
    passed = len(way.passed)
    assert _search(source, pool.session(2, "two", "SESSDATA=two", None)) == 20
    assert len(way.passed) == passed


def test_the_hosts_own_proxy_settings_are_not_used(
    pool: SessionPool, source: BilibiliSource, monkeypatch: pytest.MonkeyPatch, proxies: ProxyMaker
) -> None:
    way = proxies()
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, way.url())
    session = pool.session(1, "one", COOKIES, None)
    assert session.http.trust_env is False
    assert _search(source, session) == 20
    assert not way.passed


def test_no_proxy_of_the_host_does_not_open_a_direct_way(
    pool: SessionPool, source: BilibiliSource, monkeypatch: pytest.MonkeyPatch, proxies: ProxyMaker
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost,*")
    way = proxies()
    assert _search(source, pool.session(1, "one", COOKIES, way.url())) == 20
    assert way.accounts() == {"one"}


def test_a_dead_proxy_is_no_reason_to_go_directly(
    pool: SessionPool, source: BilibiliSource, place: World
) -> None:
    session = pool.session(1, "one", COOKIES, "http://127.0.0.1:1")
    with pytest.raises(RetryableError):
        _search(source, session)
    assert place.requests_of("one") == 0


def test_proxy_credentials_go_to_the_proxy_and_no_further(
    scripted: ScriptedPlatform, enter: Callable[..., Visitor], proxies: ProxyMaker
) -> None:
    way = proxies()
    visitor = enter(scripted.url, proxy=way.url("user", "pass"))
    visitor.source.check_session(visitor.session)
    assert way.passed[0].headers["proxy-authorization"] == "Basic dXNlcjpwYXNz"
    assert not any("authorization" in name for name in scripted.asked[0].headers)


def test_a_session_knows_its_egress_route(pool: SessionPool) -> None:
    proxy = "http://user:s3cret@proxy.example:8080"
    session = pool.session(1, "one", COOKIES, proxy, egress="proxy.example:8080#1f3a9c02")
    assert session.egress == "proxy.example:8080#1f3a9c02"
    assert "s3cret" not in repr(session)
    assert pool.session(2, "two", COOKIES, None).egress == "direct"


def test_a_live_session_says_who_it_is(enter: Callable[..., Visitor], place: World) -> None:
    status = _check(enter(place.url, "alice"))
    assert (status.signed_in, status.name) == (True, "alice")
    assert status.uid is not None
    assert status.uid.isdigit()


def test_a_dead_session_is_not_signed_in(enter: Callable[..., Visitor], place: World) -> None:
    assert _check(enter(place.url, "dead-1")) == SessionStatus(signed_in=False)


def test_a_banned_account_is_told_as_such(
    enter: Callable[..., Visitor], world: Callable[..., World]
) -> None:
    visitor = enter(world(good_answers_before_ban=1).url, "banned-1")
    assert _check(visitor).signed_in
    visitor.search()
    with pytest.raises(AccountBannedError):
        _check(visitor)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says(-352, {"v_voucher": "voucher_1"}), RiskControlError),
        (says(0, {"v_voucher": "voucher_1"}), RiskControlError),
        (says(-412), RiskControlError),
        (Said(b"", 412), RiskControlError),
        (says(-102, {"isLogin": False}), AccountBannedError),
        (says(0, {}), RetryableError),
        (says(-500, {"isLogin": False}), RetryableError),
        (Said(b"<html>"), RetryableError),
    ],
)
def test_trouble_is_not_taken_for_a_lost_login(
    scripted: ScriptedPlatform,
    enter: Callable[..., Visitor],
    answer: Said,
    kind: type[SourceError],
) -> None:
    scripted.on(NAV, answer)
    with pytest.raises(kind):
        _check(enter(scripted.url))


def _check(visitor: Visitor) -> SessionStatus:
    return visitor.source.check_session(visitor.session)


def test_an_account_is_introduced_by_its_browsers_user_agent(
    pool: SessionPool, source: BilibiliSource, proxies: ProxyMaker
) -> None:
    way = proxies()
    browser = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/{n}.0"
    agents = (None, browser.format(n=139), browser.format(n=141))
    for agent in agents:
        session = pool.session(1, "one", COOKIES, way.url(), user_agent=agent)
        assert _search(source, session) == 20
        sent = way.passed[-1].headers["user-agent"]
        assert sent == agent or (agent is None and sent.startswith("Mozilla/5.0"))
    assert pool.session(1, "one", COOKIES, way.url(), user_agent=agents[-1]) is session
