"""Connections, heads and bodies within limits of number, size and time, over real sockets."""

from __future__ import annotations

import json
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from typing import Any

import pytest
import requests

from tests.support.apps import AppFactory
from tests.support.web.web_site import Site
from web.edge.body_gate import MIB, BodyLimits
from web.edge.connections import Connections, site_of
from web.edge.protocol import ConnectionLimits

HALF_A_HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "
PATIENCE_SECS = 20.0
MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(make_app: AppFactory) -> Iterator[MakeSite]:
    """Serves an App: `make_site(limits=…, body_limits=…, **settings)`."""
    with ExitStack() as made:

        def make(
            *,
            limits: ConnectionLimits | None = None,
            body_limits: BodyLimits | None = None,
            **settings: Any,
        ) -> Site:
            app = make_app(threads=8, **settings)
            site = Site(app, limits=limits, body_limits=body_limits)
            made.callback(site.close)
            return site

        yield make


def begun(site: Site, text: bytes) -> socket.socket:
    """A connection on which that much was sent."""
    connection = socket.create_connection(site.address, timeout=PATIENCE_SECS)
    connection.sendall(text)
    return connection


def other_end(connection: socket.socket) -> socket.socket:
    """A socket of this process: where the server, a thread of it, has accepted the connection."""
    for number in map(int, os.listdir("/proc/self/fd")):
        with suppress(OSError), ExitStack() as opened:  # it may be closed by now
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            one = opened.enter_context(socket.socket(fileno=os.dup(number)))
            if one.getpeername() == connection.getsockname():
                opened.pop_all()
                return one
    raise AssertionError("nobody has accepted the connection")


def head(path: str, length: int, token: str | None = None, *lines: str) -> bytes:
    """The head of a POST with a body of that length."""
    parts = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {length}", *lines]
    if token is not None:
        parts.append(f"Authorization: Bearer {token}")
    return "\r\n".join([*parts, "", ""]).encode()


def status_of(connection: socket.socket) -> int:
    """The status of the next answer; 0 when the server closed the connection."""
    text = b""
    try:
        while b"\r\n" not in text:
            found = connection.recv(1)
            if not found:
                return 0
            text += found
    except ConnectionError:
        return 0
    return int(text.split()[1])


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has closed the connection, or does so before the patience ends."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_a_head_that_does_not_end_is_cut_off(make_site: MakeSite) -> None:
    site = make_site(limits=ConnectionLimits(head_secs=0.3))
    with closing(begun(site, HALF_A_HEAD)) as slow, closing(begun(site, b"")) as silent:
        assert is_closed(slow) and is_closed(silent)


def test_a_second_head_that_does_not_end_is_cut_off(make_site: MakeSite) -> None:
    site = make_site(limits=ConnectionLimits(head_secs=0.3))
    first = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with closing(begun(site, first)) as slow:
        assert status_of(slow) == 200
        slow.sendall(HALF_A_HEAD)
        slow.settimeout(PATIENCE_SECS)
        while slow.recv(4096):  # the answer, and then the end
            pass


def test_half_heads_do_not_keep_others_of_the_same_address_out(make_site: MakeSite) -> None:
    site = make_site(web_connections_per_address=16)
    with ExitStack() as held:
        for _ in range(230):
            held.enter_context(closing(begun(site, HALF_A_HEAD)))
        before = time.monotonic()
        assert site.stranger.get("/healthz").status_code == 200
        assert site.admin.get("/api/v1/tasks").status_code == 200
        assert time.monotonic() - before < PATIENCE_SECS / 2


def test_a_request_with_a_valid_token_is_not_pushed_out(make_site: MakeSite) -> None:
    site = make_site(web_connections_per_address=8)
    body = json.dumps({"domain": "美妆"}).encode()
    kind = "Content-Type: application/json"
    asks = "Expect: 100-continue"
    slow = begun(site, head("/api/v1/tasks/crawl", len(body), site.admin_token, kind, asks))
    with closing(slow), ExitStack() as held:
        assert status_of(slow) == 100  # the token was looked at
        slow.sendall(body[:5])
        crowd = [held.enter_context(closing(begun(site, HALF_A_HEAD))) for _ in range(20)]
        assert is_closed(crowd[0])
        slow.sendall(body[5:])
        assert slow.recv(2) == b"\r\n"
        assert status_of(slow) == 409  # no account can crawl: the body was read to its end


def test_a_login_that_trickles_in_is_pushed_out(make_site: MakeSite) -> None:
    site = make_site(web_connections_per_address=8)
    with ExitStack() as held:
        form = "Content-Type: application/x-www-form-urlencoded"
        login = head("/admin/login", 1000, None, form) + b"token="
        crowd = [held.enter_context(closing(begun(site, login))) for _ in range(20)]
        assert is_closed(crowd[0])
        assert site.stranger.get("/healthz").status_code == 200


def test_the_limit_in_all_holds_for_proxies_too(make_site: MakeSite) -> None:
    site = make_site(
        web_connections=16, web_connections_per_address=8, web_trusted_proxies=("127.0.0.0/8",)
    )
    with ExitStack() as held:
        crowd = [held.enter_context(closing(begun(site, HALF_A_HEAD))) for _ in range(16)]
        one_more = held.enter_context(closing(begun(site, HALF_A_HEAD)))
        assert is_closed(crowd[0])
        for waiting in (*crowd[1:], one_more):
            waiting.settimeout(0.05)
            with pytest.raises(TimeoutError):
                waiting.recv(1)


