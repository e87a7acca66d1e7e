"""Every way in which a proxy or a connection fails, over real sockets: whose fault it is."""

from __future__ import annotations

import os
import resource
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC
from pathlib import Path

import pytest

from core.errors import FaultUnit, NoAnswerError, TransportFault
from presentation.i18n.language import Language
from presentation.i18n.renderer import ENGLISH_RENDERER, Renderer
from sources.transport.faults import classify, classify_answer
from sources.transport.session import HttpLimits, fetch, open_http
from tests.support.sources.faulty_proxies import (
    ESTABLISHED,
    EXPIRED_PAGE,
    HOST,
    closed_port,
    closes_when_asked,
    full_listener,
    hang_up,
    refuses_connect,
    says,
    silent,
    socks_method,
    socks_refuses_user,
    socks_replies,
)
from tests.support.webhooks.raw_servers import Talk, raw_server, tls_context

CLOSED_PORT = 9
LIMITS = HttpLimits(read_secs=0.4, answer_secs=5.0)
USER, PASSWORD = "us3r-session-37", "pa55word"
PLATFORM = "https://platform.example/x"
PLAIN = "http://platform.example/x"
EGRESS, GATEWAY, EXIT = FaultUnit.EGRESS, FaultUnit.GATEWAY, FaultUnit.EXIT
CONNECTION, OURSELVES = FaultUnit.CONNECTION, FaultUnit.OURSELVES
CHINESE_RENDERER = Renderer(Language.CHINESE, UTC)
Listen = Callable[[Talk], int]


@pytest.fixture
def listen() -> Iterator[Listen]:
    with ExitStack() as running:
        yield lambda talk: running.enter_context(raw_server(talk))


def fault_of(url: str, proxy: str | None = None) -> TransportFault:
    """Return the fault of a request without an answer; no text may show the proxy's user."""
    with open_http(proxy) as http, pytest.raises(NoAnswerError) as caught:
        fetch(http, "GET", url, LIMITS)
    fault = caught.value.fault
    assert caught.value.__suppress_context__
    for renderer in (ENGLISH_RENDERER, CHINESE_RENDERER):
        shown = renderer.sentence(fault.message)
        assert shown and USER not in shown and PASSWORD not in shown
    assert fault.through_proxy is (proxy is not None)
    return fault


def by_proxy(scheme: str, port: int, url: str = PLATFORM, host: str = HOST) -> TransportFault:
    return fault_of(url, f"{scheme}://{USER}:{PASSWORD}@{host}:{port}")


def seen(fault: TransportFault) -> tuple[FaultUnit, str, bool]:
    return fault.unit, fault.message.code, fault.is_certain


@pytest.mark.parametrize("url", [PLATFORM, PLAIN])
@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
def test_a_closed_port_is_the_proxys(scheme: str, url: str) -> None:
    # The name of `socks5://` is looked up here, so the platform is given by its address.
    target = url.replace("platform.example", "192.0.2.1")
    assert seen(by_proxy(scheme, closed_port(), target)) == (EGRESS, "proxy_unreachable", True)


@pytest.mark.parametrize("url", [PLATFORM, PLAIN])
@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
def test_an_unknown_name_is_the_proxys(scheme: str, url: str) -> None:
    fault = by_proxy(scheme, 8080, url, host="nowhere.invalid")
    assert seen(fault) == (EGRESS, "proxy_name_unknown", True)


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_a_proxy_that_accepts_no_connection_is_silent(scheme: str) -> None:
    with full_listener() as port:
        fault = by_proxy(scheme, port)
    assert seen(fault) == (EGRESS, "proxy_silent", True)
    assert fault.is_timeout


@pytest.mark.parametrize(
    ("status", "unit", "code"),
    [
        (402, GATEWAY, "proxy_plan_used_up"),
        (403, EGRESS, "proxy_refused"),
        (404, EXIT, "proxy_exit_failed"),
        (407, GATEWAY, "proxy_login_refused"),
        (429, EGRESS, "proxy_refused"),
        (452, GATEWAY, "proxy_plan_used_up"),
        (502, EXIT, "proxy_exit_failed"),
        (503, EXIT, "proxy_exit_failed"),
        (522, EXIT, "proxy_exit_failed"),
    ],
)
def test_a_refused_tunnel_is_the_proxys(
    listen: Listen, status: int, unit: FaultUnit, code: str
) -> None:
    assert seen(by_proxy("http", listen(refuses_connect(status)))) == (unit, code, True)


