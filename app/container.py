"""The container: every object of a process, built once with its collaborators.

Modules that not every command needs are imported where they are used, so
that a command starts quickly.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from app.crawling import CrawlingFactories
from app.distribution import DistributionFactories
from app.foundation import Foundation
from app.pool import PoolFactories
from app.webhooks import WebhookFactories
from app.works import WorksFactories
from core.clock import Clock, QuotaCalendar
from core.leases import LeaseRegistry
from core.settings import Settings
from core.threaded_service import Service, ThreadedService
from storage.engines import probe
from storage.engines.clock import DatabaseClock
from storage.engines.transactions import Database
from storage.schema import schema

if TYPE_CHECKING:
    from accounts.vault import Vault
    from app.alerts import AlertFactories
    from app.jobs import JobFactories
    from app.use_cases import UseCaseFactories
    from crawler.runtime.engine import Engine
    from presentation.digest import DigestReader
    from presentation.report_health import ReportHealthReader
    from web.auth.tokens import TokenStore

Loop = Callable[[threading.Event], None]
# What is not installed cannot be needed later: a request for it is refused before a task is filed.
EXTRA_LIBRARIES = frozenset({"duckdb"})
# Python's own thresholds of the garbage collector.
COLLECTED_BY_DEFAULT = (700, 10, 10)
SERVICE_PACKAGES = (
    "accounts",
    "sources",
    "webhooks",
    "crawler",
    "presentation",
    "works",
    "distribution",
    "jobs",
    "alerts",
    "web.use_cases",
)
# Modules beside them that are imported when they are first needed.
SERVICE_MODULES = (
    "app.alerts",
    "app.jobs",
    "app.retention_policy",
    "app.scheduled_jobs",
    "app.use_cases",
    "core.installation.machine",
    "web.audit_log",
    "web.auth.tokens",
)


class App:
    """Everything that a command may need, each object built when it is first needed.

    Args:
        threads: number of workers that will run; the connection pool has room for each, and for
            webhook workers and services.
        patience_secs: seconds for which a lost database is waited for; 0: not at all.
        clock: the host's clock; tests pass their own.
        host: name of this host; tests pass their own.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        threads: int = 0,
        patience_secs: float = 0.0,
        clock: Clock | None = None,
        host: str | None = None,
    ) -> None:
        self.settings = settings
        self.foundation = Foundation(
            settings, threads=threads, patience_secs=patience_secs, clock=clock, host=host
        )
        self.host = self.foundation.host
        self.owner = self.foundation.owner
        self.host_clock = self.foundation.host_clock
        self.pool = PoolFactories(foundation=self.foundation)
        self.crawling = CrawlingFactories(foundation=self.foundation, pool=self.pool)
        self.works = WorksFactories(foundation=self.foundation, pool=self.pool)
        self.webhooks = WebhookFactories(foundation=self.foundation)
        self.distribution = DistributionFactories(
            foundation=self.foundation, pool=self.pool, webhooks=self.webhooks
        )

    @cached_property
    def jobs(self) -> JobFactories:
        """Return the factories of the scheduled jobs, their runner, launcher and scheduler."""
        from app.jobs import JobFactories
        from app.scheduled_jobs import ScheduledJobs

        scheduled = ScheduledJobs(
            crawling=self.crawling,
            foundation=self.foundation,
            pool=self.pool,
            works=self.works,
            distribution=self.distribution,
            file_digest=lambda scheduled_at: self.alerts.file_digest(scheduled_at),
        )
        return JobFactories(foundation=self.foundation, scheduled=scheduled)

    @cached_property
    def use_cases(self) -> UseCaseFactories:
        """Return the factories of the use cases: what people may do by command, console or API."""
        from app.use_cases import UseCaseFactories

        return UseCaseFactories(
            foundation=self.foundation,
            pool=self.pool,
            crawling=self.crawling,
            distribution=self.distribution,
            job_factories=lambda: self.jobs,
            webhook_factories=self.webhooks,
            works_factories=self.works,
        )

    @cached_property
    def alerts(self) -> AlertFactories:
        """Return the factories of the alert monitor, the notification channels and their
        notifiers."""
        from app.alerts import AlertFactories

        return AlertFactories(
            foundation=self.foundation,
            pool=self.pool,
            drop_folder=lambda: self.works.drop_folder,
            jobs=self._job_names,
            digests=lambda: self.digests,
            gaps=lambda: self.works.gaps,
        )

    @cached_property
    def digests(self) -> DigestReader:
        """Return the reader of daily digests."""
        from presentation.digest import DigestReader

        return DigestReader(
            database=self.database,
            calendar=self.calendar,
            day_reports=self.crawling.day_reports,
            health=self.report_health,
        )

    @cached_property
    def report_health(self) -> ReportHealthReader:
        """Return the reader of how the reports to receivers are doing."""
        from presentation.report_health import ReportHealthReader

        return ReportHealthReader(
            database=self.database,
            clock=self.clock,
            broadcast_secs=self.settings.broadcast_secs,
            jobs=self._job_names,
        )

    def _job_names(self) -> list[str]:
        """Return the names of the scheduled jobs, also of those that are switched off here."""
        return [job.name for job in self.jobs.all]

    @property
    def database(self) -> Database:
        return self.foundation.database

    @property
    def clock(self) -> DatabaseClock:
        """Return the clock of the database, on which all processes agree."""
        return self.foundation.clock

    @property
    def calendar(self) -> QuotaCalendar:
        return self.foundation.calendar

    @property
    def leases(self) -> LeaseRegistry:
        return self.foundation.leases

    @property
    def vault(self) -> Vault:
        return self.foundation.vault

    @property
    def web_tokens(self) -> TokenStore:
        return self.use_cases.token_store

    def open(self) -> App:
        """Check schema and key, read the database's time, and return this App.

        An SQLite database is created on first use; on a server the tables must be there.

        Raises:
            SchemaMismatchError: there are no tables, or those of another version or program.
            CredentialsError: the key is missing or is not that of the database.
            DatabaseError: the database cannot be used, or its server does not do what leases rest
                on.
        """
        from accounts.vault import KEY_CHECK

        if self.database.dialect.name == "sqlite":
            schema.create(self.database)
        schema.require(self.database)
        self.vault.check(self.database)
        probe.require_promises(self.database.engine, KEY_CHECK)
        self.clock.sync()
        return self

    def close(self) -> None:
        """Close the platform sessions, the statistics file and the
        database, where they were opened."""
        self.pool.close()
        self.works.close()
        self.foundation.close()

    def engine(
        self,
        *,
        crawl_threads: int,
        export_threads: int,
        on_failure: Callable[[BaseException], None],
        crawl_only: Sequence[int] = (),
        export_only: int | None = None,
        jobs: bool = False,
        labels: Sequence[str] = (),
    ) -> Engine:
        """Return the services of one process, not yet started.

        Args:
            crawl_threads, export_threads: the numbers of workers of each kind.
            on_failure: called in its thread with the error of a service that ended by one.
            crawl_only: ids of the tasks that the ingestion workers work on; empty for any task.
            export_only: id of the one task that the export workers work on; None for any task.
            jobs: also run the scheduled jobs, notifiers, webhook workers and broadcaster.
            labels: limit the workers to tasks that have one of them; empty for any task.
        """
        from crawler.runtime.engine import Engine

        names = (("ingestion", crawl_threads), ("export", export_threads))
        roles = ",".join(name for name, threads in names if threads)
        crawling = self.crawling
        crawls = [crawling.ingestion_worker(crawl_only, labels).run for _ in range(crawl_threads)]
        exports = [
            crawling.export_worker(export_only, labels=labels).run for _ in range(export_threads)
        ]
        return Engine(
            producers=self._services("ingestion", crawls, on_failure),
            consumers=self._services("export", exports, on_failure),
            lease_renewer=ThreadedService(
                name="keeper",
                bodies=[self.foundation.progress.followed(crawling.lease_renewer(roles).run)],
                on_failure=on_failure,
            ),
            database=self.database,
            helpers=[
                service
                for name, bodies in self._helper_loops(jobs=jobs)
                for service in self._services(name, bodies, on_failure)
            ],
        )

    def _helper_loops(self, *, jobs: bool) -> list[tuple[str, list[Loop]]]:
        """Return the names and loops of the services beside the workers; a thread runs each
        loop."""
        # Every process looks for alerts; only `run` sends notices and works on schedules.
        if not jobs:
            return [("alerts", [self.alerts.monitor().run])]
        return [
            ("jobs", [self.jobs.scheduler.run, self.jobs.host_presence.run]),
            ("alerts", [self.alerts.monitor().run, *self.alerts.notifier_loops()]),
            ("works", self.works.loops()),
            ("webhooks", self.webhooks.loops()),
            ("broadcast", [self.distribution.broadcaster.run]),
        ]

    def _services(
        self, name: str, bodies: Sequence[Loop], on_failure: Callable[[BaseException], None]
    ) -> list[Service]:
        """Return a service with a thread for each loop, which the watchdog follows; no service
        without loops."""
        if not bodies:
            return []
        followed = [self.foundation.progress.followed(body) for body in bodies]
        return [ThreadedService(name=name, bodies=followed, on_failure=on_failure)]


def load_services() -> None:
    """Import every module that an App may need later.

    For processes that run for days: when the files of the next release replace these, a
    late import would mix the two.
    """
    import pkgutil

    for name in SERVICE_PACKAGES:
        package = import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            _import_unless_extra(found.name)
    for module in SERVICE_MODULES:
        import_module(module)
    # The start of commands collects seldom, which would let a service keep what is long dead.
    gc.set_threshold(*COLLECTED_BY_DEFAULT)


def _import_unless_extra(name: str) -> None:
    """Import a module, but for one that needs an extra which is not installed."""
    try:
        import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in EXTRA_LIBRARIES:
            raise
