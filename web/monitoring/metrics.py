"""`/metrics` for Prometheus: sums from the database, and the requests of this server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from core.errors import DatabaseError
from core.logs import service_log
from storage.crawling import accounts, leases, proxies, source_states
from storage.crawling.source_states import CircuitState
from storage.engines.transactions import Tx
from storage.models.accounts import Account, AccountStatus
from storage.operations import metrics_queries
from storage.operations.metrics_queries import Work
from web.auth.access import Reader
from web.backend import ROLE, Backend

log = service_log("web")
router = APIRouter(tags=["metrics"])
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = ("GET", "POST")
CLASSES = ("2xx", "3xx", "4xx", "5xx")


class HttpMetrics:
    """The metrics of the requests that this server has answered."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "baton_http_requests",
            "Requests answered, by method and class of status.",
            ("method", "status"),
            registry=registry,
        )
        self._secs = Histogram(
            "baton_http_request_duration_seconds",
            "Time to answer a request, by method.",
            ("method",),
            registry=registry,
        )
        self.login_failures = Counter(
            "baton_login_failures", "Sign-ins that were refused.", registry=registry
        )
        for method in METHODS:
            self._secs.labels(method)
            for status in CLASSES:
                self._requests.labels(method, status)

    def answered(self, method: str, status: int, secs: float) -> None:
        """Count a request that was answered after `secs` seconds."""
        known = method if method in METHODS else "other"
        self._requests.labels(known, f"{status // 100}xx").inc()
        self._secs.labels(known).observe(secs)


