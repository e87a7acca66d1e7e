"""Proxy gateways by HTTP and SOCKS5, how they fail, TLS, and limits of an address."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import socks

from sandbox import RateLimit, SandboxConfig, SandboxServer
from sandbox.egress.faults import KINDS
from tests.support.processes.launcher import wait_until
from tests.support.sandbox.sandbox_client import VIEW, Client, Clock

Start = Callable[..., SandboxServer]
Visit = Callable[..., Client]
NAV = "/x/web-interface/nav"
UPLOADS = "/x/space/wbi/arc/search"
HTTP, SOCKS = "http", "socks5h"
SCHEMES = (HTTP, SOCKS)
Ask = Callable[..., requests.Response]


@pytest.fixture
def server(start: Start) -> SandboxServer:
    return start(egresses=2)


@pytest.fixture
def bundle(server: SandboxServer, tmp_path: Path) -> str:
    """The path of a CA bundle that trusts the sandbox."""
    path = tmp_path / "sandbox.pem"
    pem = requests.get(f"{server.url}/__sandbox__/certificate", timeout=10).json()["pem"]
    path.write_text(pem)
    return str(path)


@pytest.fixture
def ask(server: SandboxServer, bundle: str) -> Iterator[Ask]:
    """Ask `nav` by a gateway; each call is a client of its own, by TLS unless told otherwise."""

    def get(
        scheme: str, user: str = "", *, gateway: int = 0, tls: bool = True, timeout: float = 10
    ) -> requests.Response:
        proxy = f"{scheme}://{user and f'{user}@'}{server.gateways[gateway]}"
        url = server.url.replace("http:", "https:") if tls else server.url
        with requests.Session() as http:
            http.trust_env = False
            http.proxies = {"http": proxy, "https": proxy}
            http.verify = bundle
            cookies = {"SESSDATA": "acc1", "buvid3": "DEVICE"}
            return http.get(url + NAV, cookies=cookies, timeout=timeout)

    yield get


def fail(server: SandboxServer, fault: str | None, user: str = "", **more: object) -> None:
    egress = server.gateways[0] + (user and f"#{user}")
    url = f"{server.url}/__sandbox__/egress"
    answer = requests.post(url, json={"egress": egress, "fault": fault, **more}, timeout=10)
    assert answer.status_code == 200, answer.text


def patience(fault: str) -> float:
    """How long to wait for an answer: briefly when there will be none."""
    return 0.4 if "silent" in fault else 10


def causes(error: BaseException | None) -> list[str]:
    """The names of the classes of an error and of everything below it."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and each not in found:
            found.append(each)
            inner = [argument for argument in each.args if isinstance(argument, BaseException)]
            waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *inner]
    return [type(each).__name__ for each in found]


def error_of(ask: Callable[[], requests.Response]) -> list[str]:
    with pytest.raises(requests.RequestException) as caught:
        ask()
    return causes(caught.value)


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_both_protocols_lead_to_the_platforms(
    server: SandboxServer, ask: Ask, scheme: str, tls: bool
) -> None:
    for user in ("", "me-session-1:pw", "me:pw_session-2"):
        assert ask(scheme, user, tls=tls).json()["data"]["uname"] == "acc1"
    gateway = server.gateways[0]
    counted = {"requests": 1, "refused": 0, "platforms": {"bilibili": 1}, "accounts": ["acc1"]}
    names = (gateway, f"{gateway}#me-session-1:pw", f"{gateway}#me:pw_session-2")
    assert server.stats()["egresses"] == dict.fromkeys(names, counted)
    assert server.stats()["devices"] == {"DEVICE": {"requests": 3, "accounts": ["acc1"]}}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_whatever_the_target_the_sandbox_answers(
    server: SandboxServer, bundle: str, scheme: str
) -> None:
    proxy = f"{scheme}://{server.gateways[0]}"
    proxies = {"http": proxy, "https": proxy}
    for url in ("https://api.sandbox.test", "http://api.bilibili.com"):
        answer = requests.get(url + NAV, proxies=proxies, verify=bundle, timeout=10)
        assert answer.json()["code"] == -101
    with pytest.raises(requests.exceptions.SSLError):
        requests.get("https://api.sandbox.test" + NAV, proxies=proxies, timeout=10)
    names = error_of(
        lambda: requests.get("https://x.invalid/", proxies=proxies, verify=bundle, timeout=10)
    )
    assert ("SOCKS5Error" in names) if scheme == SOCKS else ("ProxyError" in names)


