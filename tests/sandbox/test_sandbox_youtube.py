"""YouTube's `videos`: counters as strings, silence about what cannot be seen, units and errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from sandbox import RateLimit, SandboxServer
from sandbox.pacific import pacific_day
from tests.support.sandbox.sandbox_client import Client, Clock

Start = Callable[..., SandboxServer]
Visit = Callable[..., Client]
VIDEOS = "/youtube/v3/videos"
COUNTS = {"viewCount": "view", "likeCount": "like", "commentCount": "comment"}


def ask(client: Client, *ids: str, key: str = "k1", part: str = "statistics") -> requests.Response:
    return client.get(VIDEOS, part=part, id=",".join(ids), key=key)


def reason(answer: requests.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    assert error["errors"][0]["message"] == error["message"]
    return answer.status_code, error["errors"][0]["reason"]


def test_counters_are_strings_and_the_truth_of_now(client: Client, wall: Clock) -> None:
    wall.secs += 12_345_678
    true = client.truth(platform="youtube", count=50)
    body = ask(client, *(video["id"] for video in true)).json()
    assert (body["kind"], body["pageInfo"]["totalResults"]) == (
        "youtube#videoListResponse",
        len(body["items"]),
    )
    told = {item["id"]: item["statistics"] for item in body["items"]}
    assert {video["id"] for video in true if video["state"] == "visible"} == set(told)
    assert 0 < len(told) < 50
    for video in true:
        if video["state"] == "visible":
            statistics = dict(told[video["id"]])
            assert statistics.pop("favoriteCount") == "0"
            counters = video["counters"].items()
            shown = {name: str(count) for name, count in counters if count is not None}
            assert {COUNTS[name]: count for name, count in statistics.items()} == shown
    hidden = {tuple(video["hides"]) for video in true}
    assert {("like",), ("comment",)} & hidden


def test_other_parts(client: Client) -> None:
    video = client.truth(platform="youtube", count=1, state="visible")[0]
    item = ask(client, video["id"], part="snippet,statistics").json()["items"][0]
    assert (item["snippet"]["title"], item["snippet"]["channelId"]) == (
        video["title"],
        video["uid"],
    )
    assert item["snippet"]["publishedAt"].endswith("Z")
    assert "statistics" not in ask(client, video["id"], part="id").json()["items"][0]


def test_vanished_and_impossible_ids_are_left_out(client: Client) -> None:
    video = client.truth(platform="youtube", count=1, state="visible")[0]["id"]
    assert [item["id"] for item in ask(client, "short", video, "x" * 12).json()["items"]] == [video]
    client.control("videos", id=video, state="gone")
    answer = ask(client, video)
    assert (answer.status_code, answer.json()["items"]) == (200, [])


def test_keys(client: Client) -> None:
    assert reason(client.get(VIDEOS, part="statistics", id="a")) == (403, "forbidden")
    assert reason(ask(client, "a", key="bad-1")) == (400, "keyInvalid")
    url, headers = client.server.url + VIDEOS, {"X-Goog-Api-Key": "k1"}
    by_header = client.http.get(f"{url}?part=id&id=a", headers=headers, timeout=10)
    assert by_header.status_code == 200
    assert client.stats()["youtube_units"] == 1
    assert list(client.stats()["other_accounts"]["youtube"]) == ["k1"]


@pytest.mark.parametrize(
    ("part", "ids", "expected"),
    [
        ("stats", ["a"], "unknownPart"),
        ("", ["a"], "unknownPart"),
        ("statistics", [], "missingRequiredParameter"),
        ("statistics", ["a"] * 51, "badRequest"),
    ],
)
def test_mistakes_cost_a_unit_too(client: Client, part: str, ids: list[str], expected: str) -> None:
    assert reason(ask(client, *ids, part=part)) == (400, expected)
    assert client.stats()["youtube_units"] == 1


@pytest.mark.parametrize(
    ("last_second", "midnight"),
    [
        ("2027-01-01T07:59:59", "2027-01-01T08:00:00"),
        ("2027-07-01T06:59:59", "2027-07-01T07:00:00"),
    ],
)
def test_units_are_back_at_midnight_in_los_angeles(
    start: Start, visit: Visit, wall: Clock, last_second: str, midnight: str
) -> None:
    client = visit(start(youtube_units=2))
    wall.secs = datetime.fromisoformat(last_second).replace(tzinfo=UTC).timestamp()
    assert [ask(client, "a").status_code for _ in range(2)] == [200, 200]
    spent = ask(client, "a")
    assert reason(spent) == (403, "quotaExceeded")
    assert "<a href=" in spent.json()["error"]["message"]
    assert ask(client, "a", key="k2").status_code == 200
    wall.secs = datetime.fromisoformat(midnight).replace(tzinfo=UTC).timestamp()
    assert ask(client, "a").status_code == 200
    stats = client.stats()
    assert stats["youtube_units"] == 4
    assert stats["requests"]["youtube"] == {VIDEOS: 5}


def test_the_day_in_los_angeles_agrees_with_the_table_of_time_zones() -> None:
    zone = ZoneInfo("America/Los_Angeles")
    first = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
    for secs in range(first, first + 5 * 366 * 86_400, 1_800):
        assert pacific_day(secs - 1) == datetime.fromtimestamp(secs - 1, zone).date()
        assert pacific_day(secs) == datetime.fromtimestamp(secs, zone).date()


def test_too_many_requests(start: Start, visit: Visit) -> None:
    client = visit(start(youtube_rate=RateLimit(1, 10.0)))
    assert ask(client, "a").status_code == 200
    assert reason(ask(client, "a")) == (429, "rateLimitExceeded")
    stats = client.stats()
    assert (stats["youtube_units"], stats["over_limit"]) == (1, 1)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("youtube_quota", (403, "quotaExceeded")),
        ("youtube_forbidden", (403, "forbidden")),
        ("youtube_key_invalid", (400, "keyInvalid")),
        ("youtube_bad_request", (400, "badRequest")),
        ("youtube_unknown_part", (400, "unknownPart")),
        ("youtube_429", (429, "rateLimitExceeded")),
        ("youtube_backend", (503, "backendError")),
    ],
)
def test_errors_by_order(client: Client, kind: str, expected: tuple[int, str]) -> None:
    client.order({"kind": kind})
    assert client.search()["code"] == 0
    assert reason(ask(client, "a")) == expected
    assert ask(client, "a").status_code == 200


def test_spoilt_items_by_order(client: Client) -> None:
    videos = client.truth(platform="youtube", count=2, state="visible")
    ids = [video["id"] for video in videos]

    def spoilt(kind: str) -> list[dict[str, Any]]:
        client.order({"kind": kind, "video": ids[1]})
        items: list[dict[str, Any]] = ask(client, *ids).json()["items"]
        assert items[0]["id"] == ids[0]
        assert isinstance(items[0]["statistics"]["viewCount"], str)
        return items[1:]

    assert spoilt("youtube_drop") == []
    assert isinstance(spoilt("youtube_numbers")[0]["statistics"]["viewCount"], int)
    assert spoilt("youtube_words")[0]["statistics"]["viewCount"] == "many"
    assert "statistics" not in spoilt("youtube_no_statistics")[0]
