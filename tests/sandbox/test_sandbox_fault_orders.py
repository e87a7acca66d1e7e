"""Faults by endpoint, by video and by platform; the error codes that happen by order only."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from sandbox import RateLimit, SandboxServer, bilibili_faults
from sandbox.fault_kind import BILIBILI, MARKET, SHORT_LINKS, TIKHUB, YOUTUBE, Asked
from sandbox.fault_kinds import ALL_KINDS
from sandbox.fault_plan import FaultPlan
from tests.support.sandbox.sandbox_client import BATCH, VIEW, Client

Start = Callable[..., SandboxServer]
Visit = Callable[..., Client]
NAV = "/x/web-interface/nav"
CARD = "/x/web-interface/card"
YOUTUBE_VIDEOS = "/youtube/v3/videos"
CODES = {
    "code_101": -101,
    "code_102": -102,
    "code_111": -111,
    "code_400": -400,
    "code_403": -403,
    "code_404": -404,
    "code_626": -626,
    "code_799": -799,
    "code_62002": 62002,
    "code_62003": 62003,
    "code_62004": 62004,
    "code_62012": 62012,
}
BATCHES = {  # tested beside the counters
    *("batch_drop", "batch_stale", "batch_wrong", "batch_zero", "batch_no_counters"),
    *("batch_reorder", "batch_413"),
}


def test_every_kind_of_bilibili_is_tested() -> None:
    assert {*CODES, *BATCHES} == set(bilibili_faults.KINDS)


@pytest.mark.parametrize(("kind", "code"), CODES.items())
def test_error_codes_by_order(client: Client, kind: str, code: int) -> None:
    video = client.truth(count=1, state="visible")[0]
    client.order({"kind": kind, "times": 2})
    answers = [client.get(VIEW, aid=video["aid"]).json(), client.search()]
    assert [answer["code"] for answer in answers] == [code, code]
    assert client.stats()["accounts"]["acc1"]["pages"] == 0
    assert client.search()["code"] == 0


def test_orders_for_a_path_or_a_platform(client: Client) -> None:
    client.order(
        {"kind": "http_500", "endpoint": BATCH},
        {"kind": "http_502", "endpoint": YOUTUBE},
        {"kind": "http_503", "endpoint": BILIBILI},
    )
    assert client.search_answer().status_code == 503
    assert client.search_answer().status_code == 200
    video = client.truth(count=1)[0]
    assert client.get(BATCH, resources=f"{video['aid']}:2").status_code == 500
    assert client.get(YOUTUBE_VIDEOS, part="id", id="a", key="k").status_code == 502


def test_orders_for_a_video(client: Client) -> None:
    first, second = client.truth(count=2, state="visible")
    client.order({"kind": "code_404", "video": second["id"], "times": 2})
    assert client.get(VIEW, aid=first["aid"]).json()["code"] == 0
    assert client.search()["code"] == 0
    assert client.get(VIEW, aid=second["aid"]).json()["code"] == -404
    both = f"{first['aid']}:2,{second['aid']}:2"
    assert client.get(BATCH, resources=both).json()["code"] == -404


def test_nav_goes_wrong_only_when_it_is_named(start: Start, visit: Visit) -> None:
    client = visit(start(faults="harsh", rate=RateLimit(10_000, 1.0)))
    client.order({"kind": "code_500"}, {"kind": "code_503", "endpoint": BILIBILI})
    assert all(client.get(NAV).json()["code"] == 0 for _ in range(60))
    client.order({"kind": "code_101", "endpoint": NAV})
    assert [client.get(NAV).json()["code"] for _ in range(2)] == [-101, 0]


@pytest.mark.parametrize("endpoint", ["vimeo", "x/web-interface/view", 3])
def test_endpoints_that_are_none(client: Client, endpoint: object) -> None:
    order = [{"kind": "drop", "endpoint": endpoint}]
    answer = client.post("/__sandbox__/faults", order)
    assert answer.status_code == 400
    assert "endpoint" in answer.json()["error"]


@pytest.mark.parametrize("platform", [BILIBILI, YOUTUBE, TIKHUB, MARKET, SHORT_LINKS])
@pytest.mark.parametrize("profile", ["mild", "harsh"])
def test_profiles_draw_what_fits_the_platform(platform: str, profile: str) -> None:
    plan = FaultPlan(profile=profile, seed=1)
    asked = Asked(platform, "/x")
    drawn = {draw.kind for _ in range(20_000) if (draw := plan.draw(asked))}
    own = {kind for kind in drawn if ALL_KINDS[kind].platforms}
    assert {"delay", "drop", "http_502"} <= drawn
    assert all(ALL_KINDS[kind].platforms == (platform,) for kind in own)
    assert not drawn & {*CODES, "youtube_quota", "tikhub_402", "market_suspended", "batch_drop"}


def test_requests_are_counted_by_platform_and_path(client: Client, visit: Visit) -> None:
    client.search()
    client.get(NAV)
    client.get(CARD, mid=1)
    visit(client.server, None).get(VIEW, aid=2)
    client.get(YOUTUBE_VIDEOS)
    client.get("/x/nothing")
    requested = client.stats()["requests"]
    assert sorted(requested) == [BILIBILI, YOUTUBE]
    assert set(requested[BILIBILI].values()) == {1}
    assert {NAV, CARD, VIEW} < set(requested[BILIBILI])
    assert requested[YOUTUBE] == {YOUTUBE_VIDEOS: 1}


@pytest.mark.parametrize(
    ("path", "params"),
    [
        (YOUTUBE_VIDEOS, {"part": "id", "id": "a", "key": "k"}),
        ("/market/api/creators/list", {"category": "美妆"}),
        ("/v.douyin.com/X1/", {}),
        (BATCH, {"resources": "2:2"}),
    ],
)
def test_a_harsh_world_always_answers_in_a_way_that_http_knows(
    start: Start, visit: Visit, path: str, params: dict[str, str]
) -> None:
    limit = RateLimit(10_000, 1.0)
    client = visit(start(faults="harsh", rate=limit, youtube_rate=limit))
    client.http.headers["X-Market-Token"] = "shop1"
    statuses = set()
    for _ in range(150):
        try:
            answer = client.http.get(
                client.server.url + path, params=params, allow_redirects=False, timeout=10
            )
            statuses.add(answer.status_code)
        except requests.RequestException:
            statuses.add(0)
    assert statuses <= {0, 200, 302, 403, 412, 429, 500, 502, 503}
    assert len(statuses) > 1
    assert statuses & {200, 302}