def test_a_connection_is_kept_alive_in_a_tunnel(server: SandboxServer, bundle: str) -> None:
    with requests.Session() as http:
        http.trust_env = False
        http.proxies = {"https": f"http://{server.gateways[0]}"}
        http.verify = bundle
        for _ in range(3):
            http.get(server.url.replace("http:", "https:") + NAV, timeout=10)
        counted = server.stats()["egresses"][server.gateways[0]]
    assert counted["requests"] == 3


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("connect_silent", requests.exceptions.ReadTimeout),
        ("close_later", requests.exceptions.ConnectionError),
    ],
)
def test_an_open_tunnel_dies_with_its_exit(
    server: SandboxServer, bundle: str, scheme: str, fault: str, error: type[Exception]
) -> None:
    with requests.Session() as http:
        http.trust_env = False
        http.proxies = {"https": f"{scheme}://bad:pw@{server.gateways[0]}"}
        http.verify = bundle
        url = server.url.replace("http:", "https:") + NAV
        assert http.get(url, timeout=10).status_code == 200
        fail(server, fault, "bad", times=1)
        with pytest.raises(error):
            http.get(url, timeout=patience(fault))
        assert http.get(url, timeout=10).status_code == 200


def test_tls_without_a_proxy(server: SandboxServer, bundle: str) -> None:
    url = server.url.replace("http:", "https:") + NAV
    assert requests.get(url, verify=bundle, timeout=10).json()["code"] == -101
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, timeout=10)
    assert list(server.stats()["egresses"]) == ["direct"]


# What a client meets, as the libraries call it; for SOCKS5 and for an HTTP proxy before TLS.
MEETS: dict[str, dict[str, set[str]]] = {
    "closed": {HTTP: {"ProxyError"}, SOCKS: {"ProxyConnectionError"}},
    "silent": {HTTP: {"ReadTimeout", "ConnectTimeout"}, SOCKS: {"ConnectTimeout"}},
    "close": {
        HTTP: {"ConnectionResetError", "RemoteDisconnected"},
        SOCKS: {"GeneralProxyError"},
    },
    "close_later": {HTTP: {"RemoteDisconnected"}, SOCKS: {"GeneralProxyError"}},
    "garbage": {HTTP: {"BadStatusLine"}, SOCKS: {"GeneralProxyError"}},
    "connect_html": {HTTP: {"SSLError"}, SOCKS: {"SSLError"}},
    "connect_silent": {HTTP: {"ReadTimeout", "ConnectTimeout"}, SOCKS: {"ReadTimeout"}},
    "connect_close": {
        HTTP: {"SSLError", "ConnectionResetError"},
        SOCKS: {"SSLError", "ConnectionResetError"},
    },
    "status": {HTTP: {"ProxyError"}},
    "socks_auth": {SOCKS: {"SOCKS5AuthError"}},
    "socks_silent": {SOCKS: {"ConnectTimeout"}},
    "socks_reply": {SOCKS: {"SOCKS5Error"}},
}
CASES = [(kind, scheme) for kind, schemes in MEETS.items() for scheme in schemes]


def test_every_fault_is_tested() -> None:
    assert {kind: len(schemes) for kind, schemes in MEETS.items()} == {
        kind: len(protocols) for kind, protocols in KINDS.items()
    }


@pytest.mark.parametrize(("fault", "scheme"), CASES)
def test_faults_of_a_gateway(server: SandboxServer, ask: Ask, fault: str, scheme: str) -> None:
    fail(server, fault)
    for user in ("", "me:pw"):
        assert (
            set(error_of(lambda user=user: ask(scheme, user, timeout=patience(fault))))
            & MEETS[fault][scheme]
        )
    assert ask(scheme, gateway=1).status_code == 200
    fail(server, None)
    assert ask(scheme, "me:pw").status_code == 200
    hits = server.stats()["egress_faults"]
    assert hits if fault != "closed" else hits == {}


@pytest.mark.parametrize(
    ("fault", "scheme"), [case for case in CASES if case[0] not in ("closed", "close")]
)
def test_faults_of_one_exit(server: SandboxServer, ask: Ask, fault: str, scheme: str) -> None:
    fail(server, fault, "bad")
    assert (
        set(error_of(lambda: ask(scheme, "bad:pw", timeout=patience(fault)))) & MEETS[fault][scheme]
    )
    assert ask(scheme, "good:pw").status_code == 200
    assert ask(scheme).status_code == 200
    name = f"{server.gateways[0]}#bad:pw"
    assert server.stats()["egress_faults"] == {name: {fault: 1}}
    assert name not in server.stats()["egresses"]