CONNECTIONS = {
    "http silent": ("http", silent, "connection_timed_out"),
    "tunnel silent": ("http", says(ESTABLISHED, then=silent), "connection_timed_out"),
    "http closes when asked": ("http", closes_when_asked, "connection_broken"),
    "http garbage": ("http", says(b"SSH-2.0-OpenSSH_9.6\r\n"), "answer_not_http"),
    "tunnel with a page": ("http", says(ESTABLISHED, then=says(EXPIRED_PAGE)), "tls_not_spoken"),
    "tunnel hangs up": ("http", says(ESTABLISHED, then=closes_when_asked), "tls_broken_off"),
    "socks silent behind": ("socks5h", socks_replies(0), "connection_timed_out"),
    "socks hangs up behind": (
        "socks5h",
        socks_replies(0, then=closes_when_asked),
        "tls_broken_off",
    ),
}


@pytest.mark.parametrize("case", CONNECTIONS)
def test_what_proxy_or_platform_may_have_caused_is_uncertain(listen: Listen, case: str) -> None:
    scheme, talk, code = CONNECTIONS[case]
    fault = by_proxy(scheme, listen(talk))
    assert seen(fault) == (CONNECTION, code, False)
    assert fault.is_of_proxy  # another account, by another egress, may get through
    assert fault.is_lasting is (code == "connection_timed_out")


SOCKS = {
    "closes": (closes_when_asked, EGRESS, "proxy_protocol_wrong"),
    "speaks HTTP": (says(EXPIRED_PAGE), EGRESS, "proxy_protocol_wrong"),
    "silent": (silent, EGRESS, "proxy_silent"),
    "silent after its greeting": (socks_method(0), EGRESS, "proxy_silent"),
    "refuses the user": (socks_refuses_user, GATEWAY, "proxy_user_refused"),
    "takes no method": (socks_method(0xFF), GATEWAY, "proxy_user_refused"),
    "general failure": (socks_replies(1), EGRESS, "proxy_refused_socks"),
    "not allowed": (socks_replies(2), EGRESS, "proxy_refused_socks"),
    "TTL": (socks_replies(6), EGRESS, "proxy_refused_socks"),
    "no such command": (socks_replies(7), EGRESS, "proxy_refused_socks"),
    "no such address": (socks_replies(8), EGRESS, "proxy_refused_socks"),
}


@pytest.mark.parametrize("case", SOCKS)
def test_what_a_socks_proxy_does_is_the_proxys(listen: Listen, case: str) -> None:
    talk, unit, code = SOCKS[case]
    fault = by_proxy("socks5h", listen(talk))
    assert seen(fault) == (unit, code, True)
    assert fault.is_timeout is (code == "proxy_silent")


@pytest.mark.parametrize("url", [PLATFORM, PLAIN])
def test_a_proxy_that_resets_is_left_for_another(listen: Listen, url: str) -> None:
    # The reset arrives while the connection is made, or later: a race, and both are seen.
    fault = by_proxy("http", listen(hang_up), url)
    assert fault.is_of_proxy
    assert fault.message.code in (
        "proxy_unreachable",
        "proxy_protocol_wrong",
        "connection_broken",
    )


def test_a_socks_proxy_that_resets_is_at_fault_whenever_the_reset_arrives(listen: Listen) -> None:
    fault = by_proxy("socks5h", listen(hang_up))
    assert (fault.unit, fault.is_certain) == (EGRESS, True)
    assert fault.message.code in ("proxy_protocol_wrong", "proxy_unreachable")


@pytest.mark.parametrize("reply", [3, 4, 5])
def test_what_a_socks_proxy_does_not_reach_may_be_down(listen: Listen, reply: int) -> None:
    fault = by_proxy("socks5h", listen(socks_replies(reply)))
    assert seen(fault) == (EGRESS, "proxy_reaches_not", False)


def test_a_platform_whose_name_is_unknown_here_is_not_the_proxys_fault(listen: Listen) -> None:
    fault = by_proxy("socks5", listen(socks_replies(0)), "https://nowhere.invalid/")
    assert seen(fault) == (CONNECTION, "host_name_unresolved", False)


