"""Refusals that concern more than one account: blocks and throttles, by several processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from app.container import App
from core.errors import CircuitOpenError
from sources.base import VideoStats
from sources.circuits import Asker
from storage.crawling import source_states
from storage.crawling.source_states import Circuit, CircuitState
from storage.models.accounts import AccountStatus, Health
from storage.models.tasks import Task, TaskStatus
from tests.support.apps import AppFactory
from tests.support.crawler.workbench import (
    ONE_ENGINE,
    Platform,
    account_of,
    add_accounts,
    crawl,
    file_crawl,
    once,
    pieces_of,
    stored_uids,
    task_of,
)
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control

StartPlatform = Callable[..., Platform]
REST = 900.0
BLOCK = {"kind": "block", "endpoint": "bilibili"}
PROCESSES, ACCOUNTS = 3, 8
OPINIONS = 3  # after the first refusal: two accounts and a session check


def unharmed(app: App, count: int = ACCOUNTS) -> bool:
    found = [account_of(app, f"acc{number}") for number in range(1, count + 1)]
    return all(
        (one.status, one.health, one.cooldown_until, one.failure_count)
        == (AccountStatus.IDLE, Health.HEALTHY, None, 0)
        for one in found
    )


def report_of(server: Platform) -> Mapping[str, Any]:
    """Return what became of the only order."""
    [report] = server.stats()["orders"]
    return report  # type: ignore[no-any-return]


def departures_of(server: Platform) -> int:
    """Return how many requests came for the order's unit after its first refusal was answered."""
    report = report_of(server)
    return int(report["departures"] + report["quiet_departures"])


def leases(app: App) -> int:
    """Return how often accounts were leased so far."""
    return app.database.read(lambda tx: tx.number("SELECT SUM(lease_token) FROM accounts"))


def circuits_of(app: App) -> list[Circuit]:
    return app.database.read(source_states.all_of, app.clock.now(), "bilibili")


def open_units(app: App) -> set[tuple[str, str]]:
    return {
        (circuit.egress, circuit.endpoint)
        for circuit in circuits_of(app)
        if circuit.state is CircuitState.OPEN
    }


class Crew:
    """Several processes that crawl in turn; each has an App of its own on one database."""

    def __init__(self, make_app: AppFactory, server: Platform, **settings: Any) -> None:
        self._make = lambda host: make_app(
            host=host, bilibili_base_url=server.url, pages_per_task=2, **settings
        )
        self.apps = [self._make(f"host-{number}") for number in range(PROCESSES)]
        add_accounts(self.app, ACCOUNTS)
        crawl(self.app, pages=1)  # keys and devices are there
        self.task = file_crawl(self.app)

    @property
    def app(self) -> App:
        return self.apps[0]

    def restart(self) -> None:
        """Replace every process by a new one, which knows only what the database says."""
        self.apps = [self._make(f"later-{number}") for number in range(PROCESSES)]

    def work(self, clock: MovingClock, secs: float, step_secs: float = 1.0) -> None:
        """Let the processes work in turn for that time, and step on when all have to wait."""
        until = clock.now() + timedelta(seconds=secs)
        while clock.now() < until:
            busy = [once(app.crawling.ingestion_worker()) for app in self.apps]
            if not any(busy):
                clock.move(step_secs)

    def finish(self, clock: MovingClock, rounds: int = 300) -> Task:
        for _ in range(rounds):
            seen = task_of(self.app, self.task.id)
            if not seen.is_open:
                return seen
            busy = [once(app.crawling.ingestion_worker()) for app in self.apps]
            if not any(busy):
                clock.move(1.0)
        raise AssertionError("the crawl does not end")

    def attempts(self) -> set[int]:
        return {piece.attempts for piece in pieces_of(self.app, self.task.id)}


def test_a_block_of_the_platform_costs_three_requests_a_session_check_and_no_account(
    make_app: AppFactory, platform: StartPlatform, clock: MovingClock
) -> None:
    server = platform(creators=240)
    crew = Crew(make_app, server)
    server.order(BLOCK | {"for_secs": 3600})
    before = leases(crew.app)
    crew.work(clock, REST - 30)
    assert leases(crew.app) - before < 100, "nobody goes from account to account all the time"
    report = report_of(server)
    assert (report["refused"], departures_of(server)) == (1 + OPINIONS, OPINIONS)
    assert unharmed(crew.app)
    [circuit] = circuits_of(crew.app)
    assert (circuit.endpoint, circuit.state) == ("*", CircuitState.OPEN)