@pytest.mark.parametrize("status", [402, 403, 407, 429, 452, 502, 503, 522])
def test_statuses_of_an_http_proxy(server: SandboxServer, ask: Ask, status: int) -> None:
    fail(server, "status", status=status, headers={"Proxy-Status": "gw; error=dns_error"})
    with pytest.raises(requests.exceptions.ProxyError, match=f"Tunnel connection failed: {status}"):
        ask(HTTP)
    plain = ask(HTTP, tls=False)
    assert (plain.status_code, plain.headers["Proxy-Status"]) == (status, "gw; error=dns_error")
    assert ("Proxy-Authenticate" in plain.headers) is (status == 407)
    assert ask(SOCKS).status_code == 200


@pytest.mark.parametrize("code", range(1, 9))
def test_replies_of_socks(server: SandboxServer, code: int) -> None:
    fail(server, "socks_reply", code=code)
    host, port = server.gateways[0].split(":")
    with contextlib.closing(socks.socksocket()) as connection:
        connection.set_proxy(socks.SOCKS5, host, int(port))
        with pytest.raises(socks.GeneralProxyError, match=f"0x{code:02x}"):
            connection.connect(("127.0.0.1", 1))


def test_a_web_page_instead_of_an_answer_without_tls(server: SandboxServer, ask: Ask) -> None:
    fail(server, "connect_html", times=2)
    for scheme in SCHEMES:
        answer = ask(scheme, tls=False)
        assert (answer.status_code, answer.headers["Content-Type"][:9]) == (200, "text/html")
        assert "expired" in answer.text


def test_faults_for_some_times_and_for_a_while(server: SandboxServer, ask: Ask, now: Clock) -> None:
    fail(server, "status", times=2)
    statuses = [ask(HTTP, tls=False).status_code for _ in range(3)]
    assert statuses == [502, 502, 200]
    fail(server, "status", status=503, for_secs=60)
    assert ask(HTTP, tls=False).status_code == 503
    now.secs += 60
    assert ask(HTTP, tls=False).status_code == 200


def test_a_closed_gateway_opens_on_its_old_port(server: SandboxServer, ask: Ask) -> None:
    gateways = server.gateways
    fail(server, "closed")
    shown = requests.get(f"{server.url}/__sandbox__/egress", timeout=10).json()
    assert shown == {"gateways": list(gateways), "closed": [gateways[0]]}
    requests.post(f"{server.url}/__sandbox__/reset", timeout=10)
    assert server.gateways == gateways
    assert ask(HTTP).status_code == 200


@pytest.mark.parametrize(
    ("order", "status", "problem"),
    [
        ({"fault": "explode"}, 400, "fault"),
        ({"fault": ["close"]}, 400, "fault"),
        ({"fault": "close", "egress": "127.0.0.1:1"}, 404, "no gateway"),
        ({"fault": "close", "egress": 3}, 400, "egress"),
        ({"fault": "close", "tims": 1}, 400, "tims"),
        ({"fault": "close", "times": 0}, 400, "times"),
        ({"fault": "close", "times": 1, "for_secs": 1}, 400, "for_secs"),
        ({"fault": "close", "for_secs": "1"}, 400, "for_secs"),
        ({"fault": "closed", "times": 1}, 400, "closed"),
        ({"fault": "status", "status": 99}, 400, "status"),
        ({"fault": "status", "body": 1}, 400, "body"),
        ({"fault": "status", "headers": {"X": "\n"}}, 400, "headers"),
        ({"fault": "socks_reply", "code": 9}, 400, "code"),
    ],
)
def test_orders_not_understood(
    server: SandboxServer, order: dict[str, object], status: int, problem: str
) -> None:
    body = {"egress": server.gateways[0], **order}
    answer = requests.post(f"{server.url}/__sandbox__/egress", json=body, timeout=10)
    assert answer.status_code == status
    assert problem in answer.json()["error"]


def test_a_block_of_one_address_or_of_a_gateway(server: SandboxServer, ask: Ask) -> None:
    gateway = server.gateways[0]
    url = f"{server.url}/__sandbox__/faults"
    block = {"kind": "block", "for_secs": 60}
    requests.post(url, json=[{**block, "egress": f"{gateway}#bad"}], timeout=10)
    users = ("bad:", "bad:pw", "good:pw", "badly:pw", "")
    assert [ask(HTTP, user).status_code for user in users] == [412, 412, 200, 200, 200]
    assert server.stats()["egresses"][f"{gateway}#bad"]["refused"] == 1
    assert server.stats()["orders"][0]["departures_by_egress"] == {f"{gateway}#bad:pw": 1}
    requests.post(url, json=[{**block, "egress": gateway}], timeout=10)
    assert [ask(HTTP, user).status_code for user in users] == [412] * 5
    assert ask(HTTP, gateway=1).status_code == 200
    requests.post(url, json=[{**block, "egress": "direct"}], timeout=10)
    assert requests.get(server.url + NAV, timeout=10).status_code == 412
    assert ask(HTTP, gateway=1).status_code == 200


