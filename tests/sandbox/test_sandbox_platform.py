"""Bilibili's endpoints over real HTTP: shapes, codes, and the conditions for an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from sandbox import RateLimit, SandboxServer
from tests.support.sandbox.sandbox_client import SEARCH, VIEW, WALL_SECS, Client

Start = Callable[..., SandboxServer]
Visit = Callable[..., Client]
_NO_LIMIT = RateLimit(1_000_000, 1.0)


def first_video(client: Client) -> dict[str, Any]:
    hits = client.search(search_type="video")["data"]["result"]
    return next(hit for hit in hits if hit["type"] == "video")


def test_first_visit_leaves_the_device_cookie(client: Client) -> None:
    client.http.cookies.clear()
    assert "buvid3=" in client.get("/").headers["Set-Cookie"]
    assert client.http.cookies["buvid3"].endswith("infoc")
    assert "Set-Cookie" not in client.get("/").headers


def test_spi_gives_device_ids(client: Client) -> None:
    body = client.get("/x/frontend/finger/spi").json()
    assert body["code"] == 0
    assert body["data"]["b_3"]
    assert body["data"]["b_4"]


def test_nav_of_an_anonymous_visitor_still_carries_the_keys(client: Client) -> None:
    client.http.cookies.clear()
    body = client.get("/x/web-interface/nav").json()
    assert (body["code"], body["data"]["isLogin"]) == (-101, False)
    assert client.keys.img in body["data"]["wbi_img"]["img_url"]
    assert client.keys.sub in body["data"]["wbi_img"]["sub_url"]


def test_nav_of_an_account(client: Client) -> None:
    body = client.get("/x/web-interface/nav").json()
    assert body["code"] == 0
    assert (body["data"]["isLogin"], body["data"]["uname"]) == (True, "acc1")
    assert body["data"]["mid"] > 0
    assert body["data"]["wbi_img"]["img_url"].endswith(f"/{client.keys.img}.png")


def test_account_name_is_url_decoded(start: Start, visit: Visit) -> None:
    client = visit(start(), "acc%2C1%2Aa")
    assert client.get("/x/web-interface/nav").json()["data"]["uname"] == "acc,1*a"


def test_creator_search(client: Client) -> None:
    body = client.search(page=2)
    assert (body["code"], body["message"], body["ttl"]) == (0, "0", 1)
    data = body["data"]
    assert (data["page"], data["pagesize"], data["numResults"], data["numPages"]) == (2, 20, 100, 5)
    assert len(data["result"]) == 20
    for hit in data["result"]:
        assert isinstance(hit["mid"], int)
        assert hit["upic"].startswith("//")
        assert isinstance(hit["fans"], int)
        assert 0 <= hit["level"] <= 6
        assert hit["gender"] in (1, 2, 3)
        assert set(hit["official_verify"]) == {"type", "desc"}
        assert len(hit["res"]) <= 3
        for video in hit["res"]:
            assert isinstance(video["play"], str)
            assert re.fullmatch(r"\d+:\d{1,2}", video["duration"])
            assert video["bvid"].startswith("BV1")


def test_creator_search_finds_every_creator_once(client: Client) -> None:
    truth = client.get("/__sandbox__/creators", domain="美妆").json()
    assert (truth["domain"], truth["total"]) == ("美妆", 100)
    found = [
        hit["mid"] for page in range(1, 6) for hit in client.search(page=page)["data"]["result"]
    ]
    assert found == truth["uids"]


def test_video_search_covers_every_creator(client: Client) -> None:
    pages = client.search(search_type="video")["data"]["numPages"]
    answers = [client.search(page=page, search_type="video") for page in range(1, pages + 1)]
    hits = [hit for answer in answers for hit in answer["data"]["result"]]
    truth = client.get("/__sandbox__/creators", domain="美妆").json()["uids"]
    assert {hit["mid"] for hit in hits} == set(truth)
    assert len(hits) > len(truth)
    assert len(hits) == answers[0]["data"]["numResults"]


def test_video_hits(start: Start, visit: Visit) -> None:
    client = visit(start(creators=300))
    answers = [client.search(page=page, search_type="video") for page in range(1, 21)]
    hits = [hit for answer in answers for hit in answer["data"]["result"]]
    assert {hit["type"] for hit in hits} == {"video", "ketang"}
    for hit in hits:
        assert '<em class="keyword">美妆</em>' in hit["title"]
        assert isinstance(hit["typeid"], str)
        assert isinstance(hit["play"], int)
        assert re.fullmatch(r"\d+:\d{1,2}", hit["duration"])
        is_course = hit["type"] == "ketang"
        assert (hit["bvid"] == "", hit["pubdate"] == 0) == (is_course, is_course)
    titles = "".join(hit["title"] for hit in hits)
    assert all(entity in titles for entity in ("&amp;", "&quot;", "&lt;", "&#39;"))
    assert any(re.search(r":\d$", hit["duration"]) for hit in hits)


def test_awkward_names_survive_the_wire(start: Start, visit: Visit) -> None:
    client = visit(start(creators=3_000, page_size=50, domains=("a",)))
    raw = b"".join(client.search_answer("a", page).content for page in range(1, 61))
    assert rb"\ud83d" in raw
    assert rb"\u0000" in raw
    assert "😀".encode() in raw
    assert raw.decode("utf-8")
    names = [hit["uname"] for hit in client.search("a", 1)["data"]["result"]]
    assert len(names) == 50


def test_page_limit_over_http(start: Start, visit: Visit) -> None:
    client = visit(start(page_limit=2))
    assert client.search()["data"]["numPages"] == 2
    assert "result" not in client.search(page=3)["data"]


def test_unknown_keyword_and_page_past_the_end(client: Client) -> None:
    unknown = client.search("nobody")
    assert (unknown["code"], unknown["data"]["numResults"], unknown["data"]["numPages"]) == (
        0,
        0,
        0,
    )
    assert "result" not in unknown["data"]
    past = client.search(page=6)
    assert (past["code"], past["data"]["numPages"]) == (0, 5)
    assert "result" not in past["data"]
    assert client.stats()["pages"] == 0


@pytest.mark.parametrize("page", [0, -1, "x", "1.5", "", "１"])
def test_bad_page(client: Client, page: object) -> None:
    assert client.search(page=page)["code"] == -400


def test_bad_search_type_and_missing_keyword(client: Client) -> None:
    assert client.search(search_type="article")["code"] == -1200
    assert client.get(SEARCH, **client.signed(search_type="video", page=1)).json()["code"] == -400


def test_search_without_session(client: Client, visit: Visit) -> None:
    anonymous = visit(client.server, None)
    assert anonymous.search()["code"] == -101
    assert anonymous.get(VIEW, aid=1).json()["code"] == -404  # visitors may look at videos


def test_search_without_device_cookie_is_blocked(client: Client) -> None:
    del client.http.cookies["buvid3"]
    answer = client.search_answer()
    assert (answer.status_code, answer.json()["code"]) == (412, -412)


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "python-requests/2"},
        {"User-Agent": None},
        {"Referer": None},
        {"Referer": "https://example.org/"},
        {"Referer": "https://notbilibili.com/"},
        {"Referer": "http://[bilibili.com/"},
    ],
)
def test_search_by_no_browser_is_risky(client: Client, headers: dict[str, str | None]) -> None:
    client.http.headers.update(headers)  # type: ignore[arg-type]
    body = client.search()
    assert body["code"] == -352
    assert body["data"]["v_voucher"].startswith("voucher_")


def test_search_may_come_from_the_sandbox_itself(client: Client) -> None:
    client.http.headers["Referer"] = client.server.url + "/"
    assert client.search()["code"] == 0


def test_search_without_valid_signature_is_risky(client: Client) -> None:
    plain = {"keyword": "美妆", "page": "1", "search_type": "bili_user"}
    assert client.get(SEARCH, **plain).json()["code"] == -352
    signed = client.signed(**plain)
    assert client.get(SEARCH, **{**signed, "page": "2"}).json()["code"] == -352
    old = client.signed(**plain, wts=WALL_SECS - 601)
    assert client.get(SEARCH, **old).json()["code"] == -352
    assert client.get(SEARCH, **signed).json()["code"] == 0


def test_view_by_either_id(client: Client) -> None:
    hit = first_video(client)
    by_bvid = client.get(VIEW, bvid=hit["bvid"]).json()
    assert by_bvid["code"] == 0
    assert by_bvid == client.get(VIEW, aid=hit["aid"]).json()
    data = by_bvid["data"]
    assert (data["aid"], data["bvid"], data["pubdate"]) == (hit["aid"], hit["bvid"], hit["pubdate"])
    assert data["owner"]["mid"] == hit["mid"]
    assert data["stat"]["view"] >= hit["play"]
    counters = {"danmaku", "reply", "favorite", "coin", "share", "like", "now_rank", "dislike"}
    assert counters <= data["stat"].keys()


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, -400),
        ({"aid": "x"}, -400),
        ({"bvid": "BV1"}, -400),
        ({"aid": "2"}, -404),
        ({"bvid": "BV1xx411c7mD"}, -404),
    ],
)
def test_view_of_nothing(client: Client, params: dict[str, str], code: int) -> None:
    assert client.get(VIEW, **params).json()["code"] == code


def test_some_videos_are_hidden_or_hide_their_plays(start: Start, visit: Visit) -> None:
    client = visit(start(creators=2_000, page_size=50, domains=("a",), rate=_NO_LIMIT))
    hits = [
        hit
        for page in range(1, 81)
        for hit in client.search("a", page, "video")["data"]["result"]
        if hit["type"] == "video"
    ]
    answers = [client.get(VIEW, aid=hit["aid"]).json() for hit in hits]
    assert {answer["code"] for answer in answers} == {0, -404, 62002, 62003, 62004, 62012}
    views = [answer["data"]["stat"]["view"] for answer in answers if answer["code"] == 0]
    assert "--" in views


def test_unknown_paths_and_methods(client: Client) -> None:
    assert client.get("/x/nothing").status_code == 404
    assert client.post("/x/web-interface/nav").status_code == 404
    assert client.http.put(client.server.url + "/", timeout=10).status_code == 501


def test_equal_sandboxes_serve_equal_bytes(start: Start, visit: Visit) -> None:
    first, twin = visit(start(seed=3)), visit(start(seed=3))
    assert first.search_answer().content == twin.search_answer().content
    assert json.loads(first.search_answer().content) != visit(start(seed=4)).search()
