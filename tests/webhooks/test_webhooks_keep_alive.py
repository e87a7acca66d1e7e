"""Connections to receivers that are kept: when they are used again, and what they must not do."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from core.errors import NotSentError
from tests.support.webhooks.name_fixtures import Names
from tests.support.webhooks.raw_servers import raw_server, trickle
from webhooks.http_client import WebhookClient

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
HUGE = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000


class Receiver:
    """Answers each request by the next answer, and notes requests by connection."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self.connections: list[list[bytes]] = []

    def __call__(self, connection: socket.socket) -> None:
        heads: list[bytes] = []
        self.connections.append(heads)
        while request := received(connection):
            heads.append(request)
            answer = self._answers.pop(0)
            if not answer:
                return
            connection.sendall(answer)

    @property
    def requests(self) -> list[int]:
        """How many requests came over each connection."""
        return [len(heads) for heads in self.connections if heads]


def received(connection: socket.socket) -> bytes:
    """Return a request with its body, which is `{}`; empty when the client hung up."""
    request = b""
    while not request.endswith(b"{}"):
        piece = connection.recv(65536)
        if not piece:
            return b""
        request += piece
    return request


class Age:
    secs = 0.0

    def __call__(self) -> float:
        return self.secs


def client(**changes: float | Callable[[], float]) -> WebhookClient:
    values = {"timeout_secs": 5.0, "allowed_hosts": ("127.0.0.1",)}
    return WebhookClient(**(values | changes))  # type: ignore[arg-type]


NO_BODY = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.mark.parametrize("first", [OK, CHUNKED, NO_BODY], ids=["length", "chunked", "no body"])
def test_an_answer_read_to_its_end_leaves_the_connection_for_the_next_request(first: bytes) -> None:
    receiver = Receiver(first, OK)
    with raw_server(receiver) as port:
        ours = client()
        for _ in range(2):
            ours.post(f"http://127.0.0.1:{port}/", {}, b"{}")
    assert receiver.requests == [2]


def test_a_connection_whose_answer_was_not_read_to_its_end_is_closed() -> None:
    receiver = Receiver(HUGE, OK)
    with raw_server(receiver) as port:
        ours = client()
        assert len(ours.post(f"http://127.0.0.1:{port}/", {}, b"{}").text) == 64 * 1024
        assert ours.post(f"http://127.0.0.1:{port}/", {}, b"{}").text == "ok"
    assert receiver.requests == [1, 1]


@pytest.mark.parametrize(("secs", "requests"), [(3.9, [2]), (4.1, [1, 1])])
def test_an_idle_connection_is_not_used_again(secs: float, requests: list[int]) -> None:
    receiver, age = Receiver(OK, OK), Age()
    with raw_server(receiver) as port:
        ours = client(monotonic=age)
        ours.post(f"http://127.0.0.1:{port}/", {}, b"{}")
        age.secs += secs
        ours.post(f"http://127.0.0.1:{port}/", {}, b"{}")
    assert receiver.requests == requests


def test_a_connection_that_breaks_before_its_answer_is_an_attempt_and_not_tried_again() -> None:
    receiver = Receiver(OK, b"", OK)
    with raw_server(receiver) as port:
        ours = client()
        ours.post(f"http://127.0.0.1:{port}/", {}, b"{}")
        with pytest.raises(NotSentError, match="connection_broke"):
            ours.post(f"http://127.0.0.1:{port}/", {}, b"{}")
        assert receiver.requests == [2]
        assert ours.post(f"http://127.0.0.1:{port}/", {}, b"{}").status == 200
    assert receiver.requests == [2, 1]


def test_an_answer_that_nobody_asked_for_is_no_answer_to_the_next_request() -> None:
    receiver = Receiver(OK + OK.replace(b"200 OK", b"500 No"), OK)
    with raw_server(receiver) as port:
        ours = client()
        statuses = [ours.post(f"http://127.0.0.1:{port}/", {}, b"{}").status for _ in range(2)]
    assert statuses == [200, 200]


def test_the_deadline_holds_for_a_kept_connection() -> None:
    connections = []

    def talk(connection: socket.socket) -> None:
        connections.append(received(connection))
        connection.sendall(OK)
        trickle(OK, 0.1)(connection)

    with raw_server(talk) as port:
        ours = client(timeout_secs=0.4)
        ours.post(f"http://127.0.0.1:{port}/", {}, b"{}")
        with pytest.raises(NotSentError, match=r"no_answer_within: secs=0\.4"):
            ours.post(f"http://127.0.0.1:{port}/", {}, b"{}")
    assert len(connections) == 1


def test_no_cookie_is_kept() -> None:
    receiver = Receiver(OK.replace(b"Content", b"Set-Cookie: a=b; Path=/\r\nContent"), OK)
    with raw_server(receiver) as port:
        ours = client()
        for _ in range(2):
            ours.post(f"http://127.0.0.1:{port}/", {}, b"{}")
    [[_, second]] = receiver.connections
    assert b"cookie" not in second.lower()


def test_a_name_that_changes_its_address_gets_no_kept_connection(
    dns: tuple[Names, list[str]],
) -> None:
    names, _ = dns
    first, second = "93.184.216.34", "93.184.216.35"
    names |= {"hooks.example": [first], first: ["127.0.0.1"], second: ["127.0.0.1"]}
    receiver = Receiver(OK, OK, OK)
    with raw_server(receiver) as port:
        ours = WebhookClient(timeout_secs=5, allowed_hosts=())
        url = f"http://hooks.example:{port}/"
        ours.post(url, {}, b"{}")
        ours.post(url, {}, b"{}")
        assert receiver.requests == [2]
        names["hooks.example"] = ["127.0.0.1"]
        with pytest.raises(NotSentError, match="callback_address_loopback"):
            ours.post(url, {}, b"{}")
        names["hooks.example"] = [second]
        ours.post(url, {}, b"{}")
    assert receiver.requests == [2, 1]


def test_the_body_of_a_redirect_is_read_no_further_than_others() -> None:
    receiver = Receiver(HUGE.replace(b"200 OK", b"302 No\r\nLocation: /other"))
    with raw_server(receiver) as port:
        answer = client().post(f"http://127.0.0.1:{port}/", {}, b"{}")
    assert (answer.status, len(answer.text)) == (302, 64 * 1024)
