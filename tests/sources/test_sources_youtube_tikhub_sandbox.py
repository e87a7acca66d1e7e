"""YouTube, Douyin and TikTok at the sandbox: its truth, its faults, its quotas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import (
    BadRequestError,
    LoginExpiredError,
    PlatformQuotaError,
    RetryableError,
    SourceError,
    ThrottledError,
)
from sandbox import RateLimit, tikhub_faults, youtube_faults
from sources.base import Gone, StatsAnswer, Unavailable, VideoStats
from tests.sources.conftest import World
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control
from tests.support.sources.stats_servers import PRICE, Client, Purse, api, at, purse

__all__ = ["api", "at", "purse"]
PLATFORMS = ["youtube", "douyin", "tiktok"]
COUNTERS = ("view", "danmaku", "comment", "like", "coin", "favorite", "share")
REASONS = {"gone": Gone.NOT_FOUND, "owner_only": Gone.HIDDEN, "hidden": Gone.HIDDEN}
ROOMY = RateLimit(100_000, 1)
Start = Callable[..., World]
At = Callable[..., Client]
DUE: dict[str, tuple[str, type[SourceError] | None]] = {
    "youtube_quota": ("youtube", PlatformQuotaError),
    "youtube_forbidden": ("youtube", BadRequestError),
    "youtube_key_invalid": ("youtube", LoginExpiredError),
    "youtube_bad_request": ("youtube", BadRequestError),
    "youtube_unknown_part": ("youtube", BadRequestError),
    "youtube_429": ("youtube", ThrottledError),
    "youtube_backend": ("youtube", RetryableError),
    "tikhub_400": ("douyin", RetryableError),
    "tikhub_401": ("douyin", LoginExpiredError),
    "tikhub_402": ("douyin", PlatformQuotaError),
    "tikhub_403": ("douyin", BadRequestError),
    "tikhub_422": ("douyin", BadRequestError),
    "tikhub_429": ("tiktok", ThrottledError),
    "tikhub_500": ("tiktok", RetryableError),
    "tikhub_503": ("tiktok", RetryableError),
    "tikhub_null_data": ("tiktok", RetryableError),
    "tikhub_no_statistics": ("tiktok", RetryableError),
    "tikhub_other_video": ("douyin", RetryableError),
    "drop": ("youtube", RetryableError),
    "truncated_body": ("tiktok", RetryableError),
    "truncated_json": ("youtube", RetryableError),
    "html_200": ("douyin", RetryableError),
    "empty_body": ("tiktok", RetryableError),
    "http_502": ("youtube", RetryableError),
}
ANSWERED = {  # kinds that spoil no more than one video, and have tests of their own
    *("youtube_drop", "youtube_numbers", "youtube_words", "youtube_no_statistics"),
    *("tikhub_404", "tikhub_empty_data", "tikhub_id_as_number"),
}


@pytest.fixture
def place(world: Start) -> World:
    return world(youtube_rate=ROOMY, tikhub_rate=ROOMY)


def come(at: At, place: World, platform: str, key: str = "a-good-key") -> Client:
    url = f"{place.url}/youtube/v3" if platform == "youtube" else place.url
    return at(url, platform, key=key)


def videos(place: World, platform: str, count: int, **params: str) -> list[dict[str, Any]]:
    """The sandbox's truth."""
    return control.videos(place.url, platform, count, **params)


def one_visible(place: World, platform: str) -> str:
    return str(videos(place, platform, 1, state="visible")[0]["id"])


