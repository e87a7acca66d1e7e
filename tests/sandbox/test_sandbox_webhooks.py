"""Receivers of webhooks: how they behave, and the books they keep."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from standardwebhooks.webhooks import Webhook

from sandbox.webhook_signatures import DEFAULT_SECRET, check
from tests.support.sandbox.sandbox_client import WALL_SECS, Client


def post(client: Client, path: str, event_id: str = "e1", **more: Any) -> requests.Response:
    return client.http.post(
        client.server.url + path,
        headers={"webhook-id": event_id, **more.pop("headers", {})},
        allow_redirects=False,
        timeout=10,
        **{"data": b"{}"} | more,
    )


def inbox(client: Client, name: str) -> dict[str, Any]:
    told: dict[str, Any] = client.get("/__sandbox__/webhooks").json()["receivers"][name]
    return told


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        ("ok", 200),
        ("error", 500),
        ("redirect", 302),
        ("gone", 410),
        ("throttle", 429),
        ("signed", 401),
    ],
)
def test_it_behaves_as_its_path_says(client: Client, behaviour: str, status: int) -> None:
    answer = post(client, f"/webhooks/{behaviour}")
    assert answer.status_code == status
    assert inbox(client, behaviour)["arrivals"] == [["e1", status]]


def test_it_keeps_books(client: Client) -> None:
    for event_id, body in (("a", b"1"), ("b", b"2"), ("a", b"1"), ("c", b"1"), ("b", b"3")):
        post(client, "/webhooks/ok/books", event_id, data=body)
    seen = inbox(client, "books")
    assert (seen["requests"], seen["ids"], seen["accepted"], seen["repeats"]) == (5, 3, 3, 2)
    assert (seen["second_ids"], seen["changed_bodies"]) == (1, 1)
    assert seen["order"] == ["a", "b", "c"]


def test_half_of_the_requests_fail_by_a_seeded_coin(client: Client) -> None:
    statuses = [post(client, "/webhooks/half", f"e{n}").status_code for n in range(100)]
    assert 30 < statuses.count(500) < 70
    client.post("/__sandbox__/reset")
    assert [post(client, "/webhooks/half", f"e{n}").status_code for n in range(100)] == statuses


def test_an_order_changes_a_receiver_for_a_while(client: Client) -> None:
    client.control("webhooks", name="x", behaviour="throttle", times=2, retry_after=7)
    answers = [post(client, "/webhooks/ok/x", f"e{n}") for n in range(3)]
    assert [one.status_code for one in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"


@pytest.mark.parametrize("behaviour", ["drop", "garbage"])
def test_it_breaks_off(client: Client, behaviour: str) -> None:
    with pytest.raises(requests.ConnectionError):
        post(client, f"/webhooks/{behaviour}")
    assert inbox(client, behaviour)["arrivals"] == [["e1", 0]]


def test_a_slow_answer_comes_after_its_delay(client: Client) -> None:
    client.control("webhooks", name="x", behaviour="slow", delay_secs=0.01)
    assert post(client, "/webhooks/ok/x").status_code == 200
    host, port = client.server.url.removeprefix("http://").split(":")
    client.control("webhooks", name="y", behaviour="slow", delay_secs=600)
    with socket.create_connection((host, int(port))) as waiting:
        waiting.sendall(b"POST /webhooks/ok/y HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        waiting.settimeout(0.2)
        with pytest.raises(TimeoutError):
            waiting.recv(1)


def test_a_huge_answer_has_ten_megabytes(client: Client) -> None:
    assert len(post(client, "/webhooks/huge").content) == 10_000_000


def test_signatures_are_verified_by_the_specification(client: Client) -> None:
    body = '{"test": "短剧"}'
    stamp = str(WALL_SECS)
    signature = Webhook(DEFAULT_SECRET).sign("e1", datetime.fromtimestamp(WALL_SECS, UTC), body)
    good = {"webhook-id": "e1", "webhook-timestamp": stamp, "webhook-signature": signature}
    raw = body.encode()
    secrets = [DEFAULT_SECRET]
    assert check(good, raw, secrets, WALL_SECS) == "good"
    assert check(good | {"webhook-signature": f"v1,AAAA {signature}"}, raw, secrets, WALL_SECS) == (
        "good"
    )
    assert check(good, raw + b" ", secrets, WALL_SECS) == "bad"
    assert check(good, raw, ["whsec_AAAA"], WALL_SECS) == "bad"
    assert check(good, raw, secrets, WALL_SECS + 301) == "bad"
    assert check({}, raw, secrets, WALL_SECS) == "none"
    assert post(client, "/webhooks/signed", headers=good, data=raw).status_code == 200


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"name": "x", "behaviour": "dance"},
        {"name": "x", "secrets": ["hunter2"]},
        {"name": "x", "times": "many"},
    ],
)
def test_an_order_that_is_not_understood_is_refused(client: Client, order: object) -> None:
    assert client.post("/__sandbox__/webhooks", order).status_code == 400


def test_half_a_request_is_none(client: Client) -> None:
    host, port = client.server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as dying:
        dying.sendall(b"POST /webhooks/ok HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
        dying.shutdown(socket.SHUT_WR)
        assert dying.recv(1) == b""  # it hangs up
    assert client.get("/__sandbox__/webhooks").json()["receivers"] == {}


def test_other_paths_are_no_receivers(client: Client) -> None:
    for path in ("/webhooks", "/webhooks/dance", "/webhooks/ok/a/b"):
        assert post(client, path).status_code == 404
