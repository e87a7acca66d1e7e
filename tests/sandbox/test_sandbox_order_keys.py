"""Which requests an order hits and for how long, and what is counted for each order."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from sandbox import SandboxServer
from tests.support.processes.launcher import wait_until
from tests.support.sandbox.sandbox_client import SEARCH, VIEW, Client, Clock

Start = Callable[..., SandboxServer]
Visit = Callable[..., Client]
NAV = "/x/web-interface/nav"


def test_an_order_for_a_time_ends_with_it(client: Client, now: Clock) -> None:
    client.order({"kind": "code_500", "for_secs": 30})
    assert [client.search()["code"] for _ in range(3)] == [-500] * 3
    now.secs += 29.9
    assert client.search()["code"] == -500
    now.secs += 0.1
    assert client.search()["code"] == 0
    assert client.post("/__sandbox__/faults", []).json()["queued"] == 0


def test_all_accounts_but_one(start: Start, visit: Visit) -> None:
    server = start()
    one, two, three = (visit(server, f"acc{number}") for number in (1, 2, 3))
    one.order({"kind": "risk_bare", "except_account": "acc2", "for_secs": 60})
    assert [each.search()["code"] for each in (one, two, three)] == [-352, 0, -352]


def test_the_first_accounts_that_ask(start: Start, visit: Visit) -> None:
    server = start()
    clients = [visit(server, f"acc{number}") for number in (1, 2, 3)]
    clients[0].order({"kind": "code_509", "accounts": 2, "for_secs": 60})
    for _ in range(2):
        assert [each.search()["code"] for each in clients] == [-509, -509, 0]


def test_a_share_of_the_requests(client: Client) -> None:
    client.order({"kind": "code_500", "share": 0.5, "for_secs": 60, "endpoint": "search"})
    refused = sum(client.search()["code"] == -500 for _ in range(100))
    assert 25 < refused < 75
    assert client.stats()["faults"] == {"code_500": refused}


@pytest.mark.parametrize("endpoint", ["search", SEARCH, "/x/web-interface/*"])
def test_endpoints_by_name_path_and_beginning(client: Client, endpoint: str) -> None:
    client.order({"kind": "code_500", "endpoint": endpoint})
    assert client.search()["code"] == -500


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        ({"kind": "drop", "times": 2, "for_secs": 3}, "together"),
        ({"kind": "drop", "for_secs": 0}, "for_secs"),
        ({"kind": "drop", "for_secs": "3"}, "for_secs"),
        ({"kind": "drop", "accounts": 0}, "accounts"),
        ({"kind": "drop", "except_account": 3}, "except_account"),
        ({"kind": "drop", "share": 1.1}, "share"),
        ({"kind": "drop", "egress": 1}, "egress"),
        ({"kind": "drop", "endpoint": "searching"}, "endpoint"),
        ({"kind": "drop", "code": 3}, "the kind drop has no code"),
        ({"kind": "trickle", "size_mib": 3}, "the kind trickle has no size_mib"),
        ({"kind": "answer", "http": 99}, "http"),
        ({"kind": "answer", "headers": {"X": "a\r\nY: b"}}, "headers"),
        ({"kind": "answer", "headers": ["X"]}, "headers"),
        ({"kind": "bomb", "size_mib": 5_000}, "size_mib"),
        ({"kind": "trickle", "every_secs": 0}, "every_secs"),
        ({"kind": "block", "page": 3}, "the kind block does not know the page"),
    ],
)
def test_orders_not_understood(client: Client, order: dict[str, object], problem: str) -> None:
    answer = client.post("/__sandbox__/faults", [order])
    assert answer.status_code == 400
    assert problem in answer.json()["error"]
    assert client.search()["code"] == 0


def test_departures_are_what_is_asked_after_the_first_refusal(start: Start, visit: Visit) -> None:
    server = start()
    one, two = visit(server, "acc1"), visit(server, "acc2")
    one.search()
    one.order({"kind": "block", "endpoint": "bilibili", "for_secs": 60})
    assert server.stats()["orders"][0]["departures"] == 0
    assert one.search_answer().status_code == 412
    assert server.stats()["orders"][0]["departures"] == 0
    two.get(VIEW, aid=2)
    two.search_answer()
    two.get(NAV)
    two.get("/youtube/v3/videos", part="id", id="a", key="k")
    assert server.stats()["orders"] == [
        {
            "order": 1,
            "kind": "block",
            "refused": 4,
            "refused_accounts": ["acc1", "acc2"],
            "departures": 2,
            "quiet_departures": 1,
            "departures_by_endpoint": {VIEW: 1, NAV: 1, SEARCH: 1},
            "departures_by_egress": {"direct": 3},
        }
    ]


def test_what_was_under_way_is_no_departure(start: Start, visit: Visit) -> None:
    server = start()
    slow, quick, late = (visit(server, f"acc{number}") for number in (1, 2, 3))
    slow.order({"kind": "code_412", "account": "acc1", "delay_secs": 1.5, "for_secs": 60})
    answered = threading.Thread(target=slow.search)
    answered.start()
    wait_until(lambda: server.stats()["faults"], "the refusal that is under way")
    quick.search()
    answered.join()
    late.search()
    report = server.stats()["orders"][0]
    assert (report["refused"], report["departures"]) == (1, 1)


def test_departures_count_for_the_order_in_force_and_its_unit_only(
    client: Client, now: Clock
) -> None:
    client.order({"kind": "code_500", "endpoint": "view", "for_secs": 10})
    video = client.truth(count=1, state="visible")[0]
    for _ in range(3):
        client.get(VIEW, aid=video["aid"])
        client.search()
    now.secs += 10
    client.get(VIEW, aid=video["aid"])
    report = client.stats()["orders"][0]
    assert (report["refused"], report["departures"]) == (3, 2)


def test_orders_are_numbered_and_forgotten_by_a_reset(client: Client) -> None:
    order = {"kind": "code_500", "times": 2}
    first = client.post("/__sandbox__/faults", [order, order]).json()
    assert first == {"queued": 4, "orders": [1, 2]}
    client.post("/__sandbox__/reset")
    assert client.stats()["orders"] == []
    assert client.post("/__sandbox__/faults", [order]).json() == {"queued": 2, "orders": [3]}
