"""A process lives for a week, on a clock that is moved: its memory on the last day is that of the
first ones."""

from __future__ import annotations

import gc
import logging
import threading
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest

from app import web
from app.container import App
from jobs.scheduler import JobScheduler
from presentation.i18n.renderer import renderer_for
from presentation.terminal.dashboard import Dashboard
from tests.support.apps import add_account
from tests.support.crawler.workbench import (
    ONE_ENGINE,
    account_of,
    crawl,
    export,
)
from tests.support.jobs.job_tools import Inline
from tests.support.moving_clock import MovingClock
from web.monitoring.metrics import HttpMetrics, InstallationCollector

STEPS_A_DAY = 2
STEP = timedelta(days=1) / STEPS_A_DAY
# The caches of the first days are full then; what comes after them is a leak.
WARM_DAYS, DAYS = 2, 7
MOST_BYTES = 150_000
SCREENS = 2


class Process:
    """What `run` has threads for, here one after another: each day is like the one before."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._monitor = app.alerts.monitor()
        self._keeper = app.crawling.lease_renewer("ingestion,export")
        self._jobs = JobScheduler(
            jobs=app.jobs.all,
            runner=app.jobs.runner,
            clock=app.clock,
            look_secs=600.0,
            errors_of=app.foundation.errors_of,
            threads=Inline(),
        )
        self._dashboard = Dashboard(renderer_for(app.settings.language, app.calendar.zone))
        self._registry = CollectorRegistry()
        self._answers = HttpMetrics(self._registry)
        backend = web._backend(app, app, threading.Event())
        self._registry.register(InstallationCollector(backend))
        self._accounts = 0

    def live_a_day(self, clock: MovingClock) -> None:
        """Live a day, with a new account in place of yesterday's."""
        add_account(self._app, f"of-day-{self._accounts}", 4_000)
        if self._accounts:
            self._app.pool.deletion.delete(account_of(self._app, f"of-day-{self._accounts - 1}"))
        self._accounts += 1
        for _ in range(STEPS_A_DAY):
            self._step()
            clock.move(STEP.total_seconds())

    def _step(self) -> None:
        crawl(self._app)
        export(self._app)
        self._keeper.renew_once()
        self._jobs.look()
        self._monitor.look_once()
        self._app.foundation.watchdog.stalled()
        for _ in range(SCREENS):
            snapshot = self._app.crawling.snapshots.snapshot(events=8)
            self._dashboard.render(snapshot, 120, 40)
            self._dashboard.line(snapshot, ())
        for status in (200, 404, 503):
            self._answers.answered("GET", status, 0.01)
        generate_latest(self._registry)


def _traced_bytes() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


@ONE_ENGINE
def test_a_week_takes_no_more_memory_than_its_first_days(
    make_app: Callable[..., App],
    platform: Any,
    clock: MovingClock,
) -> None:
    logging.disable(logging.CRITICAL)  # pytest keeps each line
    app = make_app(bilibili_base_url=platform(creators=45).url)
    process = Process(app)
    tracemalloc.start()
    try:
        for _ in range(WARM_DAYS):
            process.live_a_day(clock)
        before, first = _traced_bytes(), tracemalloc.take_snapshot()
        for _ in range(DAYS - WARM_DAYS):
            process.live_a_day(clock)
        grown = _traced_bytes() - before
        where = tracemalloc.take_snapshot().compare_to(first, "lineno")[:12]
    finally:
        tracemalloc.stop()
        logging.disable(logging.NOTSET)
    assert grown <= MOST_BYTES, "\n".join(map(str, (grown, *where)))
