"""Egress routes over real sockets: gateways that fail, the accounts behind them, and probes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from accounts.account_lease import Purpose
from app.container import App
from core.errors import RetryableError
from crawler.runtime.account_sessions import AccountCheckout
from sandbox import RateLimit, SandboxConfig, SandboxServer
from sources.base import Via
from storage.crawling import proxies
from tests.support.apps import add_account
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control

PLATFORM, DOMAIN = "bilibili", "美妆"


@dataclass
class Gateways:
    """A sandbox with two gateways, and an App whose accounts leave by them."""

    server: SandboxServer
    app: App

    def add(self, name: str, gateway: int | None, scheme: str = "http") -> None:
        """Add an account that is its own user at a gateway, or (None) one without a proxy."""
        url = None
        if gateway is not None:
            url = f"{scheme}://{name}@{self.server.gateways[gateway]}"
        add_account(self.app, name, proxy=url)

    def route(self, name: str) -> str:
        return self.app.pool.registry.find(name).egress or ""

    def break_down(self, egress: str, fault: str | None, **more: Any) -> None:
        control.tell(self.server.url, "egress", {"egress": egress, "fault": fault, **more})

    def ask(self) -> tuple[str, str | datetime | None] | None:
        """Let the next account search, and record what became of it.

        Return its name, and `good` or until when its route is left alone; None without an account.
        """
        leased = self.app.pool.manager.lease(Purpose.INGESTING, PLATFORM)
        if leased is None:
            return None
        checkout, stop = AccountCheckout(leased), threading.Event()
        sessions, routes = self.app.pool.sessions, self.app.pool.egress_routes
        sessions.open(checkout, stop)
        egress = checkout.session.egress
        assert egress == self.route(leased.username)
        try:
            checkout.source.source.search_creators(  # type: ignore[attr-defined]
                checkout.session, DOMAIN, 1, Via.USERS
            )
        except RetryableError as error:
            assert error.fault is not None
            return leased.username, routes.record_failure(egress, error.fault)
        else:
            routes.record_success(egress)
            return leased.username, "good"
        finally:
            sessions.close(checkout)

    def asked(self) -> dict[str, int]:
        """Return the number of requests of the platform by route."""
        counted = control.stats(self.server.url)["egresses"]
        return {name: one["requests"] for name, one in counted.items()}


@pytest.fixture
def gateways(make_app: Callable[..., App], clock: MovingClock) -> Iterator[Gateways]:
    config = SandboxConfig(creators=40, domains=(DOMAIN,), egresses=2, rate=RateLimit(100_000, 1.0))
    # Signatures carry the time.
    server = SandboxServer(config=config, now=clock.monotonic, wall=lambda: clock.now().timestamp())
    server.start()
    yield Gateways(server, make_app(bilibili_base_url=server.url))
    server.stop()


def test_one_user_of_a_gateway_is_one_egress_route(gateways: Gateways) -> None:
    for name in ("one", "two"):
        gateways.add(name, 0)
    gateways.add("plain", None)
    assert {gateways.ask() for _ in range(3)} == {(n, "good") for n in ("one", "two", "plain")}
    gateway = gateways.server.gateways[0]
    assert set(gateways.asked()) == {f"{gateway}#one", f"{gateway}#two", "direct"}
    rows = {row.egress: row for row in gateways.app.database.read(proxies.all_of)}
    assert len(rows) == 3 and all(row.last_good_at for row in rows.values())
    assert gateways.route("one") != gateways.route("two")


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_a_dead_gateway_costs_one_request_of_each_account(
    gateways: Gateways, clock: MovingClock, scheme: str
) -> None:
    gateways.add("dead", 0, scheme)
    gateways.add("other", 1, scheme)
    gateways.break_down(gateways.server.gateways[0], "closed")
    seen = [gateways.ask() for _ in range(6)]
    found = dict(one for one in seen if one is not None)
    assert isinstance(found["dead"], datetime) and found["other"] == "good"
    assert [one[0] for one in seen if one].count("dead") == 1
    clock.move(61)
    failed = [one for one in (gateways.ask() for _ in range(3)) if one and one[0] == "dead"]
    [(_, until)] = failed
    assert isinstance(until, datetime)
    assert 110 < (until - clock.now()).total_seconds() < 121
    gateways.break_down(gateways.server.gateways[0], None)
    clock.move(121)
    assert ("dead", "good") in {gateways.ask() for _ in range(2)}
    assert gateways.app.database.read(proxies.cooldowns) == []


def test_a_refused_exit_leaves_the_others_of_its_gateway_alone(gateways: Gateways) -> None:
    for name in ("bad", "fine", "good"):
        gateways.add(name, 0)
    gateway = gateways.server.gateways[0]
    gateways.break_down(f"{gateway}#bad", "status", status=407)
    for _ in range(6):
        gateways.ask()
    cooling = {one.egress for one in gateways.app.database.read(proxies.cooldowns)}
    assert cooling == {gateways.route("bad")}
    assert control.stats(gateways.server.url)["egress_faults"] == {f"{gateway}#bad": {"status": 1}}


def test_a_provider_that_refuses_everybody_is_asked_twice(
    gateways: Gateways, clock: MovingClock
) -> None:
    for name in ("one", "two", "three", "four"):
        gateways.add(name, 0)
    gateway = gateways.server.gateways[0]
    gateways.break_down(gateway, "status", status=402)
    assert [gateways.ask() is None for _ in range(5)] == [False, False, True, True, True]
    clock.move(601)
    gateways.break_down(gateway, None)
    probe = gateways.ask()
    assert probe is not None and probe[1] == "good"


def test_no_name_of_a_route_shows_a_user(gateways: Gateways) -> None:
    gateways.add("ann-session-37", 0)
    gateways.break_down(gateways.server.gateways[0], "closed")
    gateways.ask()
    rows = gateways.app.database.read(proxies.all_of)
    assert "ann-session-37" not in repr(rows)