def test_a_block_is_probed_once_in_each_rest_by_new_processes_too(
    make_app: AppFactory, platform: StartPlatform, clock: MovingClock
) -> None:
    server = platform(creators=240)
    crew = Crew(make_app, server)
    server.order(BLOCK | {"for_secs": 2.5 * 3600})
    crew.work(clock, 1200, step_secs=10)
    crew.restart()
    crew.work(clock, 2.5 * 3600 - 1200, step_secs=10)
    # After 15, 45 and 105 minutes.
    assert departures_of(server) == OPINIONS + 3
    assert unharmed(crew.app)
    clock.move(2 * 3600)
    assert crew.finish(clock).status is TaskStatus.COMPLETED
    assert stored_uids(crew.app) == server.uids()
    assert crew.attempts() == {0}
    assert circuits_of(crew.app) == []


def test_a_block_of_one_endpoint_leaves_the_others_alone(
    make_app: AppFactory, platform: StartPlatform, clock: MovingClock
) -> None:
    server = platform(creators=240)
    crew = Crew(make_app, server)
    server.order(BLOCK | {"endpoint": "view", "for_secs": 600})
    [video] = control.videos(server.url, "bilibili", 1, state="visible")
    items = crew.app.pool.statistics.fetch([video["id"]], threading.Event(), "bilibili")
    assert [item.answer for item in items] == [None]
    assert open_units(crew.app) == {("*", "view")}
    assert report_of(server)["refused"] == 3
    assert crew.finish(clock).status is TaskStatus.COMPLETED
    assert stored_uids(crew.app) == server.uids()
    assert unharmed(crew.app)
    assert report_of(server)["refused"] == 3
    clock.move(REST)
    [item] = crew.app.pool.statistics.fetch([video["id"]], threading.Event(), "bilibili")
    assert isinstance(item.answer, VideoStats)


@pytest.mark.parametrize(
    "throttle",
    [
        {"kind": "answer", "code": -799},
        {"kind": "answer", "http": 429, "headers": {"Retry-After": "120"}},
    ],
    ids=["code", "Retry-After"],
)
def test_a_throttle_for_everybody_pauses_the_route_and_rests_nobody(
    make_app: AppFactory,
    platform: StartPlatform,
    clock: MovingClock,
    throttle: dict[str, Any],
) -> None:
    server = platform(creators=240)
    crew = Crew(make_app, server)
    server.order(throttle | {"endpoint": "search", "for_secs": 50})
    crew.work(clock, 50)
    assert report_of(server)["refused"] == 2
    assert unharmed(crew.app)
    [circuit] = circuits_of(crew.app)
    rest = (circuit.until_at - circuit.since_at).total_seconds()
    assert rest == (120.0 if "headers" in throttle else 60.0)
    assert crew.finish(clock).status is TaskStatus.COMPLETED
    assert stored_uids(crew.app) == server.uids()
    assert crew.attempts() == {0}


@ONE_ENGINE
def test_chance_refusals_of_one_in_a_hundred_never_stop_a_pool_of_sixty(
    make_app: AppFactory, platform: StartPlatform, clock: MovingClock
) -> None:
    server = platform(creators=12_000)
    app = make_app(bilibili_base_url=server.url, pages_per_task=100)
    add_accounts(app, 60)
    server.order({"kind": "code_412", "share": 0.01, "for_secs": 86_400, "endpoint": "search"})
    task = file_crawl(app)
    worker = app.crawling.ingestion_worker()
    while task_of(app, task.id).is_open:
        if not once(worker):
            clock.move(1.0)
        assert open_units(app) == set()
    assert task_of(app, task.id).status is TaskStatus.COMPLETED
    assert report_of(server)["refused"] > 0
    assert len(stored_uids(app)) == 12_000


def test_a_probe_whose_process_was_killed_is_sent_by_another_within_half_a_minute(
    make_app: AppFactory, platform: StartPlatform, clock: MovingClock
) -> None:
    server = platform(creators=240)
    crew = Crew(make_app, server)
    server.order(BLOCK | {"for_secs": 600})
    crew.work(clock, 300)
    [circuit] = circuits_of(crew.app)
    clock.move_to(circuit.until_at + timedelta(seconds=1))
    egress = crew.app.foundation.egress.direct.name
    asker = Asker(platform="bilibili", egress=egress, endpoint="search", account_id=1)
    crew.apps[2].pool.circuits.admit(asker, threading.Event())  # and there its process dies
    asked = len(server.asked)
    with pytest.raises(CircuitOpenError):
        crew.apps[1].pool.circuits.admit(asker, threading.Event())
    crew.work(clock, 29)
    assert len(server.asked) == asked
    crew.work(clock, 10)
    assert len(server.asked) > asked
    assert crew.finish(clock).status is TaskStatus.COMPLETED
