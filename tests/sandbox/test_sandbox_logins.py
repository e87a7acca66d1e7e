"""Logins that change: one member under two names, swapped, renewed and emptied cookies, devices."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from sandbox import SandboxServer
from tests.support.sandbox.sandbox_client import Client

Start = Callable[..., SandboxServer]
Visit = Callable[..., Client]
NAV = "/x/web-interface/nav"


def mid_of(client: Client) -> int:
    return int(client.get(NAV).json()["data"]["mid"])


def use(client: Client, session: str) -> None:
    client.http.cookies.clear()
    client.http.cookies.set("SESSDATA", session)
    client.http.cookies.set("buvid3", "TEST-infoc")


def test_two_names_of_one_member(start: Start, visit: Visit) -> None:
    server = start()
    one, two = visit(server, "acc1"), visit(server, "acc2")
    assert mid_of(one) != mid_of(two)
    shown = one.control("identity", account="acc2", same_as="acc1")
    assert shown == {"account": "acc2", "mid": mid_of(one)}
    assert mid_of(two) == mid_of(one)
    one.post("/__sandbox__/reset")
    assert mid_of(two) != mid_of(one)


def test_a_swapped_login_is_shown_by_nav_and_by_sign_in(client: Client) -> None:
    client.control("identity", account="acc1", mid=222)
    assert mid_of(client) == 222
    key = client.get("/x/passport-login/web/qrcode/generate").json()["data"]["qrcode_key"]
    client.control("scan", step="confirm", account="acc1")
    client.get("/x/passport-login/web/qrcode/poll", qrcode_key=key)
    assert client.http.cookies["DedeUserID"] == "222"


@pytest.mark.parametrize("body", [{"mid": 0}, {"mid": 1.5}, {"mid": "1"}, {}, {"same_as": ""}])
def test_identities_that_are_none(client: Client, body: dict[str, object]) -> None:
    answer = client.post("/__sandbox__/identity", {"account": "acc1", **body})
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize("path", [NAV, "/x/web-interface/view"])
def test_a_renewed_session_ends_the_old_one_with_the_request_after(
    start: Start, visit: Visit, path: str
) -> None:
    server = start()
    client, old = visit(server, "acc1"), visit(server, "acc1")
    client.control("renew", account="acc1")
    answer = client.get(path, aid=2)
    renewed = answer.cookies["SESSDATA"]
    assert renewed not in ("", "acc1")
    assert answer.cookies["bili_jct"]
    assert old.get(NAV).json()["code"] == 0  # the request after it, which ends the old one
    assert old.get(NAV).json()["code"] == -101
    use(client, renewed)
    assert client.get(NAV).json()["data"]["uname"] == "acc1"
    assert "SESSDATA" not in client.get(NAV).cookies


def test_the_new_session_ends_the_old_one_as_well(start: Start, visit: Visit) -> None:
    server = start()
    client, old = visit(server, "acc1"), visit(server, "acc1")
    client.control("renew", account="acc1")
    renewed = client.get(NAV).cookies["SESSDATA"]
    use(client, renewed)
    assert client.get(NAV).json()["code"] == 0
    assert old.get(NAV).json()["code"] == -101


def test_a_session_that_is_over_is_not_renewed(client: Client) -> None:
    client.control("expire", account="acc1")
    client.control("renew", account="acc1")
    answer = client.get(NAV)
    assert answer.json()["code"] == -101
    assert "SESSDATA" not in answer.cookies


def test_everybody_is_signed_out_at_once(start: Start, visit: Visit) -> None:
    server = start()
    clients = [visit(server, f"acc{number}") for number in (1, 2, 3)]

    def codes() -> list[int]:
        return [client.get(NAV).json()["code"] for client in clients]

    clients[0].control("expire", everybody=True)
    assert codes() == [-101, -101, -101]
    assert clients[0].get(NAV).json()["data"]["wbi_img"]
    assert clients[2].search()["code"] == -101
    clients[0].control("revive", account="acc2")
    assert codes() == [-101, 0, -101]
    clients[0].control("expire", account="acc3")
    clients[0].control("revive", everybody=True)
    assert codes() == [0, 0, -101]
    both = clients[0].post("/__sandbox__/expire", {"account": "acc1", "everybody": True})
    assert both.status_code == 400


def test_an_answer_that_is_lost_leaves_the_renewal_for_the_next(client: Client) -> None:
    client.control("renew", account="acc1")
    client.order({"kind": "truncated_body"})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.search()
    assert client.search_answer().cookies["SESSDATA"]


@pytest.mark.parametrize("ends", [True, False])
def test_an_emptied_cookie(start: Start, visit: Visit, ends: bool) -> None:
    server = start()
    client, twin = visit(server, "acc1"), visit(server, "acc1")
    client.control("logout", account="acc1", ends=ends)
    answer = client.get(NAV)
    assert answer.json()["code"] == 0
    assert answer.headers["Set-Cookie"] == "SESSDATA=; Path=/; Max-Age=0"
    assert twin.get(NAV).json()["code"] == (-101 if ends else 0)
    assert "Set-Cookie" not in client.get(NAV).headers
    assert client.post("/__sandbox__/logout", {"account": "acc1", "ends": 1}).status_code == 400


def test_devices_and_the_accounts_that_show_them(start: Start, visit: Visit) -> None:
    server = start()
    one, two = visit(server, "acc1"), visit(server, "acc2")
    for _ in range(2):
        one.search()
    two.search()
    two.http.cookies.set("buvid3", "OTHER-infoc")
    two.search()
    assert server.stats()["devices"] == {
        "OTHER-infoc": {"requests": 1, "accounts": ["acc2"]},
        "TEST-infoc": {"requests": 3, "accounts": ["acc1", "acc2"]},
    }
