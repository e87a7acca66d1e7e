"""An account's cookies in its HTTP session: one of each name, where the platform's own would be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sources.base import Via
from sources.bilibili.cookies import NAMES, claimed_uid, device_id, parse_cookies
from sources.bilibili.source import BilibiliSource
from sources.declared.credentials import Credentials, cookie_names
from sources.declared.declaration import SessionForm
from sources.transport.cookies import AccountCookies, cookie_domain, cookie_header
from sources.transport.session import open_http
from tests.sources.conftest import DOMAIN
from tests.support.sources.sources_servers import Said, ScriptedPlatform, says_page


@pytest.mark.parametrize(
    ("base_url", "domain"),
    [
        ("https://api.bilibili.com", ".bilibili.com"),
        ("https://bilibili.com/", ".bilibili.com"),
        ("https://API.Bilibili.COM:443/x", ".bilibili.com"),
        ("https://notbilibili.com", "notbilibili.com"),
        ("http://127.0.0.1:8700", "127.0.0.1"),
        ("http://localhost:8700", "localhost.local"),
        ("http://[::1]:8700", "[::1].local"),
    ],
)
def test_a_cookie_has_the_domain_of_the_platform_or_of_the_host(base_url: str, domain: str) -> None:
    assert cookie_domain(base_url, "bilibili.com") == domain


USER = {"mid": 1, "uname": "甲"}


def cookies(**stored: str) -> AccountCookies:
    http = open_http(None)
    found = AccountCookies(http.cookies, ".bilibili.com", NAMES, stored)
    found.put(stored)
    return found


def test_a_cookie_of_another_host_or_path_takes_the_place_of_ours() -> None:
    mine = cookies(SESSDATA="old", sid="1", other="kept")
    mine.jar.set("SESSDATA", "new", domain="api.bilibili.com", path="/")
    mine.jar.set("sid", "2", domain=".bilibili.com", path="/x")
    mine.jar.set("other", "beside", domain="api.bilibili.com", path="/")
    mine.settle()
    assert sorted((c.name, c.value) for c in mine._all) == [
        ("SESSDATA", "new"),
        ("other", "beside"),
        ("other", "kept"),
        ("sid", "2"),
    ]
    assert mine.changed(NAMES.login) == {"SESSDATA": "new"}
    assert not mine.is_signed_out
    mine.jar.set("SESSDATA", "newer", domain="api.bilibili.com", path="/")
    mine.settle()
    assert mine.changed(NAMES.login) == {"SESSDATA": "newer"}


def test_a_cookie_that_is_put_again_is_no_change_but_lasts() -> None:
    mine = cookies(SESSDATA="me")
    before = mine.jar.changes()
    mine.put({"SESSDATA": "me"})
    assert mine.jar.changes() == before
    mine.jar.set("sid", "1", domain=".bilibili.com", path="/", expires=2**40)
    mine.jar.set("other", "1", domain="api.bilibili.com", path="/")
    mine.put({"sid": "1", "other": "1"})
    put = [c for c in mine._all if c.domain == ".bilibili.com"]
    assert {c.name: c.expires for c in put} == {"SESSDATA": None, "sid": None, "other": None}


@pytest.mark.parametrize("emptied", ["gone", "empty"])
def test_an_emptied_session_cookie_is_no_change(emptied: str) -> None:
    mine = cookies(SESSDATA="old", bili_jct="x")
    if emptied == "gone":
        mine.jar.clear(".bilibili.com", "/", "SESSDATA")
    else:
        mine.put({"SESSDATA": ""})
    assert mine.is_signed_out
    assert mine.changed(NAMES.login) == {}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_cookie_that_the_server_sets_replaces_the_stored_one(
    scripted: ScriptedPlatform, source_at: Callable[..., BilibiliSource], host: str
) -> None:
    source = source_at(scripted.url.replace("127.0.0.1", host))
    session = source.open_session(1, "me", "SESSDATA=old; sid=1", None)
    page = says_page(USER)
    scripted.on_search(Said(page.body, 200, (("Set-Cookie", "SESSDATA=new; Path=/"),)))
    source.search_creators(session, DOMAIN, 1, Via.USERS)
    source.search_creators(session, DOMAIN, 1, Via.USERS)
    asked = scripted.asked[-1]
    assert asked.headers["cookie"].count("SESSDATA=") == 1
    assert asked.cookies["SESSDATA"] == "new" and asked.cookies["sid"] == "1"


def test_a_session_is_written_as_it_is_read() -> None:
    text = "SESSDATA=a%2C1; bili_jct=x; mine=1"
    assert cookie_header(parse_cookies(text)) == text


def test_what_a_declared_platform_requires_is_its_session() -> None:
    form = SessionForm(kind="cookies", required_cookie="market_session")
    names = cookie_names(form, Credentials({}, {"market_session": "a", "csrf": "b"}, ()))
    assert (names.session, names.login) == ("market_session", {"market_session"})
    assert names.volatile == {"csrf"}


def test_cookies_that_cannot_be_read_claim_nothing() -> None:
    assert claimed_uid("nonsense") is None and device_id("nonsense") is None
    assert claimed_uid("SESSDATA=a; DedeUserID=42; buvid3=D") == "42"
    assert device_id("SESSDATA=a; buvid3=D") == "D"
