"""TikTok by TikHub over HTTP: ten a question, the missing ones singly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import BadRequestError, LoginExpiredError, SourceError, ThrottledError
from sources.base import Gone, Unavailable, VideoStats
from sources.tikhub.tiktok import MANY, ONE
from tests.support.sources.sources_servers import Asked, Said
from tests.support.sources.stats_servers import (
    PRICE,
    Client,
    Purse,
    ScriptedApi,
    api,
    at,
    enveloped,
    purse,
    refused,
)

__all__ = ["api", "at", "purse"]
COUNTS = {
    "play_count": 100,
    "digg_count": 5,
    "comment_count": 4,
    "share_count": 3,
    "collect_count": 2,
}
FULL = VideoStats(view=100, like=5, comment=4, share=3, favorite=2)


def several(count: int) -> list[str]:
    return [str(7400000000000000000 + number) for number in range(count)]


def entry(aweme_id: object, **counts: object) -> dict[str, Any]:
    return {"aweme_id": aweme_id, "statistics": counts or COUNTS}


def details(*entries: object) -> Said:
    return enveloped({"aweme_details": list(entries)})


def one(request: Asked) -> Said:
    return enveloped({"aweme_detail": entry(request.params["aweme_id"])})


@pytest.fixture
def client(api: ScriptedApi, at: Callable[..., Client]) -> Client:
    api.made[MANY] = lambda _: details(*(entry(aweme_id) for aweme_id in api.bodies[-1]))
    api.made[ONE] = one
    return at(api.url, "tiktok")


def test_one_video_is_asked_for_singly(api: ScriptedApi, client: Client, purse: Purse) -> None:
    (aweme_id,) = several(1)
    assert client.ask(aweme_id) == {aweme_id: FULL}
    assert [request.path for request in api.asked] == [ONE]
    assert purse.spent == [PRICE]


def test_ten_go_into_one_question_as_a_list_of_texts(
    api: ScriptedApi, client: Client, purse: Purse
) -> None:
    ids = several(21)
    assert client.ask(*ids) == dict.fromkeys(ids, FULL)
    assert api.bodies == [ids[:10], ids[10:20]]
    assert [request.path for request in api.asked] == [MANY, MANY, ONE]
    assert purse.spent == [PRICE] * 3
    assert client.source.batch == 10


def test_old_videos_without_collects_and_real_zeros(api: ScriptedApi, client: Client) -> None:
    first, second = several(2)
    api.made[MANY] = lambda _: details(
        entry(second, play_count=0, digg_count="7"), entry(int(first), play_count="12")
    )
    assert client.ask(first, second) == {
        first: VideoStats(view=12),
        second: VideoStats(view=0, like=7),
    }
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    "listed",
    [
        [],
        [None],
        [{}],
        [7],
        [entry(float(several(1)[0]))],
        [entry(None)],
        [{"aweme_id": several(1)[0]}],
        [{"aweme_id": several(1)[0], "statistics": {}}],
    ],
)
def test_the_missing_are_asked_for_singly(
    api: ScriptedApi, client: Client, listed: list[Any]
) -> None:
    first, second = several(2)
    api.made[MANY] = lambda _: details(entry(second), *listed)
    assert client.ask(first, second) == {first: FULL, second: FULL}
    assert [request.params for request in api.asked] == [{}, {"aweme_id": first}]


@pytest.mark.parametrize(
    ("answer", "gone"),
    [
        (enveloped({"aweme_detail": None, "filter_list": [{"reason": 8}]}), Gone.NOT_FOUND),
        (refused(404, "no such video"), Gone.NOT_FOUND),
        (enveloped({"aweme_details": []}), Gone.UNKNOWN),
    ],
)
def test_what_is_gone_says_so_and_the_others_are_answered(
    api: ScriptedApi, client: Client, answer: Said, gone: Gone
) -> None:
    first, second = several(2)
    api.made[MANY] = lambda _: details(entry(second))
    api.made[ONE] = lambda _: answer
    answers = client.ask(first, second)
    missing = answers[first]
    assert isinstance(missing, Unavailable)
    assert (missing.reason, missing.final) == (gone, gone is Gone.NOT_FOUND)
    assert answers[second] == FULL


def test_those_that_the_list_says_are_gone_are_not_asked_for_again(
    api: ScriptedApi, client: Client
) -> None:
    ids = several(4)
    filtered = [{"aweme_id": ids[1], "reason": 8}, {"aweme_id": ids[2], "reason": 77}, None]
    told = {"aweme_details": [entry(ids[0])], "filter_list": filtered}
    api.made[MANY] = lambda _: enveloped(told)
    answers = client.ask(*ids)
    gone = answers.pop(ids[1])
    assert isinstance(gone, Unavailable)
    assert (gone.reason, gone.final) == (Gone.NOT_FOUND, True)
    assert answers == dict.fromkeys((ids[0], ids[2], ids[3]), FULL)
    assert [request.params for request in api.asked[1:]] == [
        {"aweme_id": ids[2]},
        {"aweme_id": ids[3]},
    ]


@pytest.mark.parametrize("status", [400, 404])
def test_a_question_that_one_video_spoils_is_asked_singly(
    api: ScriptedApi, client: Client, status: int
) -> None:
    ids = several(3)
    api.made[MANY] = lambda _: refused(status, "wrong video")
    assert client.ask(*ids) == dict.fromkeys(ids, FULL)
    assert [request.path for request in api.asked] == [MANY, ONE, ONE, ONE]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (422, BadRequestError),
        (403, BadRequestError),
        (401, LoginExpiredError),
        (429, ThrottledError),
    ],
)
def test_a_question_that_is_refused_as_such_is_not_asked_singly(
    api: ScriptedApi, client: Client, status: int, error: type[SourceError]
) -> None:
    api.made[MANY] = lambda _: refused(status, "no")
    with pytest.raises(error):
        client.ask(*several(3))
    assert len(api.asked) == 1
