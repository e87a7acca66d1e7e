"""What a declared platform is asked, and what its answers are taken for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core import errors
from core.attribution import Scope
from core.errors import (
    InvalidInputError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
)
from sources.declared.loading import load_platforms
from tests.support.messages import english, raises_saying
from tests.support.moving_clock import MovingClock
from tests.support.sources.declared_files import (
    BY_CURSOR,
    PLATFORM,
    Shopper,
    changed,
    shopper,
    written,
)
from tests.support.sources.sources_servers import RecordingProxy, Said
from tests.support.sources.stats_servers import ScriptedApi, scripted_api

PARAMS = 'params = { q = "{domain}", p = "{page}" }'
OK = Said(b'{"pages": 1, "people": [{"id": 1, "name": "a"}]}')
ODD_DOMAINS = ["美妆", "a b+c", "&=?#%", "😀", "../x", "{page}", '"', "a/b"]
Shop = Callable[..., Shopper]


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted_api() as started:
        started.on("/people", OK)
        yield started


@pytest.fixture
def shop(tmp_path: Path, clock: MovingClock, api: ScriptedApi) -> Shop:
    """`shop(text)`: an account at the platform that the file describes."""
    return lambda text=PLATFORM: shopper(tmp_path, clock, api.url, text)


def posting(body: str, text: str = PLATFORM) -> str:
    return changed(PARAMS, f'method = "POST"\njson = {{ {body} }}', text)


def with_means(*meanings: str) -> str:
    return PLATFORM + "".join(f"\n[[answers.means]]\n{meaning}\n" for meaning in meanings)


def error(visitor: Shopper) -> SourceError:
    with pytest.raises(SourceError) as caught:
        visitor.search()
    return caught.value


@pytest.mark.parametrize("domain", ODD_DOMAINS)
def test_any_domain_arrives_as_it_is(api: ScriptedApi, shop: Shop, domain: str) -> None:
    visitor = shop(changed('"{page}" }', '"p{page}", s = 7, b = true }'))
    visitor.search(3, domain)
    asked = {name: value.replace("+", " ") for name, value in api.asked[-1].params.items()}
    assert asked["q"] == domain.replace("+", " ")
    assert (asked["p"], asked["s"], asked["b"]) == ("p3", "7", "true")


@pytest.mark.parametrize("domain", ODD_DOMAINS)
def test_any_domain_arrives_in_a_path_and_in_a_body(
    api: ScriptedApi, shop: Shop, domain: str
) -> None:
    shop(
        posting('q = "{domain}", p = "{page}", deep = [{ t = "d:{domain}", n = "n{page}" }]')
    ).search(4, domain)
    assert api.bodies[-1] == {"q": domain, "p": 4, "deep": [{"t": f"d:{domain}", "n": "n4"}]}
    visitor = shop(changed(PARAMS, 'params = { p = "{page}" }').replace("/people", "/of/{domain}"))
    with pytest.raises(SourceError):
        visitor.search(1, domain)
    assert api.asked[-1].path.startswith("/of/")
    assert api.asked[-1].path.count("/") == 2


def test_a_cursor_keeps_its_type_in_a_body(api: ScriptedApi, shop: Shop) -> None:
    params = 'params = { q = "{domain}", c = "{cursor}" }'
    visitor = shop(changed(params, params.replace("params", 'method = "POST"\njson'), BY_CURSOR))
    page = {"people": [{"id": 1, "name": "a"}]}
    api.on("/people", Said(json.dumps({**page, "next": 2**62}).encode()), OK)
    visitor.search(1)
    visitor.search(2)
    assert api.bodies == [{"q": "d"}, {"q": "d", "c": 2**62}]


def test_headers_cookies_and_the_session_go_out(
    api: ScriptedApi, tmp_path: Path, clock: MovingClock
) -> None:
    text = PLATFORM + '\n[headers]\nUser-Agent = "Shopper/1"\n[cookies]\nlang = "zh"\n'
    shopper(tmp_path, clock, api.url, text).search()
    headers = api.asked[-1].headers
    assert headers["authorization"] == "Bearer token4711secret"
    assert headers["user-agent"] == "Shopper/1"
    assert headers["accept"] == "application/json"
    assert api.asked[-1].cookies == {"lang": "zh"}


def test_an_account_leaves_through_its_proxy_only(
    api: ScriptedApi,
    shop: Shop,
    proxies: Callable[[], RecordingProxy],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    visitor, proxy = shop(), proxies()
    session = visitor.source.open_session(2, "b", "another", proxy.url("me", "pass4711"))
    Shopper(visitor.source, session).search()
    visitor.search()
    assert proxy.paths() == ["/people"]
    dead = visitor.source.open_session(3, "c", "third1", "http://me:pass4711@127.0.0.1:1")
    refused = error(Shopper(visitor.source, dead))
    assert isinstance(refused, RetryableError)
    assert "pass4711" not in f"{refused!r} {refused.evidence!r}"


def test_redirects_are_not_followed(api: ScriptedApi, shop: Shop) -> None:
    api.on("/people", Said(b"{}", 302, (("Location", f"{api.url}/elsewhere"),)))
    assert type(error(shop())) is errors.LoginExpiredError
    assert api.times("/elsewhere") == 0


@pytest.mark.parametrize(
    ("status", "reaction"),
    [
        (301, "LoginExpired"),
        (400, "BadRequest"),
        (418, "BadRequest"),
        (401, "LoginExpired"),
        (403, "RiskControl"),
        (404, "NotFound"),
        (410, "NotFound"),
        (407, "Retryable"),
        (408, "Retryable"),
        (429, "Throttled"),
        (500, "Retryable"),
        (503, "Retryable"),
        (521, "Retryable"),
    ],
)
@pytest.mark.parametrize("body", [b"{}", b"<html>", b""])
def test_a_status_that_the_file_does_not_name_means_what_http_says(
    api: ScriptedApi, shop: Shop, status: int, reaction: str, body: bytes
) -> None:
    api.on("/people", Said(body, status))
    found = error(shop())
    assert type(found) is getattr(errors, f"{reaction}Error")
    assert not getattr(found, "damaged", False)
    assert found.evidence is not None
    assert found.evidence.http_status == status


@pytest.mark.parametrize(
    ("reaction", "expected"),
    [
        ("throttled", "Throttled"),
        ("risk", "RiskControl"),
        ("expired", "LoginExpired"),
        ("banned", "AccountBanned"),
        ("gone", "NotFound"),
        ("bad_request", "BadRequest"),
        ("retry", "Retryable"),
    ],
)
def test_the_files_rules_come_before_http(
    api: ScriptedApi, shop: Shop, reaction: str, expected: str
) -> None:
    visitor = shop(with_means(f'reaction = "{reaction}"\nwhen = "code == `7`"'))
    for status in (200, 404, 500):
        api.on("/people", Said(b'{"code": 7, "message": "well"}', status))
        found = error(visitor)
        assert type(found) is getattr(errors, f"{expected}Error")
        assert f"HTTP {status}), code 7: well" in english(found)
        assert found.evidence is not None
        assert found.evidence.code == 7


def test_the_first_rule_that_fits_is_taken(api: ScriptedApi, shop: Shop) -> None:
    visitor = shop(
        with_means(
            'reaction = "banned"\nstatus = [403, 404]\nwhen = "code == `1`"',
            'reaction = "gone"\nstatus = 403\nwhen = "contains(message, \'gone\')"',
            'reaction = "throttled"\nstatus = 403',
        )
    )
    said: dict[bytes, type[SourceError]] = {
        b'{"code": 1, "message": "gone"}': errors.AccountBannedError,
        b'{"code": 2, "message": "gone"}': errors.NotFoundError,
        b'{"code": 2, "message": null}': ThrottledError,  # contains() of null is no match, no crash
        b"<html>gone": ThrottledError,
    }
    for body, expected in said.items():
        api.on("/people", Said(body, 403))
        assert type(error(visitor)) is expected


def test_risk_may_be_that_of_the_whole_way_out(api: ScriptedApi, shop: Shop) -> None:
    api.on("/people", Said(b"{}", 412))
    found = error(shop(with_means('reaction = "risk"\nstatus = 412\nwhole_egress = true')))
    assert isinstance(found, RiskControlError)
    assert found.verdict is not None
    assert found.verdict.scope is Scope.EGRESS


@pytest.mark.parametrize(
    ("header", "secs"),
    [("7", 7.0), ("soon", None), ("-1", None), ("Fri, 31 Dec 9999 23:59:59 -0100", 86_400.0)],
)
def test_a_throttle_says_how_long(
    api: ScriptedApi, shop: Shop, header: str, secs: float | None
) -> None:
    api.on("/people", Said(b"{}", 429, (("Retry-After", header),)))
    found = error(shop())
    assert isinstance(found, ThrottledError)
    assert found.retry_after_secs == secs


def test_what_is_not_good_and_not_known_is_damaged(api: ScriptedApi, shop: Shop) -> None:
    visitor = shop(PLATFORM.replace('code = "code"', 'code = "code"\ngood = "code == `0`"'))
    api.on("/people", Said(b'{"code": "E7", "pages": 0, "people": []}'))
    found = error(visitor)
    assert isinstance(found, RetryableError)
    assert found.damaged
    assert "code E7" in english(found)


@pytest.mark.parametrize("uid", ["MS4wLjABAAAA_x-y", "007", "用户1", 7, 10**19])
def test_ids_of_any_platform_are_kept(api: ScriptedApi, shop: Shop, uid: Any) -> None:
    api.on("/people", Said(json.dumps({"pages": 1, "people": [{"id": uid, "name": "a"}]}).encode()))
    assert shop().search().creators[0].uid == str(uid)


def test_who_is_signed_in_may_be_a_condition(api: ScriptedApi, shop: Shop) -> None:
    visitor = shop(changed('path = "/me"', 'path = "/me"\nsigned_in = "in"\nuid = "u"'))
    for body, expected in ((b'{"in": 1, "u": 9223372036854775807}', True), (b'{"in": 0}', False)):
        api.on("/me", Said(body))
        status = visitor.source.check_session(visitor.session)
        assert status.signed_in is expected
        assert status.uid == ("9223372036854775807" if expected else None)
    api.on("/me", Said(b"", 401))
    assert not visitor.source.check_session(visitor.session).signed_in
    api.on("/me", Said(b"", 500))
    with pytest.raises(RetryableError):
        visitor.source.check_session(visitor.session)


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("cookies", "no cookie text", "cookies.txt"),
        ("cookies", "a=pass4711\x01", "no cookie sid.*characters"),
        ("cookies", "other=pass4711", "no cookie sid"),
        ("header", "pass4711\nX-Evil: 1", "characters"),
        ("header", "  ", "empty"),
    ],
)
def test_a_session_of_another_form_is_told_and_not_repeated(
    tmp_path: Path, kind: str, text: str, told: str
) -> None:
    form = 'kind = "header"\nheader = "Authorization"\nvalue = "Bearer {session}"'
    cookies = 'kind = "cookies"\nrequired_cookie = "sid"'
    written(tmp_path, changed(form, cookies) if kind == "cookies" else PLATFORM)
    platform = load_platforms(tmp_path, {})[-1]
    with raises_saying(InvalidInputError, told) as caught:
        platform.read_session(text)
    assert "pass4711" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "sid=s1; theme=dark",
        "Cookie: sid = s1; theme; theme=dark",
        '[{"name": "sid", "value": "s1"}, {"name": "theme", "value": "dark"}]',
        ".example.com\tTRUE\t/\tTRUE\t0\tsid\ts1\nwww.example.com\tTRUE\t/\tTRUE\t0\ttheme\tdark"
        "\n.other.org\tTRUE\t/\tTRUE\t0\tsid\tforeign",
        "curl 'https://www.example.com/x' -b 'sid=s1; theme=dark' -H 'user-agent: Mine/1'",
    ],
)
def test_a_declared_platform_takes_every_form_of_cookies(tmp_path: Path, text: str) -> None:
    form = 'kind = "header"\nheader = "Authorization"\nvalue = "Bearer {session}"'
    written(tmp_path, changed(form, 'kind = "cookies"\nrequired_cookie = "sid"'))
    platform = load_platforms(tmp_path, {"BATON_FAIR_BASE_URL": "https://api.example.com"})[-1]
    assert platform.read_session(text).text == "sid=s1; theme=dark"


def test_secrets_are_struck_out_in_every_spelling(
    api: ScriptedApi, tmp_path: Path, clock: MovingClock
) -> None:
    visitor = shopper(tmp_path, clock, api.url)
    spellings = {
        'to"ken4711/x': ['to"ken4711/x', 'to\\"ken4711/x', "to%22ken4711%2Fx"],
        "to%2Cken4711": ["to%2Cken4711", "to,ken4711", "to%252Cken4711"],
    }
    for token, spelt in spellings.items():
        session = visitor.source.open_session(1, "me", token, None)
        for spelling in spelt:
            assert "4711" not in session.redact(f"<{spelling}>")
