"""The database goes away in the middle of a round: what was begun is done again, under its id."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from core.errors import DatabaseError
from storage.crawling.job_runs import RunState
from storage.distribution.deliveries import DeliveryState
from tests.support.distribution.distribution import (
    FULL,
    Numbers,
    filed,
    noon,
    posted,
    rows,
    scanner_of,
    take_posted,
    take_tasks,
    task,
    told_tasks,
    youtube,
)
from tests.support.jobs.job_tools import hourly
from tests.support.mariadb import MariaDBServer
from tests.support.moving_clock import MovingClock
from tests.support.storage.tcp_proxy import TcpProxy
from tests.support.webhooks.post_office import PostOffice


@pytest.fixture
def database_url(mysql_url: str) -> str:
    return mysql_url


class Outage:
    """Takes the database away when called; it comes back after a while of waiting."""

    def __init__(self, proxy: TcpProxy, clock: MovingClock) -> None:
        self._proxy = proxy
        self._clock = clock
        self.was = False

    def __call__(self) -> None:
        if not self.was:
            self.was = self._proxy.refuse = True
            self._proxy.cut()
            self._clock.on_wait = self._come_back

    def _come_back(self) -> None:
        if len(self._clock.waits) > 10:
            self._proxy.refuse = False


def test_a_report_that_was_sent_but_not_noted_comes_again_under_its_id(
    mariadb: MariaDBServer,
    mysql_url: str,
    make_office: Callable[..., PostOffice],
    clock: MovingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with TcpProxy(mariadb.port) as proxy:
        office = make_office(database_url=SecretStr(proxy.url(mysql_url)))
        outage, stop = Outage(proxy=proxy, clock=clock), threading.Event()
        delivery = office.file(office.url("ok", "a"), "t")
        sender, posts = office.app.webhooks.sender, []
        post = sender.client.post

        def then_the_database_is_gone(*given: Any) -> Any:
            posts.append(given)
            answer = post(*given)
            if len(posts) == 2:
                stop.set()
            outage()
            return answer

        monkeypatch.setattr(sender.client, "post", then_the_database_is_gone)
        sender.run(stop)
        assert office.get(delivery).state is DeliveryState.DELIVERED
        seen = office.inbox("a")
        assert (seen["requests"], seen["ids"], seen["repeats"]) == (2, 1, 1)


def test_a_night_without_a_database_is_done_by_the_next_look(
    mariadb: MariaDBServer, mysql_url: str, make_app: Any, clock: MovingClock
) -> None:
    with TcpProxy(mariadb.port) as proxy:
        app = make_app(database_url=SecretStr(proxy.url(mysql_url)))
        app.database._patience_secs = 0.0
        take_tasks(app, task("t1"), task("t2"))
        take_posted(
            app,
            posted("t1", "u", youtube(1), noon(app), FULL),
            posted("t2", "u", youtube(2), noon(app)),
        )
        outage = Outage(proxy=proxy, clock=clock)
        scanner = scanner_of(app, Numbers(on_fetch=outage), part_tasks=1)
        job = hourly(lambda context: scanner.run(context.stop))
        app.jobs.runner.run_due(job)  # it is met
        clock.move(3700)
        with pytest.raises(DatabaseError):
            app.jobs.runner.run_due(job)
        proxy.refuse = False
        assert told_tasks(filed(app)) == ["t1"], "whole parts are reported"
        clock.move(app.settings.lease_secs + 1)
        done = app.jobs.runner.run_due(job)
        assert done is not None and done.state is RunState.SUCCEEDED and done.lease_token == 2
        assert told_tasks(filed(app)) == ["t1", "t2"]
        assert [row["revision"] for row in rows(app, "task_daily_stats")] == [1, 1]