class InstallationCollector(Collector):
    """Collects the metrics of the whole installation from the database.

    It reads at each scrape, so that every process shows the same sums.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def describe(self) -> list[Metric]:
        """Return nothing, so that the registry does not read the database at registration."""
        # An empty list keeps the registry from reading the database at registration.
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; without the database only its state and the version."""
        info = GaugeMetricFamily("baton_build_info", "The version.", labels=("version",))
        info.add_metric((self._backend.version,), 1)
        yield info
        up = GaugeMetricFamily("baton_database_up", "Whether the database answers.")
        try:
            found = list(self._backend.database.read(self._read))
        except DatabaseError as error:
            log.warning("metrics without the database: %s", error)
            up.add_metric((), 0)
            yield up
            return
        up.add_metric((), 1)
        yield up
        yield from found

    def _read(self, tx: Tx) -> list[Metric]:
        now = self._backend.clock.now()
        pool = accounts.every(tx)
        alive = now - timedelta(seconds=self._backend.settings.lease_secs)
        everybody = leases.workers(tx)
        workers = [
            worker for worker in everybody if worker.seen_at >= alive and worker.roles != ROLE
        ]
        running = GaugeMetricFamily("baton_processes", "Processes that are alive and work.")
        running.add_metric((), len(workers))
        return [
            running,
            *self._of_accounts(pool, now),
            *_of_egress(tx, now),
            *self._of_work(tx),
            *self._of_reports(tx, now),
        ]

    def _of_accounts(self, pool: list[Account], now: datetime) -> Iterator[Metric]:
        day = self._backend.calendar.day(now)
        states = GaugeMetricFamily(
            "baton_accounts", "Accounts, by platform and state.", labels=("platform", "status")
        )
        for platform in sorted({account.platform for account in pool}):
            for status in AccountStatus:
                ours = [
                    account
                    for account in pool
                    if account.platform == platform and account.status is status
                ]
                states.add_metric((platform, status.value), len(ours))
        yield states
        of_account: tuple[tuple[str, str, Callable[[Account], float]], ...] = (
            (
                "baton_account_exported_today_rows",
                "Rows exported on this quota day.",
                lambda account: account.exported_on(day),
            ),
            (
                "baton_account_export_limit_rows",
                "Rows that may be exported a day.",
                lambda account: account.daily_export_limit,
            ),
            (
                "baton_account_resting",
                "Whether the account cools down.",
                lambda account: account.cooldown_until is not None and account.cooldown_until > now,
            ),
        )
        for name, text, value in of_account:
            gauge = GaugeMetricFamily(name, text, labels=("platform", "account"))
            for account in pool:
                gauge.add_metric((account.platform, account.username), value(account))
            yield gauge

    def _of_work(self, tx: Tx) -> Iterator[Metric]:
        works = {"crawl": metrics_queries.crawled(tx), "export": metrics_queries.exported(tx)}
        tasks = GaugeMetricFamily(
            "baton_tasks", "Tasks, by type and state.", labels=("type", "status")
        )
        for kind, work in works.items():
            for status, count in work.tasks.items():
                tasks.add_metric((kind, status.value), count)
        yield tasks
        yield _counted("baton_crawled_creators", "Creators on the pages stored.", works["crawl"])
        yield _counted("baton_exported_rows", "Rows exported.", works["export"])
        last = GaugeMetricFamily(
            "baton_last_success_timestamp_seconds",
            "When the last page was stored (crawl) and the last file sealed (export); 0: never.",
            labels=("work",),
        )
        for kind, work in works.items():
            at = work.last_success.timestamp() if work.last_success else 0
            last.add_metric((kind,), at)
        yield last

    def _of_reports(self, tx: Tx, now: datetime) -> Iterator[Metric]:
        """Yield how the reports to receivers are doing, and which jobs fail."""
        health = self._backend.report_health.read_in(tx)
        backlog, oldest = health.backlog, health.backlog.oldest_at
        reported = health.broadcast.reported_at
        counts = {
            "baton_reports_waiting": ("Reports that are sent by themselves.", backlog.waiting),
            "baton_reports_held": ("Reports that wait for a disabled URL.", backlog.held),
            "baton_reports_given_up": ("Reports that are not sent any more.", backlog.given_up),
            "baton_reports_oldest_waiting_seconds": (
                "Age of the oldest report that is sent by itself; 0: none waits.",
                max(0.0, (now - oldest).total_seconds()) if oldest else 0,
            ),
            "baton_receivers_disabled": ("Callback URLs that are disabled.", health.closed_count),
            "baton_incomplete_days": ("Days that lack counts.", len(health.incomplete)),
            "baton_incomplete_day_tasks": (
                "Counts of tasks that those days lack.",
                sum(day.tasks for day in health.incomplete),
            ),
            "baton_broadcast_on": ("Whether broadcasting is on.", health.broadcast.is_on),
            "baton_broadcast_stale": (
                "Whether it is on and no numbers were reported for three intervals.",
                health.stale_since is not None,
            ),
            "baton_broadcast_last_report_timestamp_seconds": (
                "When a round with numbers ended last; 0: never.",
                reported.timestamp() if reported else 0,
            ),
            "baton_broadcast_tasks_without_numbers": (
                "Tasks without numbers in the newest round.",
                health.uncounted,
            ),
        }
        for name, (text, value) in counts.items():
            yield GaugeMetricFamily(name, text, value=value)
        failing = GaugeMetricFamily(
            "baton_job_failing", "Scheduled jobs whose newest run failed.", labels=("job",)
        )
        for run in health.failing:
            failing.add_metric((run.job,), 1)
        yield failing


def _of_egress(tx: Tx, now: datetime) -> Iterator[Metric]:
    """Yield how many circuits are not closed, and how many egress routes cool down."""
    circuits = source_states.all_of(tx, now)
    states = GaugeMetricFamily(
        "baton_circuits",
        "Circuits that are not closed, by platform and state.",
        labels=("platform", "state"),
    )
    for platform in sorted({*accounts.platforms(tx), *(one.platform for one in circuits)}):
        for state in (s for s in CircuitState if s is not CircuitState.CLOSED):
            count = sum(1 for one in circuits if (one.platform, one.state) == (platform, state))
            states.add_metric((platform, state.value), count)
    yield states
    cooling = GaugeMetricFamily("baton_egress_cooldowns", "Egress routes in cooldown.")
    cooling.add_metric((), len(proxies.cooling(tx, now)))
    yield cooling


def _counted(name: str, text: str, work: Work) -> Metric:
    return CounterMetricFamily(name, text, value=work.rows)


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request, _who: Reader) -> Response:
    return Response(generate_latest(request.app.state.registry), media_type=MEDIA_TYPE)
