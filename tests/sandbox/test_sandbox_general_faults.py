"""Orders for any answer, blocks at the edge, hostile bodies, and lists that lie."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox import SandboxServer
from sandbox.general_faults import KINDS as GENERAL
from sandbox.list_faults import KINDS as LISTS
from tests.support.processes.launcher import wait_until
from tests.support.sandbox.sandbox_client import BATCH, SEARCH, VIEW, Client

Start = Callable[..., SandboxServer]
Visit = Callable[..., Client]
NAV = "/x/web-interface/nav"
SPI = "/x/frontend/finger/spi"
QR_POLL = "/x/passport-login/web/qrcode/poll"
UPLOADS = "/x/space/wbi/arc/search"
MIB = 1 << 20
TESTED = {"answer", "block", "trickle", "huge", "bomb", "bad_gzip", "garbage"}
HIT_LISTS: dict[str, Callable[[Any], bool]] = {
    "no_result": lambda data: "result" not in data and data["numPages"] == 5,
    "no_hits": lambda data: "result" not in data and data["numPages"] == 0,
    "more_pages": lambda data: len(data["result"]) == 20 and data["numPages"] == 8,
    "voucher_beside": lambda data: {"v_voucher", "seid"} < set(data) and "result" not in data,
}
UPLOAD_LISTS: dict[str, Callable[[Any], bool]] = {
    "null_bvid": lambda data: [each["bvid"] for each in data["list"]["vlist"]].count(None) == 1,
    "null_uploads": lambda data: data["list"]["vlist"] is None and data["page"]["count"] == 0,
}


@pytest.fixture
def one_upload(client: Client) -> dict[str, str]:
    """The signed query for the uploads of a creator who has some."""
    mid = client.search()["data"]["result"][0]["mid"]
    return client.signed(mid=mid, pn=1, ps=30)


def test_every_kind_is_tested() -> None:
    assert set(GENERAL) == TESTED
    assert set(LISTS) == {*HIT_LISTS, *UPLOAD_LISTS}


@pytest.mark.parametrize("code", [-110, -1200, 0, 7, 123456789, -99999, "-352", None])
def test_any_code_with_message_and_data(client: Client, code: object) -> None:
    client.order({"kind": "answer", "code": code, "message": "测试", "data": {"v": None}})
    assert client.search() == {"code": code, "message": "测试", "ttl": 1, "data": {"v": None}}
    assert client.search()["code"] == 0
    assert client.stats()["faults"] == {"answer": 1}


def test_a_known_code_has_the_message_of_the_platform(client: Client) -> None:
    client.order({"kind": "answer", "code": -404}, {"kind": "answer", "code": -643})
    assert client.search() == {"code": -404, "message": "啥都木有", "ttl": 1}
    assert client.search() == {"code": -643, "message": "-643", "ttl": 1}


@pytest.mark.parametrize("status", [301, 404, 405, 412, 429, 452, 525, 999])
def test_any_status_headers_and_text(client: Client, status: int) -> None:
    client.order(
        {
            "kind": "answer",
            "http": status,
            "body": "<html>流量</html>",
            "headers": {"Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT", "X-Error": 7},
        }
    )
    query = client.signed(keyword="美妆", page=1, search_type="bili_user")
    answer = client.http.get(client.server.url + SEARCH, params=query, timeout=10)
    assert (answer.status_code, answer.content.decode()) == (status, "<html>流量</html>")
    assert answer.headers["Retry-After"].startswith("Fri, 31 Dec")
    assert answer.headers["X-Error"] == "7"
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_redirect_to_a_login_page(client: Client) -> None:
    client.order({"kind": "answer", "http": 302, "headers": {"Location": "/login"}, "body": ""})
    params = {"aid": str(client.truth(count=1, state="visible")[0]["aid"])}
    url = client.server.url + VIEW
    answer = client.http.get(url, params=params, allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")


def test_a_body_of_json_for_another_platform(client: Client) -> None:
    problem = {"error": {"code": 403, "errors": [{"reason": "accessNotConfigured"}]}}
    client.order({"kind": "answer", "endpoint": "youtube", "http": 403, "body": problem})
    answer = client.get("/youtube/v3/videos", part="id", id="a", key="k")
    assert (answer.status_code, answer.json()) == (403, problem)


@pytest.mark.parametrize(
    ("name", "path", "good"), [("nav", NAV, "mid"), ("spi", SPI, "b_3"), ("home", "/", "")]
)
def test_quiet_endpoints_by_name(client: Client, name: str, path: str, good: str) -> None:
    client.order({"kind": "answer", "endpoint": name, "code": -509, "http": 503})
    assert client.get(path).status_code == 503
    answer = client.get(path)
    assert answer.status_code == 200
    assert not good or good in answer.json()["data"]


def test_a_state_of_a_qr_code_that_nobody_knows(client: Client) -> None:
    order = {"kind": "answer", "endpoint": "passport", "code": 0, "data": {"code": 86066}}
    client.order(order)
    assert client.get(QR_POLL, qrcode_key="x").json()["data"] == {"code": 86066}
    assert client.get(QR_POLL, qrcode_key="x").json()["data"]["code"] == 86038


def test_a_block_refuses_everything_of_a_platform_and_nothing_else(
    start: Start, visit: Visit
) -> None:
    server = start()
    client, nobody = visit(server), visit(server, None)
    client.order({"kind": "block", "endpoint": "bilibili", "times": 4})
    answers = [client.search_answer(), client.get(NAV), nobody.get(VIEW, aid=2), client.get(SPI)]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(412, -412)] * 4
    assert client.get("/youtube/v3/videos", part="id", id="a", key="k").status_code == 200
    assert client.search()["code"] == 0
    requested = client.stats()["requests"]["bilibili"]
    assert requested == {SEARCH: 2, NAV: 1, VIEW: 1, SPI: 1}


def test_a_block_of_one_endpoint_lets_nav_through(client: Client) -> None:
    client.order({"kind": "block", "endpoint": "view", "times": 2})
    assert client.search()["code"] == 0
    assert client.get(NAV).json()["code"] == 0
    assert client.get(VIEW, aid=2).status_code == 412


def test_a_block_with_another_answer(client: Client) -> None:
    client.order({"kind": "block", "code": -101}, {"kind": "block", "http": 403, "body": "no"})
    refused = client.get(NAV)
    assert (refused.status_code, refused.json()["code"]) == (200, -101)
    refused = client.search_answer()
    assert (refused.status_code, refused.text) == (403, "no")


def test_a_trickled_answer_is_good_and_slow(client: Client) -> None:
    client.order({"kind": "trickle", "endpoint": "nav", "every_secs": 0.002})
    begin = time.monotonic()
    answer = client.get(NAV)
    assert answer.json()["code"] == 0
    assert time.monotonic() - begin >= 0.002 * len(answer.content)


def test_a_trickled_page_counts_only_if_it_arrives(client: Client) -> None:
    client.order({"kind": "trickle", "every_secs": 0.05})
    query = client.signed(keyword="美妆", page=1, search_type="bili_user")
    url = client.server.url + SEARCH
    with client.http.get(url, params=query, stream=True, timeout=10) as answer:
        assert len(answer.raw.read(3)) == 3
        assert client.stats()["pages"] == 1
    wait_until(lambda: client.stats()["pages"] == 0, "the page taken back")


@pytest.mark.parametrize("kind", ["huge", "bomb"])
def test_the_good_answer_stands_after_megabytes(client: Client, kind: str) -> None:
    client.order({"kind": kind, "endpoint": "nav", "size_mib": 3})
    with client.http.get(client.server.url + NAV, stream=True, timeout=10) as answer:
        on_the_wire = int(answer.headers["Content-Length"])
        assert (on_the_wire > 3 * MIB) is (kind == "huge")
        assert (on_the_wire < 10_000) is (kind == "bomb")
        assert len(answer.content) > 3 * MIB
        assert answer.json()["data"]["uname"] == "acc1"


def test_a_body_that_is_not_compressed_as_it_says(client: Client) -> None:
    client.order({"kind": "bad_gzip"})
    with pytest.raises(requests.exceptions.ContentDecodingError):
        client.search()


def test_what_is_no_http(client: Client) -> None:
    client.order({"kind": "garbage"})
    with pytest.raises(requests.ConnectionError):
        client.search()
    assert client.search()["code"] == 0


@pytest.mark.parametrize("kind", HIT_LISTS)
def test_searches_that_lie(client: Client, kind: str) -> None:
    client.order({"kind": kind, "page": 1})
    spoilt = client.search()
    assert spoilt["code"] == 0
    assert HIT_LISTS[kind](spoilt["data"])
    assert not HIT_LISTS[kind](client.search()["data"])


def test_the_promised_pages_are_empty_and_promise_more(client: Client) -> None:
    client.order({"kind": "more_pages", "for_secs": 60})
    for page in (5, 6, 8):
        data = client.search(page=page)["data"]
        assert (data["numPages"], "result" in data) == (8, page == 5)


@pytest.mark.parametrize("kind", UPLOAD_LISTS)
def test_uploads_that_lie(client: Client, one_upload: dict[str, str], kind: str) -> None:
    client.order({"kind": kind})
    spoilt = client.get(UPLOADS, **one_upload).json()["data"]
    assert UPLOAD_LISTS[kind](spoilt)
    assert not UPLOAD_LISTS[kind](client.get(UPLOADS, **one_upload).json()["data"])


def test_signed_out_for_the_batch_only(client: Client) -> None:
    video = client.truth(count=1, state="visible")[0]
    client.order({"kind": "code_101", "endpoint": "batch", "for_secs": 60})
    assert client.get(BATCH, resources=f"{video['aid']}:2").json()["code"] == -101
    assert client.get(VIEW, aid=video["aid"]).json()["code"] == 0
    assert client.get(NAV).json()["code"] == 0
