"""One of several egress routes that is refused: its accounts wait, the others go on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.container import App
from core.settings import Pace
from storage.crawling import source_states
from storage.crawling.source_states import CircuitState
from storage.models.tasks import TaskStatus
from tests.support.apps import AppFactory
from tests.support.crawler.workbench import (
    Platform,
    add_account,
    change,
    column,
    crawl,
    file_crawl,
    once,
    pieces_of,
    stored_uids,
    task_of,
)
from tests.support.moving_clock import MovingClock

StartPlatform = Callable[..., Platform]
REST = 900
BEHIND_EACH = 3
EVENLY = {"bilibili_pace": Pace(4, 1)}  # so that accounts take turns after each page


def add_behind(app: App, server: Platform) -> None:
    """Add accounts `acc1` to `acc3` behind the first gateway, the others behind the second."""
    for number in range(2 * BEHIND_EACH):
        gateway = server.gateways[number // BEHIND_EACH]
        name = f"acc{number + 1}"
        add_account(app, name, proxy=f"http://us3r:pa55word@{gateway}")
        change(
            app,
            "UPDATE accounts SET egress=:egress WHERE username=:name AND egress IS NULL",
            egress=gateway,
            name=name,
        )


def harmed(app: App) -> list[str]:
    return column(
        app,
        "SELECT username FROM accounts WHERE status<>'idle' OR health<>'healthy'"
        " OR cooldown_until IS NOT NULL OR failure_count>0",
    )


@pytest.mark.parametrize("order", [{"kind": "block"}, {"kind": "risk_bare"}], ids=["412", "-352"])
def test_a_refused_route_costs_no_account_and_its_probes_one_request_in_each_rest(
    make_app: AppFactory, platform: StartPlatform, clock: MovingClock, order: dict[str, str]
) -> None:
    server = platform(creators=800, egresses=2)
    apps = [make_app(host=f"host-{n}", bilibili_base_url=server.url, **EVENLY) for n in range(2)]
    add_behind(apps[0], server)
    crawl(apps[0], pages=1)
    refused_route = {"egress": server.gateways[0], "endpoint": "search", "for_secs": 4 * REST}
    server.order(order | refused_route)
    task = file_crawl(apps[0])
    for _ in range(200):
        if not task_of(apps[0], task.id).is_open:
            break
        busy = [once(app.crawling.ingestion_worker()) for app in apps]
        if not any(busy):
            clock.move(1.0)
    assert task_of(apps[0], task.id).status is TaskStatus.COMPLETED
    assert stored_uids(apps[0]) == server.uids()
    assert {piece.attempts for piece in pieces_of(apps[0], task.id)} == {0}
    assert harmed(apps[0]) == []
    [circuit] = apps[0].database.read(source_states.all_of, clock.now())
    assert (circuit.state, circuit.egress == "*") == (CircuitState.OPEN, False)
    [report] = server.stats()["orders"]
    first = report["refused"]
    assert first == 2
    clock.move(REST)
    later = make_app(host="later", bilibili_base_url=server.url, **EVENLY)
    assert crawl(later).status is TaskStatus.COMPLETED
    assert server.stats()["orders"][0]["refused"] == first + 1
    assert harmed(later) == []
