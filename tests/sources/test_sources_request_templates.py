"""A request that is prepared once says what one that is prepared anew would say."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sources.base import AccountSession
from sources.bilibili.source import BilibiliSource
from sources.transport.request_templates import MAX_TEMPLATES
from sources.transport.session import BoundedSession, HttpLimits, fetch
from tests.sources.conftest import DOMAIN, Visitor
from tests.support.sources.sources_servers import (
    SEARCH,
    Asked,
    Said,
    ScriptedPlatform,
    says_page,
)

Enter = Callable[..., Visitor]
LIMITS = HttpLimits(5.0)
QUERY = "keyword=%E7%BE%8E%E5%A6%86&q=a%20b%2Bc~%21&empty=&page=1"
HOUR_SECS = 3600


@pytest.fixture
def session(scripted: ScriptedPlatform, source_at: Callable[..., BilibiliSource]) -> AccountSession:
    scripted.on_search(says_page({"mid": 1, "uname": "甲"}))
    return source_at(scripted.url).open_session(1, "me", "SESSDATA=me; bili_jct=x", None)


@pytest.fixture
def ask(scripted: ScriptedPlatform, session: AccountSession) -> Callable[..., Asked]:
    """Sends a GET of a path with a query by the template, and returns what arrived."""

    def send(path: str = SEARCH, query: str = QUERY) -> Asked:
        fetch(session.http, "GET", scripted.url + path, LIMITS, query=query)
        return scripted.asked[-1]

    return send


def plainly(scripted: ScriptedPlatform, session: AccountSession, path: str = SEARCH) -> Asked:
    """Return what arrives of the same request when requests prepares it anew."""
    session.http.get(f"{scripted.url}{path}?{QUERY}", timeout=5)
    return scripted.asked[-1]


def test_the_wire_is_the_same_as_without_a_template(
    scripted: ScriptedPlatform, session: AccountSession, ask: Callable[..., Asked]
) -> None:
    first, second = ask(), ask()
    assert first == second == plainly(scripted, session)
    assert second.query == QUERY
    assert ask(query="q=%7e%7E").query.upper() == "Q=%7E%7E"  # requests itself would send ~~


def test_each_page_has_its_own_query(ask: Callable[..., Asked]) -> None:
    assert [ask(query=f"page={n}").query for n in (1, 2, 1)] == ["page=1", "page=2", "page=1"]


def test_a_cookie_belongs_to_its_path_only(
    scripted: ScriptedPlatform, session: AccountSession, ask: Callable[..., Asked]
) -> None:
    session.http.cookies.set("narrow", "1", domain="127.0.0.1", path="/x/narrow")
    assert "narrow" not in ask().cookies
    assert ask("/x/narrow/y").cookies["narrow"] == "1"
    assert "narrow" not in ask().cookies


@pytest.mark.parametrize("change", ["put", "answer", "clear", "clear all"])
def test_changed_cookies_are_sent(
    scripted: ScriptedPlatform,
    session: AccountSession,
    ask: Callable[..., Asked],
    change: str,
) -> None:
    assert ask().cookies["SESSDATA"] == "me"
    jar, cookies = session.http.cookies, session.cookies
    assert cookies is not None
    if change == "put":
        cookies.put({"SESSDATA": "new"})
    elif change == "answer":
        scripted.on(SEARCH, Said(b"{}", headers=(("Set-Cookie", "SESSDATA=new; Path=/"),)))
        ask()
    elif change == "clear":
        jar.clear(cookies.domain, "/", "SESSDATA")
    else:
        jar.clear()
    expected = {"put": "new", "answer": "new"}.get(change)
    assert ask().cookies.get("SESSDATA") == expected
    assert scripted.asked[-1] == plainly(scripted, session)


def test_an_expired_cookie_is_sent_no_more(
    session: AccountSession, ask: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    began = time.time()
    for name, secs in (("brief", HOUR_SECS), ("long", 3 * HOUR_SECS)):
        session.http.cookies.set(name, "1", domain="127.0.0.1", expires=int(began) + secs)
    assert {"brief", "long"} <= ask().cookies.keys()
    for hours, kept in ((2, {"long"}), (4, set())):
        monkeypatch.setattr(time, "time", lambda hours=hours: began + hours * HOUR_SECS)
        assert {"brief", "long"} & ask().cookies.keys() == kept


def test_a_changed_header_is_sent(session: AccountSession, ask: Callable[..., Asked]) -> None:
    ask()
    session.http.headers["User-Agent"] = "another browser"
    assert ask().headers["user-agent"] == "another browser"


@pytest.mark.parametrize("setting", ["auth", "params", "hooks"])
def test_what_a_session_adds_to_each_request_is_added(
    session: AccountSession, ask: Callable[..., Asked], setting: str
) -> None:
    ask()
    seen: list[int] = []
    added: dict[str, Any] = {
        "auth": ("user", "password"),
        "params": {"more": "1"},
        "hooks": {"response": [lambda response, **_: seen.append(response.status_code)]},
    }
    setattr(session.http, setting, added[setting])
    asked = ask()
    assert ("authorization" in asked.headers) is (setting == "auth")
    assert asked.query == QUERY + ("&more=1" if setting == "params" else "")
    assert seen == ([200] if setting == "hooks" else [])


def test_another_jar_is_looked_at(session: AccountSession, ask: Callable[..., Asked]) -> None:
    ask()
    session.http.cookies = requests.cookies.cookiejar_from_dict({"SESSDATA": "other"})
    assert ask().cookies == {"SESSDATA": "other"}


def test_the_templates_of_many_addresses_are_not_kept(
    session: AccountSession, ask: Callable[..., Asked]
) -> None:
    for n in range(MAX_TEMPLATES + 3):
        assert ask(f"/x/{n}").path == f"/x/{n}"
    assert isinstance(session.http, BoundedSession)
    assert len(session.http.templates) <= MAX_TEMPLATES


def test_a_search_sends_what_was_signed(scripted: ScriptedPlatform, enter: Enter) -> None:
    scripted.on_search(says_page({"mid": 1, "uname": "甲"}))
    visitor = enter(scripted.url)
    for page in (1, 2):
        visitor.search(page)
        asked = scripted.asked[-1]
        assert asked.params["page"] == str(page) and asked.params["keyword"] == DOMAIN
        assert "%E7%BE%8E%E5%A6%86" in asked.query