@pytest.mark.parametrize(
    ("path", "platform"),
    [
        ("/youtube/v3/videos?part=id&id=a&key=k", "youtube"),
        ("/market/api/creators/list?category=x", "market"),
        ("/v.douyin.com/X1/", "short_links"),
    ],
)
def test_faults_of_every_platform_may_be_of_one_route(
    server: SandboxServer, path: str, platform: str
) -> None:
    first, second = server.gateways
    order = {"kind": "http_503", "egress": first, "endpoint": platform, "for_secs": 60}
    requests.post(f"{server.url}/__sandbox__/faults", json=[order], timeout=10)

    def ask(proxies: dict[str, str]) -> int:
        headers = {"X-Market-Token": "shop1"}
        answer = requests.get(
            server.url + path, proxies=proxies, headers=headers, timeout=10, allow_redirects=False
        )
        return answer.status_code

    assert ask({"http": f"http://{first}"}) == 503
    assert ask({"http": f"http://{second}"}) != 503
    assert ask({}) != 503
    assert server.stats()["egresses"][first]["platforms"] == {platform: 1}


def test_a_silent_proxy_lets_go_when_the_client_or_the_sandbox_does(
    server: SandboxServer, ask: Ask
) -> None:
    fail(server, "silent")
    error_of(lambda: ask(HTTP, tls=False, timeout=0.4))
    wait_until(lambda: server.stats()["egress_faults"], "the silence")
    server.stop()
    assert server.gateways  # their names outlive them
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://{server.gateways[0]}", timeout=5)


def neighbours() -> tuple[int, socket.socket]:
    """A free port, and a socket that holds the one after it."""
    for _ in range(100):
        holder = socket.create_server(("127.0.0.1", 0))
        port = holder.getsockname()[1] - 1
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port, holder
        holder.close()
    raise AssertionError("no two ports in a row are free")


def test_ports_follow_that_of_the_sandbox_and_a_taken_one_ends_the_start() -> None:
    port, holder = neighbours()
    config = SandboxConfig(port=port, egresses=1)
    with holder, pytest.raises(OSError, match="in use"):
        SandboxServer(config=config).start()
    with SandboxServer(config=config) as server:
        assert server.url == f"http://127.0.0.1:{port}"
        assert server.gateways == (f"127.0.0.1:{port + 1}",)


@pytest.mark.parametrize(("throttle", "status", "code"), [("code", 200, -799), ("http", 429, 0)])
def test_a_limit_of_an_address_is_shared_by_its_accounts(
    start: Start, visit: Visit, now: Clock, throttle: str, status: int, code: int
) -> None:
    server = start(egress_rate=RateLimit(3, 10.0), egress_throttle=throttle)
    clients = [visit(server, f"acc{number}") for number in (1, 2, 3, 4)]
    assert [each.search()["code"] for each in clients[:3]] == [0, 0, 0]
    refused = clients[3].search_answer()
    assert refused.status_code == status
    if code:
        assert refused.json()["code"] == code
    else:
        assert refused.headers["Retry-After"] == "10"
    assert clients[3].get(NAV).json()["code"] == 0
    assert clients[3].get("/youtube/v3/videos", part="id", id="a", key="k").status_code == 200
    assert server.stats()["over_limit"] == 0
    assert server.stats()["egresses"]["direct"]["refused"] == 1
    now.secs += 10
    assert clients[3].search()["code"] == 0


def test_an_address_is_locked_out_of_the_space_while_it_asks(
    start: Start, visit: Visit, now: Clock
) -> None:
    server = start(space_lock=RateLimit(2, 10.0))
    client = visit(server)
    query = client.signed(mid=1, pn=1, ps=30)

    def ask() -> int:
        now.secs += 4
        return client.get(UPLOADS, **query).status_code

    assert [ask() for _ in range(4)] == [200, 200, 412, 412]
    assert client.search_answer().status_code == 200
    assert client.get(VIEW, aid=2).status_code == 200
    now.secs += 10
    assert ask() == 200