def counters(answer: StatsAnswer) -> dict[str, int | None]:
    assert isinstance(answer, VideoStats), answer
    return {name: getattr(answer, name) for name in COUNTERS}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_video_is_answered_with_the_truth(place: World, at: At, platform: str) -> None:
    truth = videos(place, platform, 120)
    answers = come(at, place, platform).ask(*(video["id"] for video in truth))
    assert list(answers) == [video["id"] for video in truth]
    states = set()
    for video in truth:
        answer = answers[video["id"]]
        states.add(video["state"])
        if video["state"] != "visible":
            assert isinstance(answer, Unavailable)
            expected = Gone.UNKNOWN if platform == "youtube" else REASONS[video["state"]]
            assert (answer.reason, answer.final) == (expected, True)
            continue
        assert counters(answer) == {name: video["counters"].get(name) for name in COUNTERS}
        assert isinstance(answer, VideoStats)
        assert (answer.title, answer.author) == (video["title"], video["author"])
        assert answer.uid == video["uid"]
        assert answer.published_at == datetime.fromtimestamp(video["published_at"], UTC)
    assert states == {"visible", "gone", "owner_only", "hidden"}
    assert any(video["hides"] for video in truth) or platform == "douyin"


def test_what_was_spent_is_what_the_platform_counts(place: World, at: At, purse: Purse) -> None:
    ids = [video["id"] for video in videos(place, "youtube", 120)]
    come(at, place, "youtube").ask(*ids)
    assert place.stats()["youtube_units"] == sum(purse.spent) == 3
    assert place.stats()["requests"]["youtube"] == {"/youtube/v3/videos": 3}


@pytest.mark.parametrize("platform", ["douyin", "tiktok"])
def test_answers_that_are_charged_are_all_counted(
    place: World, at: At, purse: Purse, platform: str
) -> None:
    ids = [video["id"] for video in videos(place, platform, 30)]
    come(at, place, platform).ask(*ids)
    assert place.stats()["tikhub_charged"] == len(purse.spent)
    assert set(purse.spent) <= {PRICE, 25 * PRICE}


@pytest.mark.parametrize(("kind", "due"), DUE.items())
def test_a_fault_becomes_its_error_and_the_next_question_is_answered(
    place: World, at: At, kind: str, due: tuple[str, type[SourceError] | None]
) -> None:
    platform, error = due
    client = come(at, place, platform)
    video_id = one_visible(place, platform)
    place.order({"kind": kind})
    assert error is not None
    with pytest.raises(SourceError) as caught:
        client.ask(video_id)
    assert type(caught.value) is error
    assert isinstance(client.ask(video_id)[video_id], VideoStats)
    assert place.stats()["faults"] == {kind: 1}


def test_every_kind_of_fault_is_tested() -> None:
    assert {*youtube_faults.KINDS, *tikhub_faults.KINDS} <= {*DUE, *ANSWERED}


def test_a_spoilt_item_of_youtube_spoils_no_other(place: World, at: At) -> None:
    client = come(at, place, "youtube")
    truth = {video["id"]: video for video in videos(place, "youtube", 20, state="visible")}
    spoilt = next(iter(truth))
    for kind in ("youtube_drop", "youtube_numbers", "youtube_words", "youtube_no_statistics"):
        place.order({"kind": kind, "video": spoilt})
        answers = client.ask(*truth)
        for video_id, video in truth.items():
            if video_id != spoilt:
                assert counters(answers[video_id])["view"] == video["counters"]["view"]
        told = answers[spoilt]
        if kind in ("youtube_drop", "youtube_no_statistics"):
            assert isinstance(told, Unavailable)
            assert told.final is (kind == "youtube_drop")
        else:
            view = None if kind == "youtube_words" else truth[spoilt]["counters"]["view"]
            assert counters(told)["view"] == view


@pytest.mark.parametrize(
    ("kind", "gone"),
    [("tikhub_404", Gone.NOT_FOUND), ("tikhub_empty_data", Gone.UNKNOWN)],
)
@pytest.mark.parametrize("platform", ["douyin", "tiktok"])
def test_a_video_that_is_refused_is_unavailable(
    place: World, at: At, platform: str, kind: str, gone: Gone
) -> None:
    client = come(at, place, platform)
    video_id = one_visible(place, platform)
    place.order({"kind": kind})
    answer = client.ask(video_id)[video_id]
    assert isinstance(answer, Unavailable)
    assert (answer.reason, answer.final) == (gone, gone is Gone.NOT_FOUND)


