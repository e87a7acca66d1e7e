"""TikHub's answers for Douyin and TikTok: counters, what is missing from them, errors, charges."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox import RateLimit, SandboxServer
from sandbox.tikhub_faults import KINDS
from tests.support.sandbox.sandbox_client import Client, Clock

Start = Callable[..., SandboxServer]
Visit = Callable[..., Client]
DOUYIN, TIKTOK = "/api/v1/douyin/app/v3", "/api/v1/tiktok/app/v3"
ONE, SHARED = "/fetch_one_video", "/fetch_one_video_by_share_url"
FEW, MANY = f"{DOUYIN}/fetch_video_statistics", f"{DOUYIN}/fetch_multi_video_statistics"
MULTI = f"{TIKTOK}/fetch_multi_video"
BASE = {"douyin": DOUYIN, "tiktok": TIKTOK}
COUNTS = {
    "digg_count": "like",
    "comment_count": "comment",
    "share_count": "share",
    "collect_count": "favorite",
}
STATUSES = {
    "tikhub_400": 400,
    "tikhub_401": 401,
    "tikhub_402": 402,
    "tikhub_403": 403,
    "tikhub_404": 404,
    "tikhub_422": 422,
    "tikhub_429": 429,
    "tikhub_500": 500,
    "tikhub_503": 503,
}
SPOILT: dict[str, Callable[[Any, str], bool]] = {
    "tikhub_null_data": lambda data, _: data is None,
    "tikhub_empty_data": lambda data, _: data == {},
    "tikhub_no_statistics": lambda data, _: "statistics" not in data["aweme_detail"],
    "tikhub_id_as_number": lambda data, each: data["aweme_detail"]["aweme_id"] == int(each),
    "tikhub_other_video": lambda data, each: data["aweme_detail"]["aweme_id"] != each,
}


@pytest.fixture
def payer(client: Client) -> Client:
    """A client with a token."""
    client.http.headers["Authorization"] = "Bearer t1"
    return client


def data_of(answer: requests.Response) -> Any:
    body = answer.json()
    assert (answer.status_code, body["code"]) == (200, 200)
    assert {"request_id", "message", "message_zh", "time", "params", "data"} <= body.keys()
    return body["data"]


def charged(client: Client) -> int:
    return int(client.stats()["tikhub_charged"])


@pytest.mark.parametrize("platform", ["douyin", "tiktok"])
def test_one_video_tells_the_truth_of_now(payer: Client, wall: Clock, platform: str) -> None:
    wall.secs += 12_345_678
    for video in payer.truth(platform=platform, count=8, state="visible"):
        detail = data_of(payer.get(BASE[platform] + ONE, aweme_id=video["id"]))["aweme_detail"]
        assert (detail["aweme_id"], detail["desc"]) == (video["id"], video["title"])
        assert (detail["author"]["uid"], detail["create_time"]) == (
            video["uid"],
            video["published_at"],
        )
        counters, told = video["counters"], detail["statistics"]
        assert told["play_count"] == (0 if platform == "douyin" else counters["view"])
        assert {name: told.get(name) for name in COUNTS} == {
            name: counters[ours] for name, ours in COUNTS.items()
        }
    assert charged(payer) == 8


def test_some_tiktok_videos_have_no_collects(payer: Client) -> None:
    videos = payer.truth(platform="tiktok", count=60, state="visible")
    old = next(video for video in videos if video["hides"])
    detail = data_of(payer.get(TIKTOK + ONE, aweme_id=old["id"]))["aweme_detail"]
    assert old["counters"]["favorite"] is None
    assert "collect_count" not in detail["statistics"]


@pytest.mark.parametrize(("path", "limit"), [(FEW, 2), (MANY, 50)])
def test_play_counts_of_douyin(payer: Client, path: str, limit: int) -> None:
    videos = payer.truth(platform="douyin", count=limit + 1)
    ids = [video["id"] for video in videos]
    told = data_of(payer.get(path, aweme_ids=",".join(ids[:limit])))["statistics_list"]
    shown = [video for video in videos[:limit] if video["state"] == "visible"]
    assert told == [
        {
            "aweme_id": video["id"],
            "digg_count": video["counters"]["like"],
            "play_count": video["counters"]["view"],
            "share_count": video["counters"]["share"],
        }
        for video in shown
    ]
    assert payer.get(path, aweme_ids=",".join(ids)).status_code == 400
    assert charged(payer) == 1


def test_many_tiktok_videos(payer: Client) -> None:
    videos = payer.truth(platform="tiktok", count=11)
    payer.control("videos", platform="tiktok", id=videos[3]["id"], state="gone")
    ids = [video["id"] for video in videos]
    data = data_of(payer.post(MULTI, ids[:10]))
    told = {detail["aweme_id"]: detail["statistics"] for detail in data["aweme_details"]}
    assert {entry["aweme_id"] for entry in data["filter_list"]} == set(ids[:10]) - set(told)
    assert ids[3] not in told
    for video in payer.truth(platform="tiktok", ids=",".join(ids[:10])):
        if video["state"] == "visible":
            assert told[video["id"]]["play_count"] == video["counters"]["view"]
    assert payer.post(MULTI, ids).status_code == 400
    assert payer.post(MULTI, {"aweme_ids": ids}).status_code == 422
    assert payer.post(MULTI, [int(ids[0])]).status_code == 422
    assert charged(payer) == 1


@pytest.mark.parametrize("platform", ["douyin", "tiktok"])
@pytest.mark.parametrize(("state", "reason"), [("gone", 8), ("owner_only", 5), ("hidden", 10)])
def test_videos_that_cannot_be_seen(payer: Client, platform: str, state: str, reason: int) -> None:
    drawn = payer.truth(platform=platform, count=1, state=state)[0]["id"]
    data = data_of(payer.get(BASE[platform] + ONE, aweme_id=drawn))
    assert (data["aweme_detail"], data["filter_list"][0]["reason"]) == (None, reason)
    assert data["filter_list"][0]["aweme_id"] == drawn


@pytest.mark.parametrize("platform", ["douyin", "tiktok"])
def test_share_links_short_and_long(payer: Client, platform: str) -> None:
    video = payer.truth(platform=platform, count=1, state="visible")[0]
    for link in (video["short_url"], video["url"], f"看看 {video['short_url']} 复制打开"):
        data = data_of(payer.get(BASE[platform] + SHARED, share_url=link))
        assert data["aweme_detail"]["aweme_id"] == video["id"]
    other = BASE["tiktok" if platform == "douyin" else "douyin"]
    assert payer.get(other + SHARED, share_url=video["url"]).status_code == 400
    assert payer.get(BASE[platform] + SHARED, share_url="https://x.example").status_code == 400


@pytest.mark.parametrize("path", [DOUYIN + ONE, DOUYIN + SHARED, FEW, MANY, TIKTOK + ONE])
def test_missing_parameters(payer: Client, path: str) -> None:
    answer = payer.get(path)
    assert answer.status_code == 422
    assert set(answer.json()["detail"][0]) == {"loc", "msg", "type"}


@pytest.mark.parametrize("each", ["", "x", "123", "7000000000000000000.0"])
def test_ids_that_are_none_are_to_be_tried_again(payer: Client, each: str) -> None:
    answer = payer.get(DOUYIN + ONE, aweme_id=each)
    assert answer.status_code == 400
    assert answer.json()["detail"]["message_zh"] == "请求失败，请重试"
    assert charged(payer) == 0


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("t1", 401),
        ("Bearer ", 401),
        ("Bearer bad-1", 401),
        ("Bearer poor-1", 402),
        ("Bearer weak-1", 403),
    ],
)
def test_tokens(client: Client, header: str | None, status: int) -> None:
    if header:
        client.http.headers["Authorization"] = header
    answer = client.get(DOUYIN + ONE, aweme_id="7" * 19)
    detail = answer.json()["detail"]
    assert (answer.status_code, detail["code"]) == (status, status)
    assert {"message", "message_zh", "request_id"} <= detail.keys()
    assert ("poor-1" in json.dumps(detail)) == (status == 402)
    assert charged(client) == 0


def test_too_many_requests_and_how_long_to_wait(start: Start, visit: Visit, now: Clock) -> None:
    client = visit(start(tikhub_rate=RateLimit(2, 5.0)))
    client.http.headers["Authorization"] = "Bearer t1"
    each = client.truth(platform="tiktok", count=1)[0]["id"]
    assert client.get(TIKTOK + ONE, aweme_id=each).status_code == 200
    now.secs += 1.5
    assert client.get(TIKTOK + ONE, aweme_id=each).status_code == 200
    refused = client.get(TIKTOK + ONE, aweme_id=each)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "4")
    now.secs += 4
    assert client.get(TIKTOK + ONE, aweme_id=each).status_code == 200
    stats = client.stats()
    assert (stats["tikhub_charged"], stats["over_limit"]) == (3, 1)
    assert stats["other_accounts"]["tikhub"]["t1"]["requests"] == 4


def test_every_kind_is_tested() -> None:
    assert {*STATUSES, *SPOILT} == set(KINDS)


@pytest.mark.parametrize(("kind", "status"), STATUSES.items())
def test_errors_by_order_are_not_charged(payer: Client, kind: str, status: int) -> None:
    each = payer.truth(platform="douyin", count=1)[0]["id"]
    payer.order({"kind": kind})
    answer = payer.get(DOUYIN + ONE, aweme_id=each)
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert ("Retry-After" in answer.headers) == (status == 429)
    assert ("Bearer t1" in answer.text) == (status == 402)
    assert charged(payer) == 0


@pytest.mark.parametrize(("kind", "holds"), SPOILT.items())
def test_spoilt_answers_are_charged(
    payer: Client, kind: str, holds: Callable[[Any, str], bool]
) -> None:
    each = payer.truth(platform="tiktok", count=1, state="visible")[0]["id"]
    payer.order({"kind": kind, "video": each})
    assert holds(data_of(payer.get(TIKTOK + ONE, aweme_id=each)), each)
    assert charged(payer) == 1
