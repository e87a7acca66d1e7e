"""Proxies that fail in any way: the crawl goes on with another account, and nobody is harmed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from app.container import App
from storage.crawling import proxies, source_states
from storage.models.accounts import AccountStatus, Health
from storage.models.tasks import TaskStatus
from tests.support.crawler.workbench import (
    ONE_ENGINE,
    account_of,
    add_account,
    crawl,
    events_of,
    pieces_of,
)
from tests.support.sources.faulty_proxies import (
    HOST,
    closed_port,
    closes_when_asked,
    hang_up,
    refuses_connect,
    says,
    silent,
    socks_method,
    socks_refuses_user,
    socks_replies,
)
from tests.support.webhooks.raw_servers import Talk, raw_server, trickle

USER, PASSWORD = "us3r-session-37", "pa55word"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b" " * 1000
FAULTS: dict[str, tuple[str, Talk | None]] = {
    "closed": ("http", None),
    "silent": ("http", silent),
    "resets": ("http", hang_up),
    "closes": ("http", closes_when_asked),
    "garbage": ("http", says(b"SSH-2.0-OpenSSH_9.6\r\n")),
    "402": ("http", refuses_connect(402)),
    "407": ("http", refuses_connect(407)),
    "452": ("http", refuses_connect(452)),
    "502": ("http", refuses_connect(502)),
    "403 of the provider": ("http", refuses_connect(403, b"x-brd-err-code: policy_1\r\n")),
    "503 with its status": ("http", refuses_connect(503, b"Proxy-Status: x; error=http_error\r\n")),
    "trickles": ("http", trickle(ANSWER, 0.05)),
    "socks closed": ("socks5", None),
    "socks silent": ("socks5", silent),
    "socks closes": ("socks5", closes_when_asked),
    "socks speaks HTTP": ("socks5", says(ANSWER)),
    "socks silent later": ("socks5", socks_method(0)),
    "socks refuses the user": ("socks5", socks_refuses_user),
    **{f"socks reply {reply}": ("socks5", socks_replies(reply)) for reply in range(1, 9)},
    "socks silent behind": ("socks5", socks_replies(0)),
    "socks hangs up behind": ("socks5", socks_replies(0, then=closes_when_asked)),
}


@pytest.fixture
def listen() -> Iterator[Callable[[Talk], int]]:
    with ExitStack() as running:
        yield lambda talk: running.enter_context(raw_server(talk))


@ONE_ENGINE
@pytest.mark.parametrize("name", FAULTS)
def test_a_dead_proxy_only_rests_itself(make_app, platform, listen, name: str) -> None:
    scheme, talk = FAULTS[name]
    port = closed_port() if talk is None else listen(talk)
    server = platform(creators=60)
    app = make_app(bilibili_base_url=server.url, request_timeout_secs=1, answer_timeout_secs=1.2)
    add_account(app, "acc1", proxy=f"{scheme}://{USER}:{PASSWORD}@{HOST}:{port}")
    add_account(app, "acc2")
    task = crawl(app, pages=3)
    assert task.status is TaskStatus.COMPLETED
    assert {account for account, _ in server.asked} == {"acc2"}
    assert server.stats()["duplicate_pages"] == 0
    assert {piece.attempts for piece in pieces_of(app, task.id)} == {0}
    account = account_of(app, "acc1")
    assert (account.status, account.health) == (AccountStatus.IDLE, Health.HEALTHY)
    assert (account.cooldown_until, account.failure_count) == (None, 0)
    assert left_alone(app) == {account.egress}
    [(event, detail), *_] = events_of(app, "acc1")
    assert event == "spared" and "it concerns the egress route" in detail
    assert USER not in detail and PASSWORD not in detail


def left_alone(app: App) -> set[str]:
    """Return the egress routes that cool down, or by which the platform is not asked."""
    now = app.clock.now()
    cooling = {route.egress for route in app.database.read(proxies.cooling, now)}
    return cooling | {circuit.egress for circuit in app.database.read(source_states.all_of, now)}


@ONE_ENGINE
def test_a_dead_proxy_costs_one_time_limit(make_app, platform, listen) -> None:
    asked: list[int] = []

    def counts(connection) -> None:
        asked.append(1)
        silent(connection)

    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url, request_timeout_secs=0.5)
    add_account(app, "acc1", proxy=f"http://{HOST}:{listen(counts)}")
    add_account(app, "acc2")
    assert crawl(app, pages=1).status is TaskStatus.COMPLETED
    assert len(asked) == 1


@ONE_ENGINE
def test_the_session_check_of_others_does_not_wait_for_a_dead_proxy(
    make_app, platform, clock
) -> None:
    server = platform()
    app = make_app(bilibili_base_url=server.url, request_timeout_secs=1)
    add_account(app, "acc1", proxy=f"socks5://{HOST}:{closed_port()}")
    add_account(app, "acc2")
    clock.move(2 * 86_400)
    assert app.jobs.scheduled.session_checks.check_due(threading.Event()) == 2
    assert account_of(app, "acc2").session_checked_at is not None