@pytest.mark.parametrize("platform", ["douyin", "tiktok"])
def test_ids_that_come_as_numbers_are_read_exactly(place: World, at: At, platform: str) -> None:
    truth = videos(place, platform, 3, state="visible")
    place.order({"kind": "tikhub_id_as_number", "times": 9})
    answers = come(at, place, platform).ask(*(video["id"] for video in truth))
    for video in truth:
        assert counters(answers[video["id"]])["view"] == video["counters"]["view"]


@pytest.mark.parametrize(
    "fault", ["tikhub_400", "tikhub_500", "tikhub_null_data", "truncated_json", "html_200"]
)
def test_a_bad_moment_of_one_video_leaves_the_others(place: World, at: At, fault: str) -> None:
    truth = videos(place, "douyin", 5, state="visible")
    one = "/api/v1/douyin/app/v3/fetch_one_video"
    place.order({"kind": fault, "endpoint": one, "video": truth[2]["id"]})
    answers = come(at, place, "douyin").ask(*(video["id"] for video in truth))
    spoilt = answers.pop(truth[2]["id"])
    assert isinstance(spoilt, Unavailable)
    assert (spoilt.reason, spoilt.final) == (Gone.UNKNOWN, False)
    assert all(isinstance(answer, VideoStats) for answer in answers.values())


def test_a_spent_day_of_youtube_ends_at_its_reset(world: Start, at: At, clock: MovingClock) -> None:
    place = world(youtube_rate=ROOMY, youtube_units=2)
    client = come(at, place, "youtube")
    ids = [video["id"] for video in videos(place, "youtube", 120)]
    with pytest.raises(PlatformQuotaError) as caught:
        client.ask(*ids)
    clock.move_to(caught.value.resets_at - timedelta(seconds=1))
    with pytest.raises(PlatformQuotaError):
        client.ask(ids[0])
    clock.move_to(caught.value.resets_at)
    assert len(client.ask(ids[0])) == 1


@pytest.mark.parametrize(("platform", "sure"), [("youtube", 120), ("tiktok", 30), ("douyin", 9)])
def test_too_many_requests_are_a_throttle(world: Start, at: At, platform: str, sure: int) -> None:
    place = world(youtube_rate=RateLimit(2, 1.0), tikhub_rate=RateLimit(2, 1.0))
    ids = [video["id"] for video in videos(place, platform, sure, state="visible")]
    with pytest.raises(ThrottledError) as caught:
        come(at, place, platform).ask(*ids)
    assert caught.value.retry_after_secs == (None if platform == "youtube" else 1)


def test_douyin_goes_on_after_each_throttle_and_pays_once(
    world: Start, at: At, clock: MovingClock
) -> None:
    place = world(tikhub_rate=RateLimit(2, 1.0))
    client = come(at, place, "douyin")
    ids = [video["id"] for video in videos(place, "douyin", 6, state="visible")]
    for _ in range(3):  # twice at the counters, once at the play counts
        with pytest.raises(ThrottledError):
            client.ask(*ids)
        clock.move(1.1)
    answers = client.ask(*ids)
    assert all(counters(answers[one])["view"] is not None for one in ids)
    assert place.stats()["tikhub_charged"] == 6 + 3


@pytest.mark.parametrize(
    ("platform", "key", "error"),
    [
        ("youtube", "bad-key", LoginExpiredError),
        ("douyin", "bad-key", LoginExpiredError),
        ("tiktok", "poor-4711secret", PlatformQuotaError),
        ("tiktok", "weak-key", BadRequestError),
    ],
)
def test_a_key_of_no_use(
    place: World, at: At, platform: str, key: str, error: type[SourceError]
) -> None:
    with pytest.raises(error) as caught:
        come(at, place, platform, key).ask(one_visible(place, platform))
    assert caught.value.evidence is not None
    assert caught.value.evidence.body
    assert key not in repr(caught.value.evidence) + str(caught.value)


def test_a_check_of_the_session_of_youtube(place: World, at: At) -> None:
    good, bad = come(at, place, "youtube"), come(at, place, "youtube", "bad-key")
    assert good.source.check_session(good.session).signed_in
    assert not bad.source.check_session(bad.session).signed_in