class Line:
    """A connection as the limits see it, without a socket: only its address matters here."""

    def __init__(self, address: str, *, is_spared: bool = False) -> None:
        self.address = address
        self.is_spared = is_spared
        self.is_open = True

    def abort(self) -> None:
        self.is_open = False


def test_the_address_with_most_connections_makes_room() -> None:
    limits = Connections(most=5, most_of_address=4)
    crowd = [Line("10.0.0.1") for _ in range(4)]
    others = [Line("10.0.0.2"), Line("10.0.0.3")]
    for line in (*crowd, *others):
        limits.admit(line)
    assert [line.is_open for line in (*crowd, *others)] == [False, True, True, True, True, True]


def test_without_room_the_new_one_is_refused() -> None:
    limits = Connections(most=2, most_of_address=2)
    busy, new = [Line("10.0.0.1", is_spared=True) for _ in range(2)], Line("10.0.0.2")
    for line in (*busy, new):
        limits.admit(line)
    assert not new.is_open and all(line.is_open for line in busy) and len(limits) == 2


@pytest.mark.parametrize(
    "one, other",
    [("10.0.0.1", "::ffff:10.0.0.1"), ("2001:db8::1", "2001:db8::ffff:1"), ("", "")],
)
def test_a_visitor_is_an_address_or_a_network_of_ipv6(one: str, other: str) -> None:
    assert site_of(one) == site_of(other)
    assert site_of(one) != site_of("2001:db8:0:1::1")


def test_the_token_is_looked_at_before_the_body(make_site: MakeSite) -> None:
    site = make_site()
    for path in ("/api/v1/dramas", "/admin/accounts/import", "/nowhere"):
        for token in (None, "baton_wrong"):
            with closing(begun(site, head(path, 30 * MIB, token))) as asking:
                assert status_of(asking) == 401, path  # not a byte of the body was sent


@pytest.mark.parametrize(
    "path, size, of_admin, of_reader",
    [
        ("/api/v1/tasks/crawl", MIB, 422, 413),
        ("/api/v1/tasks/crawl", 3 * MIB, 413, 413),
        ("/api/v1/dramas", 3 * MIB, 422, 413),
        ("/api/v1/dramas", 33 * MIB, 413, 413),
    ],
)
def test_bodies_are_limited_by_route_and_role(
    site: Site, path: str, size: int, of_admin: int, of_reader: int
) -> None:
    body = b'{"x": "' + b"a" * (size - 9) + b'"}'
    headers = {"Content-Type": "application/json"}
    for visitor, status in ((site.admin, of_admin), (site.reader, of_reader)):
        try:
            found = visitor.post(path, data=body, headers=headers).status_code
        except requests.ConnectionError:
            found = 413  # what is far too large may be cut off before the answer is read
        assert found == status


def test_the_sign_in_takes_small_forms_only(site: Site) -> None:
    large = {"token": "x" * 20_000}
    answer = site.stranger.post("/admin/login", data=large, headers={"Origin": site.url})
    assert answer.status_code == 413


def test_a_body_that_trickles_in_is_given_up(make_site: MakeSite) -> None:
    site = make_site(body_limits=BodyLimits(patience_secs=0.3))
    form = "Content-Type: application/x-www-form-urlencoded"
    with closing(begun(site, head("/admin/login", 100, None, form) + b"token=")) as slow:
        assert status_of(slow) == 408
    kind = "Content-Type: application/json"
    sent = head("/api/v1/tasks/crawl", 100, site.admin_token, kind)
    with closing(begun(site, sent + b'{"domain"')) as slow:
        assert status_of(slow) == 408


def test_who_does_not_read_an_answer_is_cut_off(make_site: MakeSite) -> None:
    site = make_site(limits=ConnectionLimits(stall_secs=0.3))
    bundle = b"GET /static/vendor/swagger-ui/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
    deaf = socket.socket()
    with closing(deaf):
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(site.address)
        deaf.settimeout(PATIENCE_SECS)
        deaf.sendall(bundle * 20)
        deadline = time.monotonic() + PATIENCE_SECS
        while time.monotonic() < deadline:
            try:
                deaf.sendall(bundle)
            except ConnectionError:
                return
            time.sleep(0.05)
        pytest.fail("it was not cut off")


def test_what_nobody_reads_does_not_go_on_for_ever(make_site: MakeSite) -> None:
    site = make_site(limits=ConnectionLimits(unread_bytes=MIB))
    sending = begun(site, head("/api/v1/dramas", 30 * MIB))
    with closing(sending), pytest.raises(ConnectionError):
        for _ in range(300):
            sending.sendall(b"x" * 100_000)


def test_an_answer_is_seen_after_a_refused_body(site: Site) -> None:
    answer = site.stranger.post("/api/v1/dramas", data=b"x" * 5 * MIB)
    assert answer.status_code == 401
    assert site.stranger.get("/healthz").status_code == 200  # on the same connection


def test_compressed_bodies_are_refused(site: Site) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = site.admin.post("/api/v1/tasks/crawl", data=b"\x1f\x8b", headers=headers)
    assert answer.status_code == 415 and "gzip" in answer.json()["detail"]


def test_a_warning_is_logged_once_a_minute(site: Site, logs: Callable[[], str]) -> None:
    for _ in range(20):
        with closing(begun(site, b"\x00\xff" * 100 + b"\r\n\r\n")) as odd:
            assert status_of(odd) == 400
    assert logs().count("Invalid HTTP request received") == 1


def test_the_end_of_an_answer_does_not_wait_for_the_visitors_acknowledgement(site: Site) -> None:
    with closing(begun(site, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")) as connection:
        assert status_of(connection) == 200
        with closing(other_end(connection)) as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
