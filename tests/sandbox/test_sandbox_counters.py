"""Bilibili's counters: one video and batches, against the truth of that moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox import RateLimit, SandboxConfig, SandboxServer
from sandbox.bvid import to_aid
from sandbox.catalog import Catalog
from sandbox.growth import views_per_day
from tests.support.sandbox.sandbox_client import BATCH, FAVOURITES, VIEW, Client, Clock

Start = Callable[..., SandboxServer]
Visit = Callable[..., Client]
IN_VIEW = {
    "view": "view",
    "danmaku": "danmaku",
    "comment": "reply",
    "like": "like",
    "coin": "coin",
    "favorite": "favorite",
    "share": "share",
}
IN_BATCH = {
    "view": "play",
    "danmaku": "danmaku",
    "comment": "reply",
    "like": "thumb_up",
    "coin": "coin",
    "favorite": "collect",
    "share": "share",
}
CODES = {
    "gone": -404,
    "hidden": 62002,
    "not_yet_out": 62003,
    "in_review": 62004,
    "owner_only": 62012,
}


def resources(videos: list[dict[str, Any]]) -> str:
    return ",".join(f"{video['aid']}:2" for video in videos)


def batch(client: Client, videos: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    body = client.get(BATCH, resources=resources(videos)).json()
    assert body["code"] == 0
    return {item["id"]: item for item in body["data"] or []}


def test_view_and_batch_tell_the_truth_of_now(client: Client, wall: Clock) -> None:
    some = client.truth(platform="bilibili", count=30, state="visible")
    assert len(some) == 30
    wall.secs += 1_000_000
    true = client.truth(ids=",".join(video["id"] for video in some))
    assert true != some
    items = batch(client, true)
    for video in true:
        stat = client.get(VIEW, bvid=video["id"]).json()["data"]["stat"]
        for name, count in video["counters"].items():
            told = "--" if count is None else count
            assert stat[IN_VIEW[name]] == told
            assert items[video["aid"]]["cnt_info"][IN_BATCH[name]] == told
        assert items[video["aid"]]["bvid"] == video["id"]


def test_counters_follow_from_seed_video_and_time_and_never_shrink(
    start: Start, visit: Visit, wall: Clock
) -> None:
    first, twin, other = visit(start()), visit(start()), visit(start(seed=2))
    assert first.truth(count=20) == twin.truth(count=20) != other.truth(count=20)
    ids = ",".join(video["id"] for video in first.truth(count=20, state="visible"))
    before = first.truth(ids=ids)
    wall.secs += 86_400
    after = first.truth(ids=ids)
    assert after == twin.truth(ids=ids)
    gained = [
        new["counters"][name] - old["counters"][name]
        for old, new in zip(before, after, strict=True)
        for name in IN_VIEW
        if old["counters"][name] is not None
    ]
    assert min(gained) == 0 < max(gained)
    wall.secs -= 86_400
    assert first.truth(ids=ids) == before


def test_views_grow_by_the_days_of_the_video(client: Client, wall: Clock) -> None:
    ids = [video["id"] for video in client.truth(count=40, state="visible")]
    days = 7
    before = client.truth(ids=",".join(ids))
    wall.secs += days * 86_400
    after = client.truth(ids=",".join(ids))
    per_day = {
        (new["counters"]["view"] - old["counters"]["view"]) / days
        for old, new in zip(before, after, strict=True)
        if old["counters"]["view"] is not None
    }
    assert 0 in per_day
    assert all(rate == int(rate) for rate in per_day)
    assert max(per_day) > 10_000
    assert per_day <= {views_per_day(bits) for bits in _bits(ids)}


def test_the_world_can_run_ahead_of_signatures(client: Client) -> None:
    ids = ",".join(video["id"] for video in client.truth(count=20, state="visible"))
    before = client.truth(ids=ids)
    client.control("clock", ahead_secs=86_400 * 30)
    assert client.truth(ids=ids) != before
    assert client.search()["code"] == 0
    client.post("/__sandbox__/reset")
    assert client.truth(ids=ids) == before


@pytest.mark.parametrize(("state", "code"), CODES.items())
def test_videos_that_cannot_be_opened(client: Client, state: str, code: int) -> None:
    video, other = client.truth(count=2, state="visible")
    told = client.control("videos", id=video["id"], state=state)
    assert (told["state"], told["counters"]) == (state, {})
    assert client.get(VIEW, bvid=video["id"]).json()["code"] == code
    assert client.get(VIEW, bvid=other["id"]).json()["code"] == 0
    item = batch(client, [video, other]).get(video["aid"])
    assert item is None or (item["attr"] & 1, set(item["cnt_info"].values())) == (1, {0})
    client.control("videos", id=str(video["aid"]), state="visible")
    assert client.get(VIEW, bvid=video["id"]).json()["code"] == 0


def test_every_state_is_also_drawn(start: Start, visit: Visit) -> None:
    client = visit(start(creators=5_000))
    drawn = client.truth(count=5_000)
    assert {video["state"] for video in drawn} == {"visible", *CODES}
    assert any(video["hides"] == ["view"] for video in drawn)


def test_dead_videos_are_left_out_of_a_batch_or_dead_in_it(start: Start, visit: Visit) -> None:
    client = visit(start(creators=5_000))
    gone = client.truth(count=8, state="gone")
    assert len(gone) == 8
    items = batch(client, gone)
    assert 0 < len(items) < 8
    assert {(item["attr"], item["title"]) for item in items.values()} == {(1, "已失效视频")}


def test_hidden_plays(client: Client) -> None:
    video = client.truth(count=1, state="visible")[0]
    told = client.control("videos", id=video["id"], hides=["view"])
    assert told["counters"]["view"] is None
    assert client.get(VIEW, aid=video["aid"]).json()["data"]["stat"]["view"] == "--"
    assert batch(client, [video])[video["aid"]]["cnt_info"]["play"] == "--"


def test_size_of_a_batch(start: Start, visit: Visit) -> None:
    client = visit(start(batch_limit=7))
    videos = client.truth(count=8)
    assert client.get(BATCH, resources=resources(videos)).json()["code"] == -400
    assert client.get(BATCH, resources=resources(videos[:7])).json()["code"] == 0


@pytest.mark.parametrize("value", ["", "x:2", "1", "1:3", "1:2,", "-1:2"])
def test_bad_batches(client: Client, value: str) -> None:
    assert client.get(BATCH, resources=value).json()["code"] == -400


def test_favourites_are_open_to_anybody_and_tell_less(client: Client, visit: Visit) -> None:
    anonymous = visit(client.server, None)
    videos = client.truth(count=3, state="visible")
    items = anonymous.get(FAVOURITES, resources=resources(videos)).json()["data"]
    assert [set(item["cnt_info"]) for item in items] == [{"collect", "play", "danmaku"}] * 3
    assert anonymous.get(FAVOURITES, resources="1:2").json()["data"] is None
    assert anonymous.get(BATCH, resources="1:2").json()["code"] == -101
    banned = visit(client.server, "banned-1")
    answers = [banned.get(FAVOURITES, resources=resources(videos)).json() for _ in range(6)]
    assert [answer["code"] for answer in answers] == [0, 0, 0, 0, 0, -102]


def test_anonymous_visitors_share_a_rate(start: Start, visit: Visit) -> None:
    server = start(rate=RateLimit(1, 10.0))
    first, second = visit(server, None), visit(server, None)
    assert first.get(FAVOURITES, resources="1:2").json()["code"] == 0
    assert second.get(FAVOURITES, resources="1:2").json()["code"] == -799


def _spoilt(client: Client, kind: str, video: dict[str, Any], *others: dict[str, Any]) -> Any:
    client.order({"kind": kind, "video": video["id"]})
    body = client.get(BATCH, resources=resources([*others, video])).json()
    assert client.stats()["faults"] == {kind: 1}
    return {item["id"]: item for item in body["data"]}


@pytest.mark.parametrize("kind", ["batch_stale", "batch_wrong", "batch_zero"])
def test_batches_that_lie_about_one_video(client: Client, kind: str) -> None:
    video, other = client.truth(count=2, state="visible")
    good = batch(client, [other, video])
    lie = _spoilt(client, kind, video, other)
    assert lie[other["aid"]] == good[other["aid"]]
    told, true = (each[video["aid"]]["cnt_info"]["reply"] for each in (lie, good))
    assert told != true
    assert (told == 0) == (kind == "batch_zero")
    assert batch(client, [other, video]) == good


def test_batches_that_drop_an_item_or_its_counters(client: Client) -> None:
    video, other = client.truth(count=2, state="visible")
    assert list(_spoilt(client, "batch_drop", video, other)) == [other["aid"]]
    client.post("/__sandbox__/reset")
    assert "cnt_info" not in _spoilt(client, "batch_no_counters", video, other)[video["aid"]]


def test_batches_in_another_order_and_too_large_ones(client: Client) -> None:
    videos = client.truth(count=3, state="visible")
    client.order({"kind": "batch_reorder"}, {"kind": "batch_413"})
    body = client.get(BATCH, resources=resources(videos)).json()
    assert [item["id"] for item in body["data"]] == [video["aid"] for video in videos[::-1]]
    assert client.get(BATCH, resources=resources(videos)).status_code == 413


@pytest.mark.parametrize("params", [{"ids": "x"}, {"platform": "vimeo"}, {"count": "many"}])
def test_truth_of_nonsense(client: Client, params: dict[str, str]) -> None:
    answer = client.get("/__sandbox__/videos", **params)
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "body", [{}, {"id": "x"}, {"id": "2", "state": "lost"}, {"id": "2", "hides": ["plays"]}]
)
def test_fates_of_nonsense(client: Client, body: dict[str, object]) -> None:
    assert client.post("/__sandbox__/videos", body).status_code == 400


def _bits(ids: list[str]) -> list[int]:
    catalog = Catalog(SandboxConfig(creators=100))
    found = [catalog.video(to_aid(bvid)) for bvid in ids]
    return [pair[0].bits for pair in found if pair]
