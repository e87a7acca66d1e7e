"""Every kind of fault as a client sees it, faults on demand, and the random profiles."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox import RateLimit, SandboxServer
from sandbox.fault_kind import BILIBILI, Asked
from sandbox.fault_kinds import ALL_KINDS
from sandbox.fault_plan import FaultPlan
from sandbox.faults import KINDS
from tests.support.processes.launcher import wait_until
from tests.support.sandbox.sandbox_client import SEARCH, VIEW, Client

Start = Callable[..., SandboxServer]
Visit = Callable[..., Client]

ASKED = Asked(BILIBILI, SEARCH, "acc1", shows="hits")
CODES = {
    "code_500": -500,
    "code_503": -503,
    "code_504": -504,
    "code_8888": -8888,
    "risk_voucher": -352,
    "risk_bare": -352,
    "captcha": -401,
    "code_509": -509,
}
SPOILT_SUCCESSES: dict[str, Callable[[Any], bool]] = {
    "voucher_only": lambda data: list(data) == ["v_voucher"],
    "empty_data": lambda data: data == {},
    "null_data": lambda data: data is None,
    "null_result": lambda data: data["result"] is None and data["numPages"] == 5,
    "result_string": lambda data: isinstance(data["result"], str),
    "null_entry": lambda data: data["result"].count(None) == 1 and len(data["result"]) == 20,
    "mid_object": lambda data: sum(isinstance(hit["mid"], dict) for hit in data["result"]) == 1,
}
HTML = {"http_500": 500, "http_502": 502, "http_503": 503, "html_412": 412, "html_200": 200}
BROKEN = {
    "drop": requests.ConnectionError,
    "truncated_body": requests.exceptions.ChunkedEncodingError,
    "truncated_json": requests.JSONDecodeError,
    "empty_body": requests.JSONDecodeError,
}


def test_every_kind_is_tested() -> None:
    tested = {*CODES, *SPOILT_SUCCESSES, *HTML, *BROKEN, "delay", "code_412"}
    assert tested == set(KINDS)


@pytest.fixture
def faulty(client: Client) -> Any:
    """Search once under a fault; afterwards the fault was counted, no page was, and it is over."""

    def search(kind: str) -> requests.Response:
        client.order({"kind": kind})
        try:
            return client.search_answer()
        finally:
            stats = client.stats()
            assert stats["faults"] == {kind: 1}
            assert stats["pages"] == stats["accounts"]["acc1"]["pages"] == 0
            assert client.search()["code"] == 0

    return search


@pytest.mark.parametrize(("kind", "code"), CODES.items())
def test_error_codes(faulty: Any, kind: str, code: int) -> None:
    answer = faulty(kind)
    assert (answer.status_code, answer.json()["code"]) == (200, code)
    assert ("v_voucher" in answer.json().get("data", {})) == (kind == "risk_voucher")
    assert ("ga_data" in answer.json().get("data", {})) == (kind == "captcha")


@pytest.mark.parametrize("kind", SPOILT_SUCCESSES)
def test_success_that_is_none(faulty: Any, kind: str) -> None:
    body = faulty(kind).json()
    assert body["code"] == 0
    assert SPOILT_SUCCESSES[kind](body["data"])


@pytest.mark.parametrize(("kind", "status"), HTML.items())
def test_web_pages(faulty: Any, kind: str, status: int) -> None:
    answer = faulty(kind)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert ("错误号: 412" in answer.text) == (kind == "html_412")


@pytest.mark.parametrize(("kind", "error"), BROKEN.items())
def test_broken_answers(faulty: Any, kind: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        faulty(kind).json()


def test_blocked_by_json(faulty: Any) -> None:
    answer = faulty("code_412")
    assert (answer.status_code, answer.json()["code"]) == (412, -412)


def test_a_late_answer_is_good_and_counts(client: Client) -> None:
    client.order({"kind": "delay", "delay_secs": 0.2})
    begin = time.monotonic()
    assert client.search()["code"] == 0
    assert time.monotonic() - begin >= 0.2
    assert client.stats()["pages"] == 1
    assert client.stats()["faults"] == {"delay": 1}


def test_a_late_answer_that_nobody_waited_for_is_no_page(client: Client) -> None:
    client.order({"kind": "delay", "delay_secs": 2})
    with pytest.raises(requests.Timeout):
        client.search_answer(timeout=0.1)
    wait_until(lambda: client.stats()["pages"] == 0, "the page taken back")
    assert client.search()["code"] == 0
    assert client.stats()["duplicate_pages"] == 0


def test_orders_are_matched_and_used_up_in_turn(start: Start, visit: Visit) -> None:
    server = start()
    one, two = visit(server, "acc1"), visit(server, "acc2")
    one.order(
        {"kind": "code_500", "times": 2, "account": "acc2"},
        {"kind": "code_503", "page": 3},
        {"kind": "code_504", "keyword": "游戏"},
    )
    assert one.search()["code"] == 0
    assert [two.search()["code"] for _ in range(3)] == [-500, -500, 0]
    assert [one.search(page=page)["code"] for page in (2, 3, 3)] == [0, -503, 0]
    assert [one.search("游戏")["code"] for _ in range(2)] == [-504, 0]
    assert server.stats()["faults"] == {"code_500": 2, "code_503": 1, "code_504": 1}


def test_view_takes_only_faults_that_fit(client: Client) -> None:
    aid = next(hit["aid"] for hit in client.search()["data"]["result"][0]["res"])
    client.order({"kind": "null_entry"}, {"kind": "code_500", "page": 1}, {"kind": "code_8888"})
    assert client.get(VIEW, aid=aid).json()["code"] == -8888
    assert client.get(VIEW, aid=aid).json()["code"] == 0


def test_faults_wait_for_a_request_that_would_have_been_answered(client: Client) -> None:
    client.order({"kind": "code_500"})
    assert client.search(page=0)["code"] == -400
    assert client.search()["code"] == -500


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ({"kind": "drop"}, "list"),
        (["drop"], "object"),
        ([{"kind": "explode"}], "explode"),
        ([{}], "kind"),
        ([{"kind": ["drop"]}], "kind"),
        ([{"kind": "drop", "tiems": 2}], "tiems"),
        ([{"kind": "drop", "times": 0}], "times"),
        ([{"kind": "drop", "times": True}], "times"),
        ([{"kind": "drop", "page": "3"}], "page"),
        ([{"kind": "drop", "account": 3}], "account"),
        ([{"kind": "drop"}, {"kind": "drop", "delay_secs": -1}], "delay_secs"),
    ],
)
def test_orders_not_understood(client: Client, payload: object, problem: str) -> None:
    answer = client.post("/__sandbox__/faults", payload)
    assert answer.status_code == 400
    assert problem in answer.json()["error"]
    assert answer.json()["kinds"] == list(ALL_KINDS)
    assert client.search()["code"] == 0


def test_body_that_is_no_json(client: Client) -> None:
    url = client.server.url + "/__sandbox__/faults"
    assert client.http.post(url, data=b"{", timeout=10).status_code == 400


@pytest.mark.parametrize(
    ("profile", "share", "kinds"),
    [("none", 0.0, set()), ("mild", 0.03, None), ("harsh", 0.12, set(KINDS))],
)
def test_profiles_draw_their_share(profile: str, share: float, kinds: set[str] | None) -> None:
    plan = FaultPlan(profile=profile, seed=1)
    draws = [plan.draw(ASKED) for _ in range(20_000)]
    drawn = [draw.kind for draw in draws if draw]
    assert len(drawn) == pytest.approx(20_000 * share, rel=0.15)
    mild = {name for name, kind in KINDS.items() if kind.is_mild}
    assert set(drawn) == (mild if kinds is None else kinds)


def test_profiles_repeat_with_the_seed() -> None:
    first, twin, other = (FaultPlan(profile="harsh", seed=seed) for seed in (1, 1, 2))
    some = [first.draw(ASKED) for _ in range(200)]
    assert some == [twin.draw(ASKED) for _ in range(200)]
    assert some != [other.draw(ASKED) for _ in range(200)]


def test_pages_counted_under_harsh_faults_are_the_pages_got(start: Start, visit: Visit) -> None:
    client = visit(start(faults="harsh", rate=RateLimit(10_000, 1.0)))
    good = sum(_is_good_page(client, page % 5 + 1) for page in range(300))
    stats = client.stats()
    assert stats["pages"] == good == stats["accounts"]["acc1"]["pages"]
    spoilt = sum(times for kind, times in stats["faults"].items() if kind != "delay")
    assert good + spoilt == 300
    assert spoilt > 10


def test_hanging_up_closes_only_that_connection(client: Client) -> None:
    host, port = client.server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as other:
        client.order({"kind": "drop"})
        with pytest.raises(requests.ConnectionError):
            client.search()
        other.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert other.recv(100).startswith(b"HTTP/1.1 200")


def _is_good_page(client: Client, page: int) -> bool:
    try:
        hits = client.search(page=page)["data"]["result"]
        return all(isinstance(hit["mid"], int) for hit in hits)
    except (requests.RequestException, KeyError, TypeError):
        return False
