"""Short links and sign-ins, which no account asks: what they show of hosts and routes is shared."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.container import App
from core.attribution import ALL, Scope
from core.errors import CircuitOpenError, RetryableError, RiskControlError, SourceError
from sources.bilibili.qr_login import QRLogin, ScanState
from sources.links import ShortLink, recognise
from storage.crawling import proxies, source_states
from storage.crawling.source_states import CircuitState
from storage.models.tasks import TaskStatus
from tests.support.apps import AppFactory
from tests.support.crawler.workbench import ONE_ENGINE, Platform, add_accounts, crawl
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control
from tests.support.sources.faulty_proxies import HOST, closed_port

StartPlatform = Callable[..., Platform]
NEVER = threading.Event()
USER, PASSWORD = "us3r-session-37", "pa55word"


def links(server: Platform, count: int = 3) -> list[ShortLink]:
    """Return short links of b23.tv, each to a video of its own."""
    found = [recognise(video["short_url"]) for video in control.videos(server.url, "bilibili", 9)]
    of_host = [link for link in found if isinstance(link, ShortLink) and "b23.tv" in link.url]
    return of_host[:count]


def app_at(make_app: AppFactory, server: Platform, **options: Any) -> App:
    return make_app(
        bilibili_base_url=server.url,
        bilibili_passport_url=server.url,
        short_link_base_url=server.url,
        **options,
    )


def sign_in(app: App, proxy: str | None = None) -> QRLogin:
    return QRLogin(
        requests=app.pool.anonymous_requests(proxy),
        base_url=app.settings.bilibili_passport_url,
        timeout_secs=2.0,
        proxy=proxy,
    )


def open_units(app: App) -> set[tuple[str, str, str]]:
    found = app.database.read(source_states.all_of, app.clock.now())
    return {
        (one.platform, one.egress, one.endpoint) for one in found if one.state is CircuitState.OPEN
    }


def direct(app: App) -> str:
    return app.foundation.egress.direct.name


def asked(server: Platform, platform: str = "short_links") -> int:
    return int(sum(server.stats()["requests"].get(platform, {}).values()))


def test_an_answer_makes_the_route_known_and_good(
    make_app: AppFactory, platform: StartPlatform
) -> None:
    server = platform()
    app = app_at(make_app, server)
    app.pool.short_links.resolve(links(server)[0])
    [route] = app.database.read(proxies.all_of)
    assert (route.egress, route.last_good_at is not None) == (direct(app), True)
    assert open_units(app) == set()


@pytest.mark.parametrize("http", [412, 403, 429])
def test_a_host_that_refuses_the_route_is_left_alone_by_all_processes_and_others_go_on(
    make_app: AppFactory, platform: StartPlatform, clock: MovingClock, http: int
) -> None:
    server = platform(creators=60)
    one, other = (app_at(make_app, server) for _ in range(2))
    add_accounts(one, 1)
    server.order({"kind": "answer", "endpoint": "short_links", "http": http, "for_secs": 3600})
    first, second, _ = links(server)
    with pytest.raises(SourceError) as refused:
        one.pool.short_links.resolve(first)
    assert refused.value.attribution is not None
    assert refused.value.attribution.scope is Scope.EGRESS
    told = english_text(refused.value)
    assert told.startswith(f"by egress route {direct(one)}, which is left alone until ")
    assert open_units(one) == {("b23.tv", direct(one), "short_links")}
    with pytest.raises(CircuitOpenError) as left_alone:
        other.pool.short_links.resolve(second)
    assert asked(server) == 1
    assert crawl(one, pages=3).status is TaskStatus.COMPLETED, "Bilibili itself is asked"
    clock.move_to(left_alone.value.until + timedelta(seconds=1))
    with pytest.raises(SourceError):
        other.pool.short_links.resolve(second)
    assert asked(server) == 2, "the probe"


def test_a_host_that_does_not_answer_concerns_the_route_to_it_alone(
    make_app: AppFactory, platform: StartPlatform
) -> None:
    server = platform(creators=60)
    app = make_app(
        bilibili_base_url=server.url,
        short_link_base_url=f"http://{HOST}:{closed_port()}",
        request_attempts=2,
    )
    add_accounts(app, 1)
    with pytest.raises(RetryableError):
        app.pool.short_links.resolve(links(server)[0])
    assert open_units(app) == {("b23.tv", direct(app), ALL)}
    assert crawl(app, pages=3).status is TaskStatus.COMPLETED


def test_one_link_that_always_fails_leaves_its_host_open(
    make_app: AppFactory, platform: StartPlatform, clock: MovingClock
) -> None:
    server = platform()
    app = app_at(make_app, server, request_attempts=1)
    bad, good, _ = links(server)
    path = bad.url.partition("://")[2]
    server.order({"kind": "http_502", "endpoint": f"/{path.strip('/')}", "for_secs": 3600})
    for _ in range(3):
        with pytest.raises(SourceError):
            app.pool.short_links.resolve(bad)
        clock.move(10)
    assert open_units(app) == set()
    app.pool.short_links.resolve(good)


def test_a_failure_that_passes_is_repeated_and_shows_nothing(
    make_app: AppFactory, platform: StartPlatform
) -> None:
    server = platform()
    app = app_at(make_app, server, request_attempts=3)
    server.order({"kind": "http_502", "endpoint": "short_links", "times": 2})
    app.pool.short_links.resolve(links(server)[0])
    assert asked(server) == 3
    assert open_units(app) == set()


def test_a_sign_in_through_a_dead_proxy_rests_the_route_and_shows_no_user(
    make_app: AppFactory, platform: StartPlatform, clock: MovingClock
) -> None:
    server = platform()
    app = app_at(make_app, server)
    proxy = f"http://{USER}:{PASSWORD}@{HOST}:{closed_port()}"
    with pytest.raises(RetryableError) as dead:
        sign_in(app, proxy).new_code(NEVER)
    attribution = dead.value.attribution
    assert attribution is not None and attribution.scope is Scope.EGRESS
    [route] = app.database.read(proxies.cooling, clock.now())
    assert attribution.until is not None and route.cooldown_until is not None
    assert abs(attribution.until - route.cooldown_until) < timedelta(milliseconds=1)
    with pytest.raises(CircuitOpenError) as rests:
        sign_in(app, proxy).new_code(NEVER)
    assert rests.value.until == route.cooldown_until
    told = f"{dead.value} {rests.value} {route}"
    assert USER not in told and PASSWORD not in told
    assert sign_in(app).new_code(NEVER).url, "another route is as good as ever"


def test_a_refused_sign_in_rests_the_route_at_the_sign_in_alone(
    make_app: AppFactory, platform: StartPlatform
) -> None:
    server = platform(creators=60)
    app = app_at(make_app, server)
    add_accounts(app, 1)
    server.order({"kind": "answer", "endpoint": "qr_generate", "http": 412, "body": "<html>"})
    with pytest.raises(RiskControlError) as refused:
        sign_in(app).new_code(NEVER)
    assert refused.value.attribution is not None
    assert refused.value.attribution.scope is Scope.EGRESS
    assert open_units(app) == {(HOST, direct(app), "sign_in")}
    assert crawl(app, pages=3).status is TaskStatus.COMPLETED


@ONE_ENGINE
def test_an_unknown_state_of_a_code_is_waited_out_and_then_told(
    make_app: AppFactory, platform: StartPlatform
) -> None:
    server = platform()
    login = sign_in(app_at(make_app, server))
    code = login.new_code(NEVER)
    server.order(
        {"kind": "answer", "endpoint": "qr_poll", "code": 0, "data": {"code": 86066}, "times": 1}
    )
    assert login.poll(code, NEVER) is ScanState.WAITING
    with pytest.raises(SourceError, match="86066"):
        login.require_known()
    assert login.poll(code, NEVER) is ScanState.WAITING
    login.require_known()


def test_a_route_that_the_operator_holds_is_not_used(
    make_app: AppFactory, platform: StartPlatform
) -> None:
    server = platform()
    app = app_at(make_app, server)
    first, second, _ = links(server)
    app.pool.short_links.resolve(first)
    app.pool.egress_operator.cool_down(direct(app), timedelta(hours=1))
    with pytest.raises(CircuitOpenError):
        app.pool.short_links.resolve(second)
    app.pool.egress_operator.open(direct(app))
    app.pool.short_links.resolve(second)
