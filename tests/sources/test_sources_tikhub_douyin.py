"""Douyin by TikHub over HTTP: two questions for full numbers, and what is gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import (
    BadRequestError,
    PlatformQuotaError,
    RetryableError,
    SourceError,
    ThrottledError,
)
from sources.base import Gone, Unavailable, VideoStats
from sources.tikhub.douyin import FEW_PLAYS, KEPT_SECS, MANY_PLAYS, ONE
from tests.support.moving_clock import MovingClock
from tests.support.sources.sources_servers import Asked, Said
from tests.support.sources.stats_servers import (
    KEY,
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
ID = "7448118827402972455"
OTHER = "7448118827402972456"


def detail(aweme_id: object, **counts: object) -> Said:
    told = {"digg_count": 5, "comment_count": 4, "share_count": 3, "collect_count": 2} | counts
    return enveloped({"aweme_detail": {"aweme_id": aweme_id, "statistics": told}})


def filtered(reason: object) -> Said:
    return enveloped({"aweme_detail": None, "filter_list": [{"aweme_id": ID, "reason": reason}]})


def plays_of(request: Asked) -> Said:
    ids = request.params["aweme_ids"].split(",")
    entries = [{"aweme_id": one, "digg_count": 9, "play_count": int(one) % 1000} for one in ids]
    return enveloped({"statistics_list": entries})


def unavailable(answer: object) -> tuple[Gone, bool]:
    assert isinstance(answer, Unavailable)
    assert answer.detail
    return answer.reason, answer.final


def several(count: int) -> list[str]:
    return [str(7448118827402972000 + number) for number in range(count)]


@pytest.fixture
def client(api: ScriptedApi, at: Callable[..., Client]) -> Client:
    api.made[ONE] = lambda request: detail(request.params["aweme_id"], play_count=0)
    api.made[FEW_PLAYS] = api.made[MANY_PLAYS] = plays_of
    return at(api.url, "douyin")


def test_counters_come_from_one_question_and_plays_from_another(
    api: ScriptedApi, client: Client, purse: Purse
) -> None:
    assert client.ask(ID) == {ID: VideoStats(view=455, like=5, comment=4, share=3, favorite=2)}
    assert [request.path for request in api.asked] == [ONE, FEW_PLAYS]
    assert {request.headers["authorization"] for request in api.asked} == {f"Bearer {KEY}"}
    assert purse.spent == [PRICE, PRICE]


@pytest.mark.parametrize(
    ("count", "questions", "prices"),
    [(2, [2], [1]), (10, [2] * 5, [1] * 5), (11, [11], [25]), (51, [50, 1], [25, 25])],
)
def test_few_plays_are_asked_for_in_pairs_and_many_at_once(
    api: ScriptedApi,
    client: Client,
    purse: Purse,
    count: int,
    questions: list[int],
    prices: list[int],
) -> None:
    ids = several(count)
    answers = client.ask(*ids)
    assert {one: stats.view for one, stats in answers.items()} == {  # type: ignore[union-attr]
        one: int(one) % 1000 for one in ids
    }
    plays = [request for request in api.asked if request.path != ONE]
    assert [len(request.params["aweme_ids"].split(",")) for request in plays] == questions
    assert purse.spent == [PRICE] * count + [PRICE * price for price in prices]


def test_what_is_said_of_the_video_is_read(api: ScriptedApi, client: Client) -> None:
    author = {"uid": 7448118827402972457, "nickname": "甲"}
    entry = {"desc": "看😀", "author": author, "create_time": 1_700_000_000}
    told = {"aweme_id": ID, "statistics": {"digg_count": 1}, **entry}
    api.made[ONE] = lambda _: enveloped({"aweme_detail": told})
    stats = client.ask(ID)[ID]
    assert isinstance(stats, VideoStats)
    assert (stats.title, stats.author, stats.uid) == ("看😀", "甲", "7448118827402972457")
    assert stats.published_at == datetime.fromtimestamp(1_700_000_000, UTC)


@pytest.mark.parametrize("uid", [7.448118827402972e18, 12.0, True, None, []])
def test_an_authors_id_that_is_none_is_unknown(
    api: ScriptedApi, client: Client, uid: object
) -> None:
    entry = {"statistics": {"digg_count": 1}, "author": {"uid": uid}}
    api.made[ONE] = lambda _: enveloped({"aweme_detail": entry})
    stats = client.ask(ID)[ID]
    assert isinstance(stats, VideoStats)
    assert stats.uid is None


@pytest.mark.parametrize("created", [0, -1, 10**17, "soon", None, 1.5])
def test_a_moment_that_is_none_is_unknown(
    api: ScriptedApi, client: Client, created: object
) -> None:
    entry = {"statistics": {"digg_count": 1}, "create_time": created}
    api.made[ONE] = lambda _: enveloped({"aweme_detail": entry})
    stats = client.ask(ID)[ID]
    assert isinstance(stats, VideoStats)
    assert stats.published_at is None


@pytest.mark.parametrize(
    "plays",
    [
        [],
        [{"aweme_id": OTHER, "play_count": 7}],
        [None, 7, {}],
        [{"aweme_id": ID, "play_count": None}],
        [{"aweme_id": ID, "play_count": -1}],
        [{"aweme_id": float(ID), "play_count": 7}],
    ],
)
def test_plays_that_nobody_tells_are_unknown_and_never_zero(
    api: ScriptedApi, client: Client, plays: list[Any]
) -> None:
    api.made[FEW_PLAYS] = lambda _: enveloped({"statistics_list": plays})
    assert client.ask(ID) == {ID: VideoStats(view=None, like=5, comment=4, share=3, favorite=2)}


def test_plays_that_really_are_zero_stay_zero(api: ScriptedApi, client: Client) -> None:
    api.made[FEW_PLAYS] = lambda _: enveloped(
        {"statistics_list": [{"aweme_id": ID, "play_count": 0}]}
    )
    stats = client.ask(ID)[ID]
    assert isinstance(stats, VideoStats)
    assert stats.view == 0


def test_plays_refused_for_a_video_leave_the_rest(api: ScriptedApi, client: Client) -> None:
    api.made[FEW_PLAYS] = lambda _: refused(404, "not found")
    assert client.ask(ID) == {ID: VideoStats(view=None, like=5, comment=4, share=3, favorite=2)}


def test_long_ids_that_come_as_numbers_are_read_exactly(api: ScriptedApi, client: Client) -> None:
    api.made[ONE] = lambda _: detail(int(ID))
    api.made[FEW_PLAYS] = lambda _: enveloped(
        {
            "statistics_list": [
                {"aweme_id": int(OTHER), "play_count": 1},
                {"aweme_id": int(ID), "play_count": 2},
            ]
        }
    )
    stats = client.ask(ID)[ID]
    assert isinstance(stats, VideoStats)
    assert stats.view == 2


@pytest.mark.parametrize("aweme_id", [OTHER, int(OTHER), float(ID), True, None, {}])
def test_an_entry_of_another_id_is_not_taken(
    api: ScriptedApi, client: Client, aweme_id: object
) -> None:
    api.made[ONE] = lambda _: detail(aweme_id)
    with pytest.raises(RetryableError) as caught:
        client.ask(ID)
    assert caught.value.damaged


@pytest.mark.parametrize(
    ("reason", "gone"),
    [
        (8, (Gone.NOT_FOUND, True)),
        ("8", (Gone.NOT_FOUND, True)),
        (5, (Gone.HIDDEN, True)),
        (10, (Gone.HIDDEN, True)),
        (77, (Gone.UNKNOWN, False)),
        (None, (Gone.UNKNOWN, False)),
    ],
)
def test_what_is_gone_says_why_and_costs_no_second_question(
    api: ScriptedApi, client: Client, reason: object, gone: tuple[Gone, bool]
) -> None:
    api.made[ONE] = lambda _: filtered(reason)
    assert unavailable(client.ask(ID)[ID]) == gone
    assert api.paths() == ["fetch_one_video"]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"aweme_detail": None},
        {"aweme_detail": {}},
        {"aweme_detail": None, "filter_list": []},
        {"aweme_detail": None, "filter_list": "no"},
        {"aweme_detail": None, "filter_list": [7]},
    ],
)
def test_what_is_left_out_without_a_word_is_unknown(
    api: ScriptedApi, client: Client, data: object
) -> None:
    api.made[ONE] = lambda _: enveloped(data, extra=1)
    assert unavailable(client.ask(ID)[ID]) == (Gone.UNKNOWN, False)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "no",
        7,
        {"aweme_detail": {"aweme_id": ID}},
        {"aweme_detail": {"aweme_id": ID, "statistics": {}}},
        {"aweme_detail": {"aweme_id": ID, "statistics": 7}},
    ],
)
def test_a_damaged_answer_is_tried_again(api: ScriptedApi, client: Client, data: object) -> None:
    api.made[ONE] = lambda _: enveloped(data)
    with pytest.raises(RetryableError) as caught:
        client.ask(ID)
    assert caught.value.damaged
    assert caught.value.evidence is not None


def test_plays_without_their_list_are_tried_again(api: ScriptedApi, client: Client) -> None:
    api.made[FEW_PLAYS] = lambda _: enveloped({"aweme_ids": ID})
    with pytest.raises(RetryableError) as caught:
        client.ask(ID)
    assert caught.value.damaged


@pytest.mark.parametrize(
    "wrong", ["", "abc", "7.44811882740297e18", "-1", f"{ID}9", ID[:18], "٣" * 19, "0"]
)
def test_what_is_no_id_is_not_asked_for(api: ScriptedApi, client: Client, wrong: str) -> None:
    answers = client.ask(wrong, ID)
    assert unavailable(answers[wrong]) == (Gone.BAD_ID, True)
    assert isinstance(answers[ID], VideoStats)
    assert all(set(request.params.values()) == {ID} for request in api.asked)


@pytest.mark.parametrize(
    ("answer", "gone"),
    [
        (refused(404, "no such video"), (Gone.NOT_FOUND, True)),
        (refused(400, "请求失败，请重试"), (Gone.UNKNOWN, False)),
        (refused(422, "no"), (Gone.UNKNOWN, False)),
        (refused(500, "no"), (Gone.UNKNOWN, False)),
        (Said(b"{}"), (Gone.UNKNOWN, False)),
    ],
)
def test_one_that_fails_does_not_spoil_the_others(
    api: ScriptedApi, client: Client, answer: Said, gone: tuple[Gone, bool]
) -> None:
    api.made[ONE] = lambda request: (
        answer if request.params["aweme_id"] == OTHER else detail(request.params["aweme_id"])
    )
    answers = client.ask(OTHER, ID)
    assert unavailable(answers[OTHER]) == gone
    assert isinstance(answers[ID], VideoStats)


@pytest.mark.parametrize(
    ("answer", "error"),
    [(refused(400, "no"), BadRequestError), (refused(503, "no"), RetryableError)],
)
def test_when_all_fail_the_failure_is_raised(
    api: ScriptedApi, client: Client, answer: Said, error: type[SourceError]
) -> None:
    api.made[ONE] = lambda _: answer
    with pytest.raises(error):
        client.ask(ID, OTHER)


def test_a_platform_that_is_down_is_not_asked_for_all(api: ScriptedApi, client: Client) -> None:
    api.made[ONE] = lambda _: refused(503, "no")
    with pytest.raises(RetryableError):
        client.ask(*several(20))
    assert len(api.asked) == 3


def test_failures_between_answers_do_not_stop_the_questions(
    api: ScriptedApi, client: Client
) -> None:
    ids = several(9)
    api.made[ONE] = lambda request: (
        refused(503, "no")
        if request.params["aweme_id"] in ids[::2]
        else detail(request.params["aweme_id"])
    )
    answers = client.ask(*ids)
    assert api.paths().count("fetch_one_video") == 9
    assert [isinstance(answers[one], VideoStats) for one in ids] == [False, True] * 4 + [False]


def test_what_was_answered_before_it_went_down_is_kept(api: ScriptedApi, client: Client) -> None:
    ids = several(20)
    api.made[ONE] = lambda request: (
        detail(request.params["aweme_id"])
        if request.params["aweme_id"] in ids[:4]
        else refused(503, "no")
    )
    answers = client.ask(*ids)
    assert list(answers) == ids
    assert all(isinstance(answers[one], VideoStats) for one in ids[:4])
    assert {unavailable(answers[one]) for one in ids[4:]} == {(Gone.UNKNOWN, False)}
    assert api.paths().count("fetch_one_video") == 7


@pytest.mark.parametrize(
    ("answer", "error"),
    [(refused(429, "slow"), ThrottledError), (refused(402, "broke"), PlatformQuotaError)],
)
def test_what_was_paid_for_before_a_refusal_is_not_paid_for_again(
    api: ScriptedApi, client: Client, answer: Said, error: type[SourceError]
) -> None:
    ids = several(5)
    wall = [answer]
    api.made[ONE] = lambda request: (
        wall.pop()
        if request.params["aweme_id"] == ids[3] and wall
        else detail(request.params["aweme_id"])
    )
    with pytest.raises(error):
        client.ask(*ids)
    assert len(client.ask(*ids)) == 5
    asked = [request.params["aweme_id"] for request in api.asked if request.path == ONE]
    assert asked == [*ids[:4], *ids[3:]]


def test_a_refusal_of_the_plays_keeps_the_counters_for_a_while(
    api: ScriptedApi, client: Client, clock: MovingClock
) -> None:
    slow = [True, True]
    api.made[FEW_PLAYS] = lambda request: (
        refused(429, "slow") if slow and slow.pop() else plays_of(request)
    )
    for _ in range(2):
        with pytest.raises(ThrottledError):
            client.ask(ID)
    assert api.paths().count("fetch_one_video") == 1
    clock.move(KEPT_SECS + 1)
    assert isinstance(client.ask(ID)[ID], VideoStats)
    assert api.paths().count("fetch_one_video") == 2


def test_a_call_that_went_well_is_asked_anew_next_time(api: ScriptedApi, client: Client) -> None:
    client.ask(ID)
    client.ask(ID)
    assert api.paths().count("fetch_one_video") == 2


def test_nothing_is_asked_when_the_budget_is_spent(
    api: ScriptedApi, client: Client, purse: Purse
) -> None:
    purse.room = 2 * PRICE
    with pytest.raises(PlatformQuotaError):
        client.ask(*several(3))
    assert api.paths() == ["fetch_one_video"] * 2
    purse.room = 100 * PRICE
    assert len(client.ask(*several(3))) == 3
    assert api.paths().count("fetch_one_video") == 3
