"""No secret in any error: neither in its text, nor its evidence, nor its repr."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable

import pytest

from core.errors import LoginExpiredError, SourceError
from sources.bilibili.source import BilibiliSource
from tests.sources.conftest import Visitor
from tests.support.sources.sources_servers import (
    RecordingProxy,
    Said,
    ScriptedPlatform,
    says,
    says_page,
)

SECRETS = {
    "SESSDATA": "sess4711secret%2Cx",
    "bili_jct": "csrf4711secret",
    "DedeUserID__ckMd5": "md5of4711secret",
    "sid": "sid4711secret",
    "buvid3": "device4711secret",
}
MARK = "4711secret"
COOKIES = "; ".join(f"{name}={value}" for name, value in SECRETS.items())
ECHOES = {
    "header": f"Cookie: {COOKIES}",
    "json": json.dumps({"headers": {"Cookie": COOKIES}}),
    "json by name": json.dumps({"cookies": SECRETS}),
    "json in json": json.dumps({"sent": json.dumps(SECRETS)}),
    "html": f"<pre>Cookie: {COOKIES}</pre>",
    "bare values": " ".join(SECRETS.values()),
}


@pytest.fixture
def visitor(scripted: ScriptedPlatform, enter: Callable[..., Visitor]) -> Visitor:
    return enter(scripted.url, cookies=COOKIES)


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize("status", [200, 400, 412, 500])
def test_an_answer_that_echoes_the_cookies_is_struck_out(
    scripted: ScriptedPlatform, visitor: Visitor, echo: str, status: int
) -> None:
    scripted.on_search(Said(echo.encode(), status))
    _assert_clean(_error(visitor))


@pytest.mark.parametrize("code", [-799, -352, -500, 4711])
def test_a_message_that_echoes_the_cookies_is_struck_out(
    scripted: ScriptedPlatform, visitor: Visitor, code: int
) -> None:
    scripted.on_search(says(code, message=f"bad Cookie: {COOKIES}"))
    _assert_clean(_error(visitor))


def test_a_shape_that_echoes_the_cookies_is_struck_out(
    scripted: ScriptedPlatform, visitor: Visitor
) -> None:
    scripted.on_search(says_page({"mid": None, "uname": COOKIES}))
    _assert_clean(_error(visitor))


def test_a_rejected_entry_that_echoes_the_cookies_is_struck_out(
    scripted: ScriptedPlatform, visitor: Visitor
) -> None:
    scripted.on_search(says_page({"mid": COOKIES, "x": COOKIES}, {"mid": 1, "uname": "a"}))
    page = visitor.search()
    assert MARK not in repr(page.rejected)


@pytest.mark.parametrize("kind", ["nobody there", "hangs up", "wrong credentials", "no proxy"])
def test_a_proxys_credentials_do_not_come_out(
    scripted: ScriptedPlatform,
    enter: Callable[..., Visitor],
    proxies: Callable[[], RecordingProxy],
    kind: str,
) -> None:
    addresses = {
        "nobody there": "127.0.0.1:1",
        "hangs up": scripted.url.removeprefix("http://"),
        "wrong credentials": scripted.url.removeprefix("http://"),
        "no proxy": "no-such-host.invalid:8080",
    }
    answer = Said(b"", drops=True) if kind == "hangs up" else Said(b"", 407)
    scripted.on("http://api.example/x/frontend/finger/spi", answer)
    proxy = f"http://user{MARK}:pass{MARK}@{addresses[kind]}"
    visitor = enter("http://api.example", proxy=proxy, cookies="SESSDATA=x")
    error = _error(visitor)
    _assert_clean(error)
    assert MARK not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("value", [f"{MARK}\r\nX-Evil: 1", f"{MARK}\u540d", f"{MARK}\ud83d"])
def test_a_cookie_that_cannot_be_sent_is_no_crash_and_not_repeated(
    scripted: ScriptedPlatform, enter: Callable[..., Visitor], value: str
) -> None:
    scripted.on_search(says_page({"mid": 1, "uname": "a"}))
    with pytest.raises(SourceError) as caught:
        enter(scripted.url, cookies=json.dumps({"SESSDATA": value})).search()
    _assert_clean(caught.value)


@pytest.mark.parametrize("cookies", [f"{MARK}", f"sid={MARK}", f'[{{"value": "{MARK}"}}]'])
def test_stored_cookies_of_no_use_are_not_repeated(
    source_at: Callable[..., BilibiliSource], cookies: str
) -> None:
    with pytest.raises(LoginExpiredError) as caught:
        source_at("http://127.0.0.1:1").open_session(1, "me", cookies, None)
    _assert_clean(caught.value)


def _error(visitor: Visitor) -> SourceError:
    with pytest.raises(SourceError) as caught:
        visitor.search()
    return caught.value


def _assert_clean(error: SourceError) -> None:
    for shown in (str(error), repr(error), repr(error.evidence)):
        assert MARK not in shown
