"""Checks of proxies over real sockets: what works, what does not, and what is stored of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest

from accounts.proxies.check import CheckOutcome, exit_address, require_target
from app.container import App
from core.errors import InvalidInputError, RetryableError, SourceError
from sandbox import SandboxConfig, SandboxServer
from storage.crawling import proxies
from storage.crawling.proxies import EgressRoute
from tests.support.accounts.egress import DEAD_PROXY
from tests.support.apps import AppFactory, add_account
from tests.support.messages import english_text, raises_saying
from tests.support.sources.faulty_proxies import (
    closed_port,
    refuses_connect,
    says,
    silent,
    socks_replies,
)
from tests.support.webhooks.raw_servers import Talk, raw_server

PAGE = b"HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    server = SandboxServer(config=SandboxConfig(creators=10, egresses=1))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def listen() -> Iterator[Callable[[Talk], int]]:
    with ExitStack() as running:
        yield lambda talk: running.enter_context(raw_server(talk))


def keep(app: App, *urls: str) -> list[str]:
    return [one.egress for one in app.pool.proxy_inventory.add(urls)]


def check(app: App, target: str, *names: str, **more: object) -> dict[str, CheckOutcome]:
    found = app.pool.proxy_checker.check(names, target, **more)  # type: ignore[arg-type]
    return {one.egress: one for one in found}


def row(app: App, egress: str) -> EgressRoute:
    found = app.database.read(proxies.find, egress)
    assert found is not None
    return found


def zone(sandbox: SandboxServer) -> str:
    return f"{sandbox.url}/x/web-interface/zone"


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_a_good_proxy_is_told_with_its_exit_and_stored(
    app: App, sandbox: SandboxServer, scheme: str
) -> None:
    gate = sandbox.gateways[0]
    one, two = keep(app, f"{scheme}://ann:s3cret@{gate}", f"{scheme}://bob:s3cret@{gate}")
    outcomes = check(app, zone(sandbox))
    assert outcomes[one].works and outcomes[two].works
    assert outcomes[one].exit and outcomes[one].exit != outcomes[two].exit
    assert f"exit {outcomes[one].exit}" in english_text(outcomes[one].told)
    assert row(app, one).last_good_at is not None and row(app, one).bad_in_row == 0


@pytest.mark.parametrize(
    "login",
    [
        "session-37:s3cret",
        "u" * 200 + ":s3cret",
        "u" * 255 + ":" + "p" * 255,
        "%E7%94%A8%E6%88%B7:%E5%AF%86%E7%A0%81",  # 用户:密码
        "%E7%94%A8" * 85 + ":%F0%9F%94%91",
        "caf%E9:s3cret",  # no UTF-8
        "token-alone",
    ],
)
def test_any_login_reaches_a_proxy_as_it_is_whatever_the_scheme(
    app: App, sandbox: SandboxServer, login: str
) -> None:
    gate = sandbox.gateways[0]
    keep(app, *(f"{scheme}://{login}@{gate}" for scheme in ("http", "socks5", "socks5h")))
    outcomes = check(app, zone(sandbox)).values()
    assert [one.works for one in outcomes] == [True] * 3
    # The sandbox tells exits apart by user and password, and no login at all is another one.
    exits = {one.exit for one in outcomes}
    [without] = keep(app, f"http://{gate}")
    assert len(exits) == 1 and check(app, zone(sandbox), without)[without].exit not in exits


def test_two_proxies_with_one_exit_are_told(app: App, sandbox: SandboxServer) -> None:
    gate = sandbox.gateways[0]
    # The sandbox tells exits apart by the user, whatever the scheme.
    keep(app, f"http://{gate}", f"socks5h://{gate}")
    told = [english_text(one.told) for one in check(app, zone(sandbox)).values()]
    assert sum("the same as of" in text for text in told) == 1


def test_what_a_proxy_refuses_is_its_own_and_begins_a_cooldown(
    app: App, sandbox: SandboxServer, listen: Callable[[Talk], int]
) -> None:
    closed, refused = keep(
        app,
        f"socks5h://u:s3cret@127.0.0.1:{closed_port()}",
        f"http://u:s3cret@127.0.0.1:{listen(refuses_connect(407))}",
    )
    outcomes = check(app, zone(sandbox))
    assert [one.works for one in outcomes.values()] == [False, False]
    assert "cannot be reached" in english_text(outcomes[closed].told)
    assert "other credentials" in english_text(outcomes[refused].told)
    for name in (closed, refused):
        assert row(app, name).last_error and row(app, name).is_cooling(app.clock.now())


def test_a_silent_proxy_is_at_fault_only_when_the_target_answers_by_another(
    app: App, sandbox: SandboxServer, listen: Callable[[Talk], int]
) -> None:
    mute = f"http://u:s3cret@127.0.0.1:{listen(silent)}"
    [quiet] = keep(app, mute)
    told = check(app, zone(sandbox), quiet, deadline_secs=1.0)[quiet]
    assert told.works is False and row(app, quiet).last_error
    assert not row(app, quiet).is_cooling(app.clock.now())
    keep(app, f"http://ann@{sandbox.gateways[0]}")
    assert check(app, zone(sandbox), deadline_secs=1.0)[quiet].works is False
    assert row(app, quiet).is_cooling(app.clock.now())


def test_a_good_answer_ends_a_cooldown_but_not_that_of_an_operator(
    app: App, sandbox: SandboxServer, listen: Callable[[Talk], int]
) -> None:
    [one] = keep(app, f"http://ann:s3cret@{sandbox.gateways[0]}")
    app.pool.egress_routes.record_failure(one, DEAD_PROXY)
    assert row(app, one).is_cooling(app.clock.now())
    check(app, zone(sandbox))
    assert not row(app, one).is_cooling(app.clock.now())
    app.pool.egress_operator.cool_down(one, timedelta(hours=1))
    outcome = check(app, zone(sandbox))[one]
    assert outcome.works and "left alone by the operator" in english_text(outcome.told)
    assert row(app, one).is_held_by_operator(app.clock.now())


def test_a_target_that_refuses_an_exit_is_told_and_the_proxy_works(
    app: App, listen: Callable[[Talk], int]
) -> None:
    # The proxy itself answers in the platform's place, as a plain target allows.
    [one] = keep(app, f"http://127.0.0.1:{listen(says(PAGE))}")
    outcome = check(app, "http://platform.example/")[one]
    assert (outcome.works, outcome.status) == (True, 412)
    assert "refuses it (HTTP 412)" in english_text(outcome.told)


def test_what_was_not_begun_in_time_or_before_a_stop_is_not_asked(
    app: App, sandbox: SandboxServer
) -> None:
    [one] = keep(app, f"http://ann@{sandbox.gateways[0]}")
    assert check(app, zone(sandbox), deadline_secs=0.1)[one].works is None
    stop = threading.Event()
    stop.set()
    assert check(app, zone(sandbox), stop=stop)[one].works is None
    assert row(app, one).last_good_at is None


def test_the_check_sends_nothing_of_an_account(app: App, listen: Callable[[Talk], int]) -> None:
    seen: list[bytes] = []

    def talk(connection):  # type: ignore[no-untyped-def]
        seen.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n1.2.3.4")

    add_account(app, "alice", proxy=f"http://127.0.0.1:{listen(talk)}")
    [outcome] = check(app, "http://platform.example/ip").values()
    assert outcome.exit == "1.2.3.4" and len(seen) == 1
    assert b"SESSDATA" not in seen[0] and b"Cookie" not in seen[0]


@pytest.mark.parametrize(
    ("body", "address"),
    [
        (b'{"code":0,"data":{"addr":"1.2.3.4","country":"x"}}', "1.2.3.4"),
        (b'{"origin": "1.2.3.4, 5.6.7.8"}', "1.2.3.4"),
        (b" 2001:db8::1\n", "2001:db8::1"),
        (b'{"data": "no"}', None),
        (b'{"ip": "<script>"}', None),
        (b"[" * 100_000, None),
        (b"\xff\xfe", None),
    ],
)
def test_the_exits_address_is_read_where_the_target_tells_it(
    body: bytes, address: str | None
) -> None:
    assert exit_address(body) == address


@pytest.mark.parametrize(
    "target", ["ftp://x/", "http://", "http://u:pw@x/", "http://x:0/", "http://x/\n", "http://[x"]
)
def test_only_a_plain_url_can_be_asked(target: str) -> None:
    with raises_saying(InvalidInputError, "http"):
        require_target(target)


def test_the_check_of_an_account_names_a_dead_proxy_and_leaves_it_alone(
    make_app: AppFactory, sandbox: SandboxServer
) -> None:
    app = make_app(bilibili_base_url=sandbox.url)
    add_account(app, "alice", proxy=f"http://u:s3cret@127.0.0.1:{closed_port()}")
    alice = app.pool.registry.find("alice")
    assert alice.egress is not None
    with raises_saying(SourceError, f"alice leaves by {alice.egress}, which does not work") as told:
        app.pool.enrolment.require_signed_in(alice)
    assert "s3cret" not in str(told.value)
    assert row(app, alice.egress).is_cooling(app.clock.now())
    assert app.pool.manager.get_idle_account("bilibili") is None

    app.pool.proxy_inventory.give(alice.id, "bilibili", f"http://u:s3cret@{sandbox.gateways[0]}")
    moved = app.pool.registry.find("alice")
    assert app.pool.enrolment.require_signed_in(moved).signed_in
    assert row(app, str(moved.egress)).last_good_at is not None


def test_a_platform_that_a_proxy_does_not_reach_is_not_its_fault(
    app: App, listen: Callable[[Talk], int]
) -> None:
    add_account(app, "alice", proxy=f"socks5h://127.0.0.1:{listen(socks_replies(5))}")
    alice = app.pool.registry.find("alice")
    with pytest.raises(RetryableError):
        app.pool.enrolment.check(alice)
    assert not row(app, str(alice.egress)).is_cooling(app.clock.now())