@pytest.mark.parametrize("scheme", ["", "http", "socks5h"])
def test_a_host_without_descriptors_blames_nobody_else(scheme: str) -> None:
    """To the libraries that is a connection which nobody accepted, or a proxy that is down."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
    try:
        url = f"http://{HOST}:{CLOSED_PORT}/"
        fault = by_proxy(scheme, CLOSED_PORT, url) if scheme else fault_of(url)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert seen(fault) == (OURSELVES, "host_without_descriptors", True)
    assert fault.is_of_this_host and not fault.is_of_proxy and not fault.is_lasting


def test_direct_connections_fail_without_a_proxy(listen: Listen) -> None:
    def direct(port: int) -> tuple[FaultUnit, str, bool]:
        fault = fault_of(f"http://{HOST}:{port}/")
        assert not fault.is_of_proxy
        return seen(fault)

    assert direct(closed_port()) == (CONNECTION, "connection_refused", False)
    assert direct(listen(silent)) == (CONNECTION, "connection_timed_out", False)
    assert direct(listen(closes_when_asked)) == (CONNECTION, "connection_broken", False)
    unknown = fault_of("https://nowhere.invalid/")
    assert seen(unknown) == (CONNECTION, "host_name_unresolved", False)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "answer_cut_short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", "answer_cut_short"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
            "answer_not_decodable",
        ),
    ],
)
def test_a_damaged_body_is_uncertain(listen: Listen, answer: bytes, code: str) -> None:
    fault = fault_of(f"http://{HOST}:{listen(says(answer))}/")
    assert seen(fault) == (CONNECTION, code, False)


def test_a_certificate_that_nobody_signed_is_not_trusted(listen: Listen, tmp_path: Path) -> None:
    context = tls_context("localhost", tmp_path, [])

    def talk(connection):
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(1)

    port = listen(talk)
    assert fault_of(f"https://localhost:{port}/").message.code == "certificate_self_signed"
    tunnel = listen(says(ESTABLISHED, then=talk))
    assert seen(by_proxy("http", tunnel)) == (CONNECTION, "certificate_self_signed", False)


@pytest.mark.parametrize(
    ("number", "code"), [(9, "certificate_not_yet_valid"), (10, "certificate_expired")]
)
def test_a_certificate_out_of_its_time_is_ours(number: int, code: str) -> None:
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_code = number
    fault = classify(error, through_proxy=True)
    assert (fault.unit, fault.message.code) == (OURSELVES, code)
    assert not fault.is_of_proxy


TLS = {
    "expired": ({"days": (-3, -1)}, "certificate_expired", "renew it"),
    "not yet valid": ({"days": (1, 3)}, "certificate_not_yet_valid", "clock of this host"),
    "wrong name": ({"name": "other.example"}, "certificate_name_wrong", "check the host's name"),
    "unknown issuer": ({"issuer": "Company CA"}, "certificate_issuer_unknown", "read along"),
    "self-signed": ({}, "certificate_self_signed", "read along"),
    "old protocol": ({"newest": ssl.TLSVersion.TLSv1_1}, "tls_protocol_wrong", "TLS 1.2"),
}


@pytest.mark.parametrize("case", TLS)
def test_a_tls_error_names_its_reason_and_what_to_do(
    listen: Listen, tmp_path: Path, case: str
) -> None:
    changes, code, advice = TLS[case]
    options = {"name": "localhost", **changes}
    context = tls_context(options.pop("name"), tmp_path, [], **options)

    def talk(connection):
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(1)

    with open_http(None) as http:
        if code not in ("certificate_issuer_unknown", "certificate_self_signed"):
            # Only one thing shall be wrong: its issuer is known.
            http.verify = str(tmp_path / "server.pem")
        with pytest.raises(NoAnswerError) as caught:
            fetch(http, "GET", f"https://localhost:{listen(talk)}/", LIMITS)
    message = caught.value.fault.message
    assert message.code == code
    assert advice in ENGLISH_RENDERER.sentence(message)
    assert CHINESE_RENDERER.advice(message)


def test_plain_http_on_a_tls_port_is_told(listen: Listen) -> None:
    port = listen(says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
    fault = fault_of(f"https://localhost:{port}/")
    assert fault.message.code == "tls_not_spoken"
    assert "http:// only" in ENGLISH_RENDERER.sentence(fault.message)


def test_the_certificate_of_the_proxy_itself_is_the_proxys(listen: Listen, tmp_path: Path) -> None:
    context = tls_context("localhost", tmp_path, [])

    def talk(connection):
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(1)

    fault = fault_of(PLATFORM, f"https://{USER}:{PASSWORD}@localhost:{listen(talk)}")
    assert seen(fault) == (EGRESS, "proxy_certificate_wrong", True)
    assert "self-signed; if it is a plain HTTP proxy" in ENGLISH_RENDERER.sentence(fault.message)


def test_early_hints_are_no_answer(listen: Listen) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    port = listen(says(hints + b"HTTP/1.1 102 Processing\r\n\r\n" + hints + answer))
    with open_http(None) as http:
        got = fetch(http, "GET", f"http://{HOST}:{port}/", LIMITS)
    assert (got.status, got.content) == (200, b"ok")


def test_informational_answers_without_end_are_an_error(listen: Listen) -> None:
    port = listen(says(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100))
    assert not fault_of(f"http://{HOST}:{port}/").is_of_proxy


def test_the_environments_proxies_and_bundles_are_not_used_for_platforms(
    listen: Listen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context = tls_context("localhost", tmp_path, [])

    def talk(connection):
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(1)

    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{HOST}:{closed_port()}")
        monkeypatch.setenv(name.lower(), f"http://{HOST}:{closed_port()}")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "server.pem"))
    assert fault_of(f"https://localhost:{listen(talk)}/").message.code == "certificate_self_signed"
    # An account's own proxy is used for every host, whatever NO_PROXY says.
    monkeypatch.setenv("NO_PROXY", "*")
    assert by_proxy("http", closed_port()).message.code == "proxy_unreachable"


def test_a_plain_proxy_that_closes_is_left_for_another(listen: Listen) -> None:
    fault = by_proxy("http", listen(closes_when_asked), PLAIN)
    assert fault.is_of_proxy


@pytest.mark.parametrize(
    ("status", "headers", "unit", "certain"),
    [
        (407, b"", GATEWAY, True),
        (402, b"", GATEWAY, True),
        (454, b"", GATEWAY, True),
        (502, b"", EXIT, False),
        (503, b"Proxy-Status: gate; error=proxy_internal_error\r\n", EXIT, True),
        (502, b"Proxy-Status: gate; error=connection_refused\r\n", EGRESS, False),
        (502, b'Proxy-Status: gate; error="dns_error"; rcode=3\r\n', EGRESS, False),
        (403, b"x-brd-err-code: policy_20140\r\n", EGRESS, True),
        (400, b"X-SOAX-Error: no peers\r\n", EGRESS, True),
        (403, b"", None, False),
        (412, b"", None, False),
        (500, b"", None, False),
        (200, b"", None, False),
        (200, b"Proxy-Status: gate; received-status=200\r\n", None, False),
    ],
)
def test_answers_that_a_plain_proxy_writes_are_told_from_the_platforms(
    listen: Listen, status: int, headers: bytes, unit: FaultUnit | None, certain: bool
) -> None:
    port = listen(refuses_connect(status, headers))
    with open_http(f"http://{USER}:{PASSWORD}@{HOST}:{port}") as http:
        answer = fetch(http, "GET", PLAIN, LIMITS)
    assert answer.status == status
    if unit is None:
        assert answer.fault is None
    else:
        assert answer.fault is not None
        assert (answer.fault.unit, answer.fault.is_certain) == (unit, certain)


def test_a_direct_answer_is_the_platforms() -> None:
    for status in (402, 403, 502, 503):
        assert classify_answer(status, {}, by_proxy=False) is None


def test_an_error_during_the_handling_of_another_is_read_alone() -> None:
    fault = by_proxy("socks5h", closed_port())
    dead = NoAnswerError(fault.message, fault=fault)
    try:
        try:
            raise dead
        except NoAnswerError:
            raise ConnectionResetError from None
    except ConnectionResetError as error:
        fault = classify(error, through_proxy=True)
    assert fault.message.code == "connection_broken"
