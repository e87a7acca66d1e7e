"""No key in any error, evidence, repr, traceback or log, whatever the answer repeats of it."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable

import pytest

from core.errors import LoginExpiredError, SourceError
from tests.support.messages import english
from tests.support.sources.sources_servers import RecordingProxy, Said, ScriptedPlatform
from tests.support.sources.stats_servers import KEY, Client, ScriptedApi, api, at, purse

__all__ = ["api", "at", "purse"]
MARK = "4711secret"
PLATFORMS = ["youtube", "douyin", "tiktok"]
PATHS = ("/videos", *(f"/api/v1/{name}/app/v3/fetch_one_video" for name in ("douyin", "tiktok")))
IDS = {"youtube": "dQw4w9WgXcQ", "douyin": "7448118827402972455", "tiktok": "7448118827402972455"}
HEADERS = {"Authorization": f"Bearer {KEY}", "X-Goog-Api-Key": KEY, "Host": "x"}
ECHOES = {
    "headers in detail": {"detail": {"code": 402, "message": "no", "headers": HEADERS}},
    "headers in message": {"detail": {"code": 402, "message": f"Authorization: Bearer {KEY}"}},
    "bare in message": {"detail": {"code": 402, "message": f"token {KEY} unknown"}},
    "of a 422": {"detail": [{"loc": ["header", KEY], "msg": f"{KEY} is wrong"}]},
    "detail is text": {"detail": f"no {KEY}"},
    "envelope": {"code": 402, "message": KEY, "params": HEADERS},
    "message": {"error": {"message": f"key <b>{KEY}</b>", "errors": [{"reason": KEY}]}},
    "in the data": {"code": 200, "data": {"aweme_detail": {"aweme_id": KEY}}, "items": [KEY]},
    "text in text": {"detail": {"message": json.dumps({"sent": json.dumps(HEADERS)})}},
}


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def answer_all(api: ScriptedApi, answer: Said) -> None:
    for path in PATHS:
        api.on(path, answer)


def failure(client: Client, platform: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        client.ask(IDS[platform])
    return caught.value


def assert_clean(error: SourceError) -> None:
    shown = "".join(traceback.format_exception(error))
    for text in (str(error), repr(error), repr(error.evidence), shown, repr(vars(error))):
        assert MARK not in text


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize("status", [200, 302, 400, 401, 402, 403, 404, 422, 429, 500])
def test_an_answer_that_echoes_the_key_is_struck_out(
    api: ScriptedApi,
    at: Callable[..., Client],
    caplog: pytest.LogCaptureFixture,
    platform: str,
    status: int,
    echo: object,
) -> None:
    caplog.set_level(logging.DEBUG)
    answer_all(api, Said(json.dumps(echo).encode(), status))
    client = at(api.url, platform)
    try:
        assert MARK not in repr(client.ask(IDS[platform]))
    except SourceError as error:
        assert_clean(error)
    assert len(api.asked) == 1
    assert KEY in "".join(api.asked[0].headers.values())
    assert MARK not in caplog.text
    assert MARK not in repr(client)


def test_a_key_that_tags_have_split_is_struck_out_of_the_message(
    api: ScriptedApi, at: Callable[..., Client]
) -> None:
    split = KEY.replace("key", "<i>key</i>")
    answer_all(api, Said(json.dumps({"error": {"message": f"no {split}"}}).encode(), 400))
    assert english(failure(at(api.url, "youtube"), "youtube")) == "HTTP 400: no ***"


@pytest.mark.parametrize("padding", range(3980, 4020, 4))
def test_a_key_at_the_cut_of_the_evidence_is_struck_out(
    api: ScriptedApi, at: Callable[..., Client], platform: str, padding: int
) -> None:
    answer_all(api, Said(("x" * padding + f" {KEY} " + KEY * 1000).encode(), 500))
    error = failure(at(api.url, platform), platform)
    assert error.evidence is not None
    assert "AIzaSy" not in error.evidence.body


def test_a_key_that_needs_quoting_is_struck_out_in_both_spellings(
    api: ScriptedApi, at: Callable[..., Client], platform: str
) -> None:
    key = f"a/b+{MARK}=="
    answer_all(api, Said(f"{key} a%2Fb%2B{MARK}%3D%3D".encode(), 500))
    error = failure(at(api.url, platform, key=key), platform)
    assert_clean(error)
    assert error.evidence is not None
    assert error.evidence.body == "*** ***"


@pytest.mark.parametrize("key", [f"{MARK}\r\nX-Evil: 1", f"{MARK} x", f"{MARK}名", f"{MARK}\x00"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_repeated(
    at: Callable[..., Client], platform: str, key: str
) -> None:
    with pytest.raises(LoginExpiredError) as caught:
        at("http://127.0.0.1:1", platform, key=key)
    assert_clean(caught.value)


@pytest.mark.parametrize("kind", ["nobody there", "hangs up", "wrong credentials", "no proxy"])
def test_a_proxys_credentials_do_not_come_out(
    scripted: ScriptedPlatform, at: Callable[..., Client], platform: str, kind: str
) -> None:
    addresses = {"nobody there": "127.0.0.1:1", "no proxy": "no-such-host.invalid:8080"}
    address = addresses.get(kind, scripted.url.removeprefix("http://"))
    answer = Said(b"", drops=True) if kind == "hangs up" else Said(b"", 407)
    for path in PATHS:
        scripted.on(f"http://api.example{path}", answer)
    proxy = f"http://user{MARK}:pass{MARK}@{address}"
    error = failure(at("http://api.example", platform, proxy=proxy), platform)
    assert_clean(error)


def test_each_account_leaves_through_its_own_proxy(
    api: ScriptedApi,
    at: Callable[..., Client],
    proxies: Callable[[], RecordingProxy],
    platform: str,
) -> None:
    answer_all(api, Said(b"", 400))
    proxy = proxies()
    client = at(api.url, platform, proxy=proxy.url("user", "word"))
    failure(client, platform)
    assert len(proxy.passed) == 1
