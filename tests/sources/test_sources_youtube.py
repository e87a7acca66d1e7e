"""YouTube's statistics over HTTP: what is asked, what is read, and what is not believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import LoginExpiredError, PlatformQuotaError, RetryableError, SourceError
from sources.base import Gone, Unavailable, VideoStats
from tests.support.messages import raises_saying
from tests.support.sources.sources_servers import Asked, Said
from tests.support.sources.stats_servers import (
    KEY,
    Client,
    Purse,
    ScriptedApi,
    api,
    at,
    purse,
    said,
    youtube_error,
)

__all__ = ["api", "at", "purse"]
VIDEOS = "/videos"
ONE, TWO = "dQw4w9WgXcQ", "jNQXAC9IVRw"
COUNTS = {"viewCount": "9007199254740993", "likeCount": "7", "commentCount": "3"}


@pytest.fixture
def client(api: ScriptedApi, at: Callable[..., Client]) -> Client:
    return at(api.url, "youtube")


def item(video_id: str, **statistics: Any) -> dict[str, Any]:
    return {"kind": "youtube#video", "id": video_id, "statistics": statistics}


def items(*listed: Any) -> Said:
    return said({"kind": "youtube#videoListResponse", "items": list(listed)})


def echo(request: Asked) -> Said:
    return items(*(item(one, **COUNTS) for one in request.params["id"].split(",")))


def test_counters_that_are_text_become_numbers(api: ScriptedApi, client: Client) -> None:
    api.on(VIDEOS, items(item(ONE, **COUNTS)))
    assert client.ask(ONE) == {ONE: VideoStats(view=9007199254740993, like=7, comment=3)}
    request = api.asked[0]
    assert request.params == {"id": ONE, "part": "snippet,statistics"}
    assert request.headers["x-goog-api-key"] == KEY


def test_what_is_said_of_the_video_is_read(api: ScriptedApi, client: Client) -> None:
    snippet = {
        "title": "看 <b>",
        "channelTitle": "somebody",
        "channelId": "UC1",
        "publishedAt": "2009-10-25T06:57:33Z",
    }
    api.on(VIDEOS, items({**item(ONE, **COUNTS), "snippet": snippet}))
    stats = client.ask(ONE)[ONE]
    assert isinstance(stats, VideoStats)
    assert (stats.title, stats.author, stats.uid) == ("看 <b>", "somebody", "UC1")
    assert stats.published_at == datetime(2009, 10, 25, 6, 57, 33, tzinfo=UTC)


@pytest.mark.parametrize("when", ["yesterday", 7, None, "2009-10-25", "0001-01-01T00:00:00+14:00"])
def test_a_moment_that_is_none_is_unknown(api: ScriptedApi, client: Client, when: object) -> None:
    api.on(VIDEOS, items({**item(ONE, **COUNTS), "snippet": {"publishedAt": when}}))
    stats = client.ask(ONE)[ONE]
    assert isinstance(stats, VideoStats)
    assert stats.published_at is None


@pytest.mark.parametrize(
    "value", ["", "-1", "1.5", "12万", "٣", "1e5", -1, 1.0, True, None, [], {}]
)
def test_a_counter_that_is_none_is_unknown_and_never_zero(
    api: ScriptedApi, client: Client, value: object
) -> None:
    api.on(VIDEOS, items(item(ONE, viewCount=value, likeCount="0")))
    assert client.ask(ONE) == {ONE: VideoStats(view=None, like=0)}


def test_hidden_counters_are_unknown(api: ScriptedApi, client: Client) -> None:
    api.on(VIDEOS, items(item(ONE, viewCount="5", favoriteCount="0")))
    assert client.ask(ONE) == {ONE: VideoStats(view=5)}


def test_answers_are_matched_by_id_and_the_missing_are_told(
    api: ScriptedApi, client: Client
) -> None:
    api.on(VIDEOS, items(item(TWO, viewCount="2"), item("someoneElse", viewCount="9")))
    answers = client.ask(ONE, TWO)
    assert list(answers) == [ONE, TWO]
    assert answers[TWO] == VideoStats(view=2)
    gone = answers[ONE]
    assert isinstance(gone, Unavailable)
    assert (gone.reason, gone.final) == (Gone.UNKNOWN, True)


def test_nothing_there_is_an_answer(api: ScriptedApi, client: Client) -> None:
    api.on(VIDEOS, items())
    assert isinstance(client.ask(ONE)[ONE], Unavailable)


def test_case_of_an_id_counts(api: ScriptedApi, client: Client) -> None:
    api.made[VIDEOS] = echo
    assert set(client.ask(ONE, ONE.lower())) == {ONE, ONE.lower()}
    assert api.asked[0].params["id"] == f"{ONE},{ONE.lower()}"


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (50, [50]), (101, [50, 50, 1])])
def test_fifty_ids_go_into_one_request_of_one_unit(
    api: ScriptedApi, client: Client, purse: Purse, count: int, sizes: list[int]
) -> None:
    api.made[VIDEOS] = echo
    ids = [f"video{number:06}" for number in range(count)]
    assert client.ask(*ids) == dict.fromkeys(
        ids, VideoStats(view=9007199254740993, like=7, comment=3)
    )
    assert [len(request.params["id"].split(",")) for request in api.asked] == sizes
    assert purse.spent == [1] * len(sizes)
    assert client.source.batch == 50


def test_an_id_given_twice_is_asked_for_once(api: ScriptedApi, client: Client) -> None:
    api.made[VIDEOS] = echo
    assert list(client.ask(ONE, ONE)) == [ONE]
    assert api.asked[0].params["id"] == ONE


@pytest.mark.parametrize(
    "wrong", ["", "short", "twelve_chars", "a,b,c,d,e,f", "dQw4w9WgXc\n", "é" * 11]
)
def test_what_is_no_id_is_not_asked_for(
    api: ScriptedApi, client: Client, purse: Purse, wrong: str
) -> None:
    gone = client.ask(wrong)[wrong]
    assert isinstance(gone, Unavailable)
    assert (gone.reason, gone.final) == (Gone.BAD_ID, True)
    assert (api.asked, purse.spent) == ([], [])


def test_an_item_without_statistics_is_not_final(api: ScriptedApi, client: Client) -> None:
    api.on(VIDEOS, items({"id": ONE}, item(TWO, viewCount="2")))
    gone = client.ask(ONE, TWO)[ONE]
    assert isinstance(gone, Unavailable)
    assert (gone.reason, gone.final) == (Gone.UNKNOWN, False)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"items": null}',
        b'{"items": {}}',
        b"<html>",
        b'{"items": [',
        b'{"items": [null]}',
        b'{"items": [{"id": "dQw4w9WgXcQ"}]}',
        b'{"items": [{"id": 5.0}]}',
        b"\xff",
        b"[" * 100_000,
        b'{"items": ' + b"9" * 5000 + b"}",
    ],
    ids=range(14),
)
def test_a_damaged_answer_is_tried_again_and_kept(
    api: ScriptedApi, client: Client, body: bytes
) -> None:
    api.on(VIDEOS, Said(body))
    with pytest.raises(RetryableError) as caught:
        client.ask(ONE)
    assert caught.value.damaged
    assert caught.value.evidence is not None
    assert caught.value.evidence.http_status == 200


def test_text_that_no_database_takes_is_cleaned(api: ScriptedApi, client: Client) -> None:
    api.on(VIDEOS, items({**item(ONE, **COUNTS), "snippet": {"title": "a\x00b\ud83d"}}))
    stats = client.ask(ONE)[ONE]
    assert isinstance(stats, VideoStats)
    assert stats.title == "a\ufffdb\ufffd"


def test_nothing_is_asked_when_the_budget_is_spent(
    api: ScriptedApi, client: Client, purse: Purse
) -> None:
    api.made[VIDEOS] = echo
    purse.room = 1
    with pytest.raises(PlatformQuotaError):
        client.ask(*(f"video{number:06}" for number in range(60)))
    assert len(api.asked) == 1


@pytest.mark.parametrize("key", [None, "", "  \n"])
def test_without_a_key_the_setting_is_named(at: Callable[..., Client], key: str | None) -> None:
    with raises_saying(LoginExpiredError, "BATON_YOUTUBE_API_KEY"):
        at("http://127.0.0.1:1", "youtube", key=key)


def test_a_key_with_a_line_break_around_it_is_taken(
    api: ScriptedApi, at: Callable[..., Client]
) -> None:
    api.made[VIDEOS] = echo
    at(api.url, "youtube", key=f" {KEY}\n").ask(ONE)
    assert api.asked[0].headers["x-goog-api-key"] == KEY


def test_a_check_costs_a_unit_and_tells_whether_the_key_is_taken(
    api: ScriptedApi, client: Client, purse: Purse
) -> None:
    api.on(VIDEOS, items(), youtube_error(400, "keyInvalid"), youtube_error(500, "backendError"))
    assert client.source.check_session(client.session).signed_in
    assert not client.source.check_session(client.session).signed_in
    with pytest.raises(SourceError):
        client.source.check_session(client.session)
    assert purse.spent == [1, 1, 1]


def test_the_environments_proxies_are_not_used(
    api: ScriptedApi, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    api.made[VIDEOS] = echo
    assert json.dumps(list(client.ask(ONE)))
