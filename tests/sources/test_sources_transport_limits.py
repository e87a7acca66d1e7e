"""No answer, however slow or large, holds its client: over real sockets, direct and by proxies."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.errors import NoAnswerError, RetryableError
from core.messages import Message
from sources.bilibili.qr_login import QRLogin
from sources.json_api import JsonApi, open_key_session
from sources.links import ShortLink
from sources.short_links import ShortLinkResolver
from sources.transport import deadline
from sources.transport.deadline import Deadline
from sources.transport.session import BODY_BYTES, MIB, HttpAnswer, HttpLimits, fetch, open_http
from tests.support.moving_clock import MovingClock
from tests.support.processes.launcher import wait_until
from tests.support.sources.anonymous import unrecorded
from tests.support.sources.faulty_proxies import ESTABLISHED, HOST, says, socks_replies
from tests.support.sources.sources_servers import Said, ScriptedPlatform
from tests.support.webhooks.raw_servers import Talk, raw_server, tls_context, trickle

Listen = Callable[[Talk], int]
PAUSE_SECS = 0.05
SOON_SECS = 8.0  # none of these answers is complete before
LIMITS = HttpLimits(read_secs=5.0, answer_secs=5.5)
QUICK = HttpLimits(read_secs=0.4, answer_secs=0.5)
HEAD = b"HTTP/1.1 200 OK\r\n"
ENDLESS_HEADERS = HEAD + b"X-Filler: x\r\n" * 90
ENDLESS_BODY = HEAD + b"\r\n" + b" " * 1000
SMALL = HEAD + b"Content-Length: 2\r\n\r\n{}"
TLS_RECORD = b"\x16\x03\x03\x10\x00" + b" " * 1000
# A TLS handshake as a whole has the limit of one read, which ends first but on a busy host.
TLS_ENDS = {"connection_timed_out", "answer_too_slow"}
SIZED_BODY = HEAD + b"Content-Length: 1000\r\n\r\n" + b" " * 1000


@pytest.fixture
def listen() -> Iterator[Listen]:
    with ExitStack() as running:
        yield lambda talk: running.enter_context(raw_server(talk))


def refused(url: str, limits: HttpLimits = QUICK, proxy: str | None = None) -> Message:
    with open_http(proxy) as http, pytest.raises(NoAnswerError) as caught:
        fetch(http, "GET", url, limits)
    assert caught.value.fault.is_timeout
    return caught.value.message


@pytest.mark.parametrize("answer", [ENDLESS_HEADERS, ENDLESS_BODY, SIZED_BODY])
def test_a_trickling_answer_ends_at_the_deadline(listen: Listen, answer: bytes) -> None:
    began = time.monotonic()
    message = refused(f"http://{HOST}:{listen(trickle(answer, PAUSE_SECS))}/")
    assert time.monotonic() - began < SOON_SECS
    assert message == Message.of("answer_too_slow", secs=0.5)


def test_a_connection_that_is_used_again_has_a_deadline_too(listen: Listen) -> None:
    def talk(connection):
        connection.recv(65536)
        connection.sendall(SMALL)
        trickle(ENDLESS_BODY, PAUSE_SECS)(connection)

    url = f"http://{HOST}:{listen(talk)}/"
    began = time.monotonic()
    with open_http(None) as http:
        assert fetch(http, "GET", url, QUICK).content == b"{}"
        with pytest.raises(NoAnswerError) as caught:
            fetch(http, "GET", url, QUICK)
    assert caught.value.message.code == "answer_too_slow"
    assert time.monotonic() - began < SOON_SECS


def test_a_trickling_tls_server_ends_at_the_deadline(listen: Listen, tmp_path: Path) -> None:
    context = tls_context("localhost", tmp_path, [])

    def talk(connection):
        with context.wrap_socket(connection, server_side=True) as tls:
            trickle(ENDLESS_BODY, PAUSE_SECS)(tls)

    began = time.monotonic()
    with open_http(None) as http, pytest.raises(NoAnswerError) as caught:
        fetch(
            http,
            "GET",
            f"https://localhost:{listen(talk)}/",
            QUICK,
            verify=str(tmp_path / "server.pem"),
        )
    assert caught.value.message.code == "answer_too_slow"
    assert time.monotonic() - began < SOON_SECS


@pytest.mark.parametrize(
    ("scheme", "talk", "codes"),
    [
        ("http", trickle(ESTABLISHED + b" " * 1000, PAUSE_SECS), {"answer_too_slow"}),
        (
            "http",
            says(ESTABLISHED, then=trickle(TLS_RECORD, PAUSE_SECS)),
            TLS_ENDS,
        ),
        (
            "socks5h",
            trickle(b"\x05\x00\x05\x00\x00\x03\xff" + b" " * 257, PAUSE_SECS),
            {"answer_too_slow"},
        ),
        ("socks5h", socks_replies(0, then=trickle(TLS_RECORD, PAUSE_SECS)), TLS_ENDS),
    ],
)
def test_a_trickling_proxy_ends_at_the_deadline(
    listen: Listen, scheme: str, talk: Talk, codes: set[str]
) -> None:
    began = time.monotonic()
    proxy = f"{scheme}://{HOST}:{listen(talk)}"
    message = refused("https://platform.example/", proxy=proxy)
    assert message.code in codes
    assert time.monotonic() - began < SOON_SECS


def test_threads_and_sockets_of_ended_exchanges_are_gone(listen: Listen) -> None:
    url = f"http://{HOST}:{listen(says(SMALL))}/"

    def own(name: str) -> list[threading.Thread]:
        return [one for one in threading.enumerate() if one.name == name and one not in others]

    others = [one for one in threading.enumerate() if one.name == "http-connect"]
    sockets = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with open_http(None) as http:
            fetch(http, "GET", url, LIMITS)
    for thread in own("http-connect"):
        thread.join(1)
    assert own("http-connect") == []
    assert len(own("http-deadlines")) == 1
    assert len(list(Path("/proc/self/fd").iterdir())) <= sockets + 3  # of the server's threads


def test_short_deadlines_are_kept_beside_a_long_one() -> None:
    with Deadline(60):
        for _ in range(4):  # the first may begin before the watch has looked at the long one
            ours, theirs = socket.socketpair()
            with ours, theirs, Deadline(0.05) as short:
                short.watch(ours)
                theirs.settimeout(SOON_SECS)
                assert theirs.recv(1) == b""
                assert short.has_passed


def test_the_watch_begins_again_after_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "LINGER_SECS", 0.02)
    watchman = deadline.Watchman()
    first, second = Deadline(0), Deadline(0)
    watchman.add(first, time.monotonic())
    wait_until(lambda: first.has_passed, "the end of the exchange")
    wait_until(lambda: watchman._thread is None, "the end of the watch")
    watchman.add(second, time.monotonic())
    wait_until(lambda: second.has_passed, "the end of the next exchange")


def bomb(mib: int) -> bytes:
    """Return a response whose body is `mib` MiB of zeros, compressed a thousandfold."""
    body = gzip.compress(bytes(mib * MIB), 9)
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    return HEAD + head.encode() + body


def test_a_decompression_bomb_is_given_up_at_the_limit(listen: Listen) -> None:
    url = f"http://{HOST}:{listen(says(bomb(100)))}/"
    tracemalloc.start()
    try:
        assert refused(url, LIMITS) == Message.of("answer_too_large", mib=BODY_BYTES // MIB)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * BODY_BYTES


def test_a_redirects_body_is_limited_like_any_other(listen: Listen) -> None:
    moved = bomb(40).replace(b"200 OK", b"302 Found\r\nLocation: /there")
    assert refused(f"http://{HOST}:{listen(says(moved))}/", LIMITS).code == "answer_too_large"


def test_an_answer_as_large_as_allowed_is_read(listen: Listen) -> None:
    def answered(mib: int) -> HttpAnswer:
        with open_http(None) as http:
            return fetch(http, "GET", f"http://{HOST}:{listen(says(bomb(mib)))}/", LIMITS)

    assert len(answered(16).content) == BODY_BYTES
    with pytest.raises(NoAnswerError):
        answered(17)


def test_the_limits_never_undercut_the_wait_for_one_piece() -> None:
    assert HttpLimits(read_secs=15).timeouts == (5, 15)
    assert HttpLimits(read_secs=2).timeouts == (2, 2)
    assert HttpLimits(read_secs=15).whole_secs == 30
    assert HttpLimits(read_secs=600).whole_secs == 600


def test_every_client_is_bounded(listen: Listen, clock: MovingClock) -> None:
    url = f"http://{HOST}:{listen(trickle(ENDLESS_BODY, PAUSE_SECS))}"
    limits = {"timeout_secs": 0.4, "answer_secs": 0.5}
    api = JsonApi(base_url=url, **limits)
    login = QRLogin(requests=unrecorded(clock), base_url=url, **limits)
    slow_head = f"http://{HOST}:{listen(trickle(ENDLESS_HEADERS, PAUSE_SECS))}"
    links = ShortLinkResolver(requests=unrecorded(clock), base_url=slow_head, clock=clock, **limits)
    session = open_key_session(1, "key", "k", None, missing=Message.of("no_web_address"))
    for ask in (
        lambda: api.request(session, "/x"),
        lambda: login.new_code(threading.Event()),
        lambda: links.resolve(ShortLink("bilibili", "https://b23.tv/abc")),
    ):
        with pytest.raises(RetryableError) as caught:
            ask()
        message = caught.value.message
        cause = message.params.get("cause", message)  # what leaves by a route names it first
        assert cause.params["detail"] == Message.of("answer_too_slow", secs=0.5)
    login.close()


def test_a_crawling_account_is_bounded(scripted: ScriptedPlatform, enter) -> None:
    visitor = enter(scripted.url)
    scripted.on_search(Said(gzip.compress(bytes(40 * MIB)), 200, (("Content-Encoding", "gzip"),)))
    with pytest.raises(RetryableError) as caught:
        visitor.search()
    assert caught.value.message.params["detail"].code == "answer_too_large"
    assert caught.value.fault is not None
    assert not caught.value.fault.is_of_proxy
