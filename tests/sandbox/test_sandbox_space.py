"""A creator's uploads, card and followers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from sandbox import RateLimit, SandboxConfig, SandboxServer
from sandbox.catalog import Catalog
from tests.support.sandbox.sandbox_client import Client

Start = Callable[..., SandboxServer]
Visit = Callable[..., Client]
UPLOADS = "/x/space/wbi/arc/search"
CARD = "/x/web-interface/card"
FOLLOWERS = "/x/relation/stat"


def test_every_creator_is_found_by_id_and_nobody_else() -> None:
    catalog = Catalog(SandboxConfig(creators=3_000))
    for domain in catalog.domains:
        population = catalog.population(domain)
        assert population is not None
        for index, uid in enumerate(population.uids()):
            assert population.find(uid) == population.creator(index)
        strangers = [uid + 1 for uid in population.uids()]
        members = set(population.uids())
        assert all(population.find(uid) is None for uid in strangers if uid not in members)
    assert all(catalog.creator(uid) is None for uid in (0, 1, 10**10 - 1, 10**16))


def test_uploads_page_by_page(client: Client) -> None:
    mid, shown = next(
        (hit["mid"], hit["res"])
        for hit in client.search()["data"]["result"]
        if len(hit["res"]) == 3
    )
    pages = [
        client.get(UPLOADS, **client.signed(mid=mid, pn=page, ps=1, order="pubdate")).json()["data"]
        for page in (1, 2, 3, 4)
    ]
    assert [page["page"] for page in pages] == [
        {"pn": number, "ps": 1, "count": 3} for number in (1, 2, 3, 4)
    ]
    videos = [video for page in pages for video in page["list"]["vlist"]]
    assert [video["bvid"] for video in videos] == [video["bvid"] for video in shown]
    true = client.truth(ids=",".join(video["bvid"] for video in videos))
    for video, told in zip(videos, true, strict=True):
        assert video["mid"] == mid
        assert video["created"] == told["published_at"]
        assert re.fullmatch(r"\d{2,}:\d\d", video["length"])
        if told["state"] == "visible" and not told["hides"]:
            counters = told["counters"]
            assert (video["play"], video["comment"]) == (counters["view"], counters["comment"])
            assert video["video_review"] == counters["danmaku"]


def test_uploads_need_a_signature_and_a_session(client: Client, visit: Visit) -> None:
    mid = client.search()["data"]["result"][0]["mid"]
    assert client.get(UPLOADS, mid=mid).json()["code"] == -352
    query = client.signed(mid=mid)
    assert visit(client.server, None).get(UPLOADS, **query).json()["code"] == -101
    assert client.get(UPLOADS, **query).json()["code"] == 0


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"mid": "x"}, -400),
        ({"mid": "1", "pn": "0"}, -400),
        ({"mid": "1", "ps": "51"}, -400),
        ({"mid": "1"}, -626),
    ],
)
def test_uploads_of_nobody(client: Client, params: dict[str, str], code: int) -> None:
    assert client.get(UPLOADS, **client.signed(**params)).json()["code"] == code


def test_card_and_followers_are_open_to_anybody(client: Client, visit: Visit) -> None:
    hit = client.search()["data"]["result"][0]
    anonymous = visit(client.server, None)
    card = anonymous.get(CARD, mid=hit["mid"]).json()["data"]
    assert (card["card"]["mid"], card["card"]["name"]) == (str(hit["mid"]), hit["uname"])
    assert (card["follower"], card["archive_count"]) == (hit["fans"], len(hit["res"]))
    relation = anonymous.get(FOLLOWERS, vmid=hit["mid"]).json()["data"]
    assert (relation["mid"], relation["follower"]) == (hit["mid"], hit["fans"])


@pytest.mark.parametrize(("value", "code"), [("x", -400), ("1", -404), ("", -400)])
def test_card_of_nobody(client: Client, value: str, code: int) -> None:
    assert client.get(CARD, mid=value).json()["code"] == code
    assert client.get(FOLLOWERS, vmid=value).json()["code"] == code


def test_they_share_the_accounts_rate(start: Start, visit: Visit) -> None:
    client = visit(start(rate=RateLimit(2, 10.0)))
    mid = client.search()["data"]["result"][0]["mid"]
    codes = [client.get(CARD, mid=mid).json()["code"] for _ in range(2)]
    assert codes == [0, -799]
