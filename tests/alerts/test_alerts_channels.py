"""Channels: what the setting may hold, what it may not show, and what a refusal looks like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.lark import NotifyLark
from apprise.plugins.wecombot import NotifyWeComBot

from alerts.channels import parse_channels
from core.errors import SettingsError
from presentation.i18n.alert_messages import AlertMessage
from tests.support.messages import english
from tests.support.notice_sink import NoticeSink
from tests.support.webhooks.raw_servers import raw_server

MESSAGE = AlertMessage("title", "body", is_bad=True)
DOCUMENTED = (
    "dingtalk://TOKEN",
    "dingtalk://SECRET@TOKEN",
    "feishu://TOKEN",
    "lark://TOKEN",
    "wecombot://BOTKEY",
    "mailto://user:password@example.com?to=someone@example.org",
    "mailtos://user:password@smtp.example.com:465?from=user@example.com&to=someone@example.org",
    "tgram://123456789:AAFabcdefghijklmnopqrstuvwxyz12345/12345",
    "json://127.0.0.1:8080/path",
)


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[NoticeSink]:
    """The robots' platforms are here."""
    server = NoticeSink()
    here = f"http://{server.address}"
    monkeypatch.setattr(NotifyDingTalk, "notify_url", here + "/robot?access_token={token}")
    monkeypatch.setattr(NotifyFeishu, "notify_url", here + "/hook/{token}")
    monkeypatch.setattr(NotifyLark, "notify_url", here + "/lark/")
    monkeypatch.setattr(NotifyWeComBot, "notify_url", here + "/send?key={key}")
    yield server
    server.close()


@pytest.mark.parametrize("separator", [" ", ",", ", ", "\n", " ; "])
def test_a_list_may_be_written_as_apprise_reads_it(separator: str) -> None:
    found = parse_channels(separator.join(DOCUMENTED) + " ")
    assert [channel.number for channel in found] == list(range(1, len(DOCUMENTED) + 1))
    kinds = [
        "DingTalk",
        "DingTalk",
        "Feishu",
        "Lark (Feishu)",
        "WeCom Bot",
        "E-Mail",
        "E-Mail",
        "Telegram",
        "JSON",
    ]
    assert [channel.kind for channel in found] == kinds
    assert len({channel.id for channel in found}) == len(DOCUMENTED)


@pytest.mark.parametrize(
    ("urls", "number"),
    [
        ("json://127.0.0.1 nope://geheim", 2),
        ("geheim json://127.0.0.1", 1),
        ("json://127.0.0.1, geheim, json://127.0.0.1", 1),
        ("dingtalk:// json://127.0.0.1", 1),
        ("json://127.0.0.1 json://127.0.0.1 tgram://geheim", 3),
    ],
)
def test_a_wrong_one_is_named_by_its_number_and_not_shown(urls: str, number: int) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_channels(urls)
    assert f"BATON_NOTIFY_URLS: number {number} in the list" in english(caught.value)
    assert "geheim" not in f"{caught.value} {english(caught.value)}"


def robot(url: str) -> Any:
    return parse_channels(url)[0]


@pytest.mark.parametrize(
    ("url", "path", "answer"),
    [
        ("dingtalk://abc", "/robot?access_token=abc", {"errcode": 0, "errmsg": "ok"}),
        ("feishu://abc", "/hook/abc", {"code": 0, "msg": "success", "data": {}}),
        ("feishu://abc", "/hook/abc", {"StatusCode": 0, "StatusMessage": "success"}),
        ("lark://abc", "/lark/abc", {"code": 0, "msg": "success"}),
        ("wecombot://abc", "/send?key=abc", {"errcode": 0, "errmsg": "ok"}),
    ],
)
def test_a_robot_gets_title_and_body_and_its_answer_is_read(
    sink: NoticeSink, url: str, path: str, answer: dict[str, Any]
) -> None:
    sink.answer = answer
    assert robot(url).send(MESSAGE) is None
    assert sink.paths == [path]
    [sent] = sink.got
    text = sent.get("text", sent.get("content"))
    assert "title\nbody" in text.values()


@pytest.mark.parametrize(
    ("url", "answer", "reason"),
    [
        (
            "dingtalk://abctoken",
            {"errcode": 310000, "errmsg": "keywords not in content, abctoken"},
            "refused with code 310000: keywords not in content, ***",
        ),
        (
            "feishu://abctoken",
            {"code": 19021, "msg": "sign match fail"},
            "refused with code 19021: sign match fail",
        ),
        (
            "wecombot://abctoken",
            {"errcode": 45009, "errmsg": "api freq out of limit"},
            "refused with code 45009: api freq out of limit",
        ),
        ("wecombot://abctoken", {}, "refused with code ?: "),
        ("wecombot://abctoken", ["a proxy"], "answered something that is no robot's answer"),
    ],
)
def test_a_robot_that_refuses_with_http_200_has_refused(
    sink: NoticeSink, url: str, answer: Any, reason: str
) -> None:
    sink.answer = answer
    assert english(robot(url).send(MESSAGE)) == reason


def test_a_robot_that_fails_says_how_and_not_where(sink: NoticeSink) -> None:
    sink.status = 502
    assert english(robot("feishu://abctoken").send(MESSAGE)) == "refused with HTTP 502"
    sink.close()
    assert english(robot("feishu://abctoken").send(MESSAGE)) == "could not be reached"


def test_a_signature_is_encoded_once(sink: NoticeSink) -> None:
    assert robot("dingtalk://geheim@abc").send(MESSAGE) is None
    asked = parse_qs(urlsplit(sink.paths[0]).query)
    assert asked["access_token"] == ["abc"] and int(asked["timestamp"][0]) > 0
    assert len(asked["sign"][0]) == 44 and asked["sign"][0].endswith("=")


def test_a_long_text_is_cut_to_what_a_robot_takes(sink: NoticeSink) -> None:
    assert robot("wecombot://abc").send(AlertMessage("标题", "长" * 3000, is_bad=False)) is None
    assert len(sink.got[0]["text"]["content"].encode()) <= 2048


@pytest.mark.parametrize(
    ("status", "reason"), [(200, None), (401, "refused with HTTP 401"), (500, "HTTP 500")]
)
def test_other_channels_say_how_they_failed(
    sink: NoticeSink, status: int, reason: str | None
) -> None:
    sink.status = status
    refusal = robot(sink.url).send(MESSAGE)
    assert refusal == reason if reason is None else reason in english(refusal)
    assert sink.got[0]["title"] == "title" and sink.got[0]["message"] == "body"


def test_channels_of_apprise_go_by_the_environments_proxy_unless_it_says_no_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bytes] = []

    def talk(connection: Any) -> None:
        asked.append(connection.recv(65536).partition(b"\r\n")[0])
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    [channel] = parse_channels("json://chat.example:8080/path")
    with raw_server(talk) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        assert channel.send(MESSAGE) is None
        monkeypatch.setenv("NO_PROXY", "chat.example")
        monkeypatch.setenv("no_proxy", "chat.example")
        assert channel.send(MESSAGE) is not None  # nobody knows that name
    assert asked == [b"POST http://chat.example:8080/path HTTP/1.1"]
