"""The HTTP client against hostile servers and names: it stays outside, and it stays in time."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import NotSentError, SettingsError, UnsendableError
from sandbox import SandboxConfig, SandboxServer
from tests.support.messages import english, raises_saying
from tests.support.webhooks.name_fixtures import Names
from tests.support.webhooks.raw_servers import raw_server, tls_context, trickle
from webhooks.http_client import WebhookClient

PUBLIC = "93.184.216.34"


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(config=SandboxConfig(creators=0)) as server:
        yield server


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "ff02::1",
    ],
)
def test_private_addresses_are_refused_as_literals_and_behind_names(
    address: str, dns: tuple[Names, list[str]]
) -> None:
    names, asked = dns
    names |= {"innocent.example": [address], address: [address]}
    literal = f"[{address}]" if ":" in address else address
    for host in (literal, "innocent.example"):
        with pytest.raises(NotSentError, match="callback_address_") as refused:
            WebhookClient(timeout_secs=5, allowed_hosts=()).post(f"http://{host}:80/", {}, b"")
        assert "BATON_WEBHOOK_ALLOWED_HOSTS" in english(refused.value)
    assert len(asked) == 2


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost"])
def test_other_ways_to_write_this_host_are_refused(host: str) -> None:
    with pytest.raises(NotSentError, match=r"127\.0\.0\.1|::1"):
        WebhookClient(timeout_secs=5, allowed_hosts=()).post(f"http://{host}:80/", {}, b"")


def test_a_name_that_changes_its_address_is_not_asked_twice(
    dns: tuple[Names, list[str]], sandbox: SandboxServer
) -> None:
    names, asked = dns
    port = sandbox.url.rsplit(":", 1)[1]
    names["rebind.example"] = [PUBLIC, "127.0.0.1"]
    with pytest.raises(NotSentError):
        WebhookClient(timeout_secs=5, allowed_hosts=()).post(
            f"http://rebind.example:{port}/webhooks/ok", {}, b""
        )
    assert asked == ["rebind.example", PUBLIC]


def test_the_host_keeps_its_name(dns: tuple[Names, list[str]], sandbox: SandboxServer) -> None:
    names, _ = dns
    names |= {"hooks.example": [PUBLIC], PUBLIC: ["127.0.0.1"]}
    heads: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        heads.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with raw_server(talk) as port:
        answer = WebhookClient(timeout_secs=5, allowed_hosts=()).post(
            f"http://hooks.example:{port}/x", {"webhook-id": "e"}, b"{}"
        )
    assert answer.status == 204
    head = heads[0].decode().lower()
    assert f"host: hooks.example:{port}\r\n" in head
    assert "webhook-id: e\r\n" in head and "content-type: application/json\r\n" in head


def test_tls_asks_for_the_name_and_checks_the_certificate(
    dns: tuple[Names, list[str]], tmp_path: Path
) -> None:
    names, _ = dns
    names |= {"hooks.example": [PUBLIC], PUBLIC: ["127.0.0.1"]}
    seen: list[str | None] = []
    context = tls_context("hooks.example", tmp_path, seen)

    def talk(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).recv(100)

    with raw_server(talk) as port, pytest.raises(NotSentError, match="receiver_self_signed"):
        WebhookClient(timeout_secs=5, allowed_hosts=()).post(
            f"https://hooks.example:{port}/", {}, b""
        )
    assert seen == ["hooks.example"]


def test_an_allowed_host_is_allowed_by_name_or_with_its_port_only(sandbox: SandboxServer) -> None:
    port = sandbox.url.rsplit(":", 1)[1]
    url = f"{sandbox.url}/webhooks/ok"
    for allowed in ("127.0.0.1", f"127.0.0.1:{port}"):
        assert (
            WebhookClient(timeout_secs=5, allowed_hosts=(allowed,)).post(url, {}, b"{}").status
            == 200
        )
    for other in ("127.0.0.1:1", "127.0.0.2", "127.0.0"):
        with pytest.raises(NotSentError):
            WebhookClient(timeout_secs=5, allowed_hosts=(other,)).post(url, {}, b"{}")


def test_a_receiver_with_a_companys_ca_is_reached_by_its_file(
    dns: tuple[Names, list[str]], tmp_path: Path
) -> None:
    names, _ = dns
    names |= {"hooks.example": [PUBLIC], PUBLIC: ["127.0.0.1"]}
    context = tls_context("hooks.example", tmp_path, [], issuer="Company CA")

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(65536)
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with raw_server(talk) as port:
        url = f"https://hooks.example:{port}/"
        with pytest.raises(NotSentError, match="receiver_issuer_unknown") as caught:
            WebhookClient(timeout_secs=5, allowed_hosts=()).post(url, {}, b"")
        assert "in BATON_WEBHOOK_CA_FILE" in english(caught.value)
        client = WebhookClient(timeout_secs=5, allowed_hosts=(), ca_file=tmp_path / "issuer.pem")
        assert client.post(url, {}, b"").status == 200
        names["other.example"] = [PUBLIC]
        with pytest.raises(NotSentError, match="certificate_name_wrong"):
            client.post(url.replace("hooks.", "other."), {}, b"")


def test_public_issuers_stay_known_beside_a_companys(
    dns: tuple[Names, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, _ = dns
    names |= {"hooks.example": [PUBLIC], PUBLIC: ["127.0.0.1"]}
    (tmp_path / "company").mkdir()
    tls_context("inner.example", tmp_path / "company", [], issuer="Company CA")
    context = tls_context("hooks.example", tmp_path, [])
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(tmp_path / "server.pem"))

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(65536)
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    client = WebhookClient(
        timeout_secs=5, allowed_hosts=(), ca_file=tmp_path / "company" / "issuer.pem"
    )
    with raw_server(talk) as port:
        assert client.post(f"https://hooks.example:{port}/", {}, b"").status == 200


@pytest.mark.parametrize("content", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nx"])
def test_a_file_without_certificates_is_refused_at_the_start(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with raises_saying(SettingsError, "BATON_WEBHOOK_CA_FILE: .*ca.pem .*; name a PEM file"):
        WebhookClient(timeout_secs=5, allowed_hosts=(), ca_file=file)


def test_early_hints_of_a_receiver_are_no_failure() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(hints + hints + b"HTTP/1.1 204 No Content\r\n\r\n")

    with raw_server(talk) as port:
        client = WebhookClient(timeout_secs=5, allowed_hosts=("127.0.0.1",))
        assert client.post(f"http://127.0.0.1:{port}/", {}, b"").status == 204


def test_the_environments_proxies_and_bundles_are_not_used_for_receivers(
    dns: tuple[Names, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, _ = dns
    names |= {"hooks.example": [PUBLIC], PUBLIC: ["127.0.0.1"]}
    context = tls_context("hooks.example", tmp_path, [])
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "server.pem"))

    def talk(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).recv(100)

    with raw_server(talk) as port, pytest.raises(NotSentError, match="receiver_self_signed"):
        WebhookClient(timeout_secs=5, allowed_hosts=()).post(
            f"https://hooks.example:{port}/", {}, b""
        )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    asked: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(
            f"HTTP/1.1 {status} x\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n".encode()
        )

    with raw_server(talk) as port:
        assert WebhookClient(timeout_secs=5, allowed_hosts=("127.0.0.1",)).post(
            f"http://127.0.0.1:{port}/", {}, b""
        ).status == (status)
    assert len(asked) == 1


GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100


def test_an_answer_that_trickles_is_no_answer() -> None:
    with (
        raw_server(trickle(GOOD, 0.1)) as port,
        pytest.raises(NotSentError, match=r"no_answer_within: secs=0\.5"),
    ):
        WebhookClient(timeout_secs=0.5, allowed_hosts=("127.0.0.1",)).post(
            f"http://127.0.0.1:{port}/", {}, b""
        )


def test_a_body_that_trickles_is_cut_and_its_status_counts() -> None:
    head, _, body = GOOD.partition(b"\r\n\r\n")

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(head + b"\r\n\r\n")
        trickle(body, 0.1)(connection)

    with raw_server(talk) as port:
        answer = WebhookClient(timeout_secs=2.0, allowed_hosts=("127.0.0.1",)).post(
            f"http://127.0.0.1:{port}/", {}, b""
        )
    assert answer.status == 200
    assert len(answer.text) < len(body)


def test_no_more_is_read_than_is_kept() -> None:
    megabytes = 0

    def talk(connection: socket.socket) -> None:
        nonlocal megabytes
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"1388\r\n" + b"x" * 5000 + b"\r\n"
        for _ in range(100):
            connection.sendall(chunk * 200)
            megabytes += 1

    with raw_server(talk) as port:
        answer = WebhookClient(timeout_secs=60, allowed_hosts=("127.0.0.1",)).post(
            f"http://127.0.0.1:{port}/", {}, b""
        )
    assert (answer.status, len(answer.text)) == (200, 64 * 1024)
    assert megabytes < 50  # what fits into the buffers of sockets


def test_silence_is_no_answer() -> None:
    with (
        raw_server(lambda connection: connection.recv(1) and connection.recv(1 << 20)) as port,
        pytest.raises(NotSentError),
    ):
        WebhookClient(timeout_secs=0.3, allowed_hosts=("127.0.0.1",)).post(
            f"http://127.0.0.1:{port}/", {}, b""
        )


@pytest.mark.parametrize("is_allowed", [False, True])
def test_a_resolver_that_hangs_is_not_waited_for(
    is_allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, connected = threading.Event(), threading.Event()
    look_up, came, waited_for = socket.getaddrinfo, [], []

    def hang(host: str, *more: Any, **named: Any) -> Any:
        if host != "hooks.example":
            return look_up(host, *more, **named)
        if not answers.wait(60):
            waited_for.append(host)
            raise socket.gaierror("given up")
        return look_up("127.0.0.1", *more, **named)

    def talk(connection: socket.socket) -> None:
        came.append(connection.recv(65536))
        connected.set()

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    client = WebhookClient(timeout_secs=0.3, allowed_hosts=("hooks.example",) if is_allowed else ())
    with raw_server(talk) as port:
        with pytest.raises(NotSentError, match=r"no_answer_within: secs=0\.3"):
            client.post(f"http://hooks.example:{port}/", {}, b"secret")
        assert waited_for == []
        answers.set()  # too late: what is looked up now must not be sent to
        for thread in threading.enumerate():
            if thread.name == "webhook-lookup":
                thread.join()
        assert not is_allowed or connected.wait(60)
        assert came == [b""] * is_allowed


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "//no.scheme/", "http://", "file:///etc/passwd", "http://[::1", "http://a b/"],
)
def test_what_is_no_http_url_is_unsendable(url: str) -> None:
    with pytest.raises(UnsendableError):
        WebhookClient(timeout_secs=5, allowed_hosts=()).post(url, {}, b"")


def test_no_part_of_the_url_is_in_an_error_nor_on_stderr(
    sandbox: SandboxServer, capfd: pytest.CaptureFixture[str]
) -> None:
    urls = ("http://user:hush@127.0.0.1:1/?key=hush", "http://hush.invalid/hush", "hush://hush")
    for url in urls:
        with pytest.raises(NotSentError) as refused:
            WebhookClient(timeout_secs=5, allowed_hosts=()).post(url, {}, b"")
        assert "hush" not in str(refused.value)
    handlers = logging.getLogger("requests_hardened").handlers
    assert any(isinstance(handler, logging.NullHandler) for handler in handlers)
    assert capfd.readouterr().err == ""
