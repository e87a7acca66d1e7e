"""The marketplace: three ways of paging over the same creators, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox import RateLimit, SandboxServer
from sandbox.market_faults import KINDS
from tests.support.sandbox.sandbox_client import Client, Clock

Start = Callable[..., SandboxServer]
Visit = Callable[..., Client]
SEARCH, LIST, FEED = (f"/market/api/creators/{name}" for name in ("search", "list", "feed"))
PATHS = [SEARCH, LIST, FEED]
ME = "/market/api/me"
MEANINGS = {
    "throttled": (4290, 429),
    "risk_control": (4510, 403),
    "session_expired": (4010, 401),
    "account_suspended": (4030, 403),
    "gone": (4100, 410),
    "bad_request": (4000, 400),
}
ORDERED = {
    "market_throttled": "throttled",
    "market_risk": "risk_control",
    "market_expired": "session_expired",
    "market_suspended": "account_suspended",
    "market_gone": "gone",
    "market_bad_request": "bad_request",
}
SPOILT = {"market_empty_list", "market_no_list", "market_null_entry"}


@pytest.fixture
def enter(visit: Visit) -> Callable[..., Client]:
    """A client of the marketplace, signed in by cookie."""

    def open_client(server: SandboxServer, account: str = "shop1") -> Client:
        client = visit(server, None)
        client.http.cookies.set("market_session", account)
        return client

    return open_client


@pytest.fixture
def buyer(start: Start, enter: Callable[..., Client]) -> Client:
    return enter(start())


def meaning(answer: requests.Response, path: str) -> str:
    """What a refusal means, read in the dialect of its endpoint."""
    body = answer.json()
    if path == LIST:
        assert body["success"] is False
        assert answer.status_code == MEANINGS[body["error"]][1]
        return str(body["error"])
    assert answer.status_code == 200
    if path == FEED:
        assert body["ok"] == 0
        return str(body["error"]["type"])
    assert body["data"] is None
    return next(name for name, (code, _) in MEANINGS.items() if code == body["status"]["code"])


def first_page(client: Client, path: str, category: str = "美妆") -> requests.Response:
    return client.get(path, category=category)


def creators(body: dict[str, Any]) -> list[dict[str, Any]]:
    if "data" in body:
        return [each for group in body["data"]["groups"] for each in group["creators"]]
    if "result" in body:
        return list(body["result"]["items"])
    return [edge["node"] for edge in body["page"]["edges"]]


def truth(client: Client) -> list[int]:
    uids: list[int] = client.get("/__sandbox__/creators", domain="美妆").json()["uids"]
    return uids


def test_page_numbers_find_every_creator_once(buyer: Client) -> None:
    found: list[dict[str, Any]] = []
    page, total = 1, 1
    while len(found) < total:
        body = buyer.get(SEARCH, category="美妆", page=page, page_size=30).json()
        assert body["status"]["code"] == 0
        found += creators(body)
        assert body["data"]["paging"]["page"] == page
        page, total = page + 1, body["data"]["paging"]["total"]
    assert (page, total) == (5, 100)
    assert sorted(int(each["id"]) for each in found) == sorted(truth(buyer))
    assert buyer.stats()["pages"] == 4


def test_offsets_find_every_creator_once(buyer: Client) -> None:
    found: list[dict[str, Any]] = []
    while True:
        body = buyer.get(LIST, category="美妆", offset=len(found), limit=50).json()
        found += creators(body)
        if len(found) >= body["result"]["total"]:
            break
    assert [each["id"] for each in found] == truth(buyer)


def test_cursors_find_every_creator_once(buyer: Client) -> None:
    found: list[dict[str, Any]] = []
    cursor, more = "", True
    while more:
        page = buyer.get(FEED, category="美妆", cursor=cursor).json()
        found += creators(page)
        cursor, more = page["page"]["end_cursor"], page["page"]["has_more"]
    assert cursor is None
    assert [int(each["id"]) for each in found] == truth(buyer)
    assert (buyer.stats()["pages"], buyer.stats()["duplicate_pages"]) == (5, 0)


def test_creators_are_those_of_the_search(buyer: Client, visit: Visit) -> None:
    hits = visit(buyer.server).search()["data"]["result"]
    same = creators(buyer.get(LIST, category="美妆").json())
    assert [(each["profile"]["nickname"], each["stats"]["followers"]) for each in same] == [
        (hit["uname"], hit["fans"]) for hit in hits
    ]


@pytest.mark.parametrize("path", PATHS)
def test_pages_served_again_are_duplicates(buyer: Client, path: str) -> None:
    for _ in range(2):
        assert len(creators(first_page(buyer, path).json())) == 20
    assert buyer.stats()["duplicate_pages"] == 1


@pytest.mark.parametrize("path", PATHS)
def test_unknown_and_closed_categories(buyer: Client, path: str) -> None:
    assert creators(first_page(buyer, path, "nobody").json()) == []
    assert meaning(first_page(buyer, path, "closed-1"), path) == "gone"
    assert meaning(buyer.get(path), path) == "bad_request"
    assert buyer.stats()["pages"] == 0


@pytest.mark.parametrize(
    ("path", "params"),
    [
        (SEARCH, {"page": "0"}),
        (SEARCH, {"page_size": "51"}),
        (LIST, {"offset": "-1"}),
        (LIST, {"limit": "0"}),
        (FEED, {"cursor": "x"}),
        (FEED, {"cursor": "YWI="}),
    ],
)
def test_bad_paging(buyer: Client, path: str, params: dict[str, str]) -> None:
    assert meaning(buyer.get(path, category="美妆", **params), path) == "bad_request"


@pytest.mark.parametrize("path", PATHS)
def test_sessions_by_cookie_or_header(buyer: Client, path: str, visit: Visit) -> None:
    stranger = visit(buyer.server, "acc1")
    assert meaning(first_page(stranger, path), path) == "session_expired"
    stranger.http.headers["X-Market-Token"] = "shop2"
    assert len(creators(first_page(stranger, path).json())) == 20
    assert stranger.get(ME).json()["data"]["user"]["name"] == "shop2"
    accounts = buyer.stats()["other_accounts"]["market"]
    assert (list(accounts), accounts["shop2"]["pages"]) == (["shop2"], 1)


@pytest.mark.parametrize("path", PATHS)
def test_rates_bans_and_expiries(
    start: Start, enter: Callable[..., Client], now: Clock, path: str
) -> None:
    server = start(rate=RateLimit(3, 10.0), good_answers_before_ban=2)
    good, banned, expired = (enter(server, name) for name in ("a", "banned-1", "expired-1"))
    for _ in range(3):
        assert creators(first_page(good, path).json())
    refused = first_page(good, path)
    assert meaning(refused, path) == "throttled"
    assert ("Retry-After" in refused.headers) == (path == LIST)
    now.secs += 10
    assert creators(first_page(good, path).json())
    for client, word in ((banned, "account_suspended"), (expired, "session_expired")):
        assert all(creators(first_page(client, path).json()) for _ in range(2))
        assert meaning(first_page(client, path), path) == word
        assert client.get(ME).json()["status"]["code"] == MEANINGS[word][0]
    stats = server.stats()
    assert (stats["over_limit"], stats["after_ban"]) == (1, 2)


def test_every_kind_is_tested() -> None:
    assert {*ORDERED, *SPOILT} == set(KINDS)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("kind", "word"), ORDERED.items())
def test_refusals_by_order(buyer: Client, path: str, kind: str, word: str) -> None:
    buyer.order({"kind": kind})
    assert meaning(first_page(buyer, path), path) == word
    assert creators(first_page(buyer, path).json())
    assert buyer.stats()["pages"] == 1


@pytest.mark.parametrize("path", PATHS)
def test_spoilt_pages_by_order(buyer: Client, path: str) -> None:
    for kind in sorted(SPOILT):
        buyer.order({"kind": kind})
    assert creators(first_page(buyer, path).json()) == []
    with pytest.raises(KeyError):
        creators(first_page(buyer, path).json())
    assert creators(first_page(buyer, path).json()) == [None]
    assert buyer.stats()["pages"] == 0
