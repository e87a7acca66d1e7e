"""The composition root: builds every object once and hands it its collaborators.

What not every command needs is imported where it is built, so that a command starts quickly."""

from __future__ import annotations

import os
import pkgutil
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from app.base import secret_text
from app.distribution import ReportsApp
from core.service import Service, ThreadedService
from storage.models.workers import Worker
from storage.schema import schema

if TYPE_CHECKING:
    from alerts.channels import Channel
    from alerts.monitor import AlertWatcher
    from alerts.notifier import AlertTeller
    from crawler.export.segment_files import SegmentFiles
    from crawler.export.segment_finalizer import SegmentSealer
    from crawler.export.verifier import ExportVerifier
    from crawler.export.worker import ExportWorker
    from crawler.ingestion.worker import IngestionWorker
    from crawler.planning.inputs import Planner
    from crawler.runtime.engine import Engine
    from crawler.runtime.lease_renewer import Keeper
    from crawler.service import TaskDesk
    from jobs.due import Job
    from jobs.launcher import JobLauncher
    from jobs.quota_reset import QuotaReset
    from jobs.retention import Retention
    from jobs.runner import JobRunner
    from jobs.scheduler import JobScheduler
    from jobs.session_checks import Caretaker
    from presentation.i18n.alert_messages import AlertWords
    from presentation.snapshot import ProgressReader
    from web.auth.tokens import TokenBook

SERVICE_LAYERS = (
    "accounts",
    "sources",
    "webhooks",
    "crawler",
    "presentation",
    "works",
    "distribution",
    "jobs",
    "alerts",
)


class App(ReportsApp):
    """Everything that a command may need, built when first asked for. Arguments as `BaseApp`."""

    @cached_property
    def files(self) -> SegmentFiles:
        from crawler.export.segment_files import SegmentFiles

        return SegmentFiles(self.settings.exports_dir, self.host, self.catalog.raw_fields)

    @cached_property
    def sealer(self) -> SegmentSealer:
        from crawler.export.segment_finalizer import SegmentSealer

        return SegmentSealer(self.database, self.files, self.clock)

    @cached_property
    def verifier(self) -> ExportVerifier:
        from crawler.export.verifier import ExportVerifier

        return ExportVerifier(self.database, self.files, self.clock)

    @cached_property
    def progress(self) -> ProgressReader:
        from presentation.snapshot import ProgressReader

        return ProgressReader(self.database, self.clock, self.calendar)

    @cached_property
    def desk(self) -> TaskDesk:
        from crawler.service import TaskDesk

        return TaskDesk(self.database, self.scheduler, self.accounts, self.sealer, self.catalog)

    @cached_property
    def tokens(self) -> TokenBook:
        from web.auth.tokens import TokenBook

        return TokenBook(self.database, self.clock)

    @cached_property
    def planner(self) -> Planner:
        from crawler.planning.inputs import Planner

        limit = self.settings.daily_export_limit
        return Planner(self.database, self.clock, self.calendar, limit)

    def open(self) -> App:
        """Check schema and key, create an embedded database on first use, learn the time.

        Raises:
            SchemaMismatch, CredentialsError, DatabaseError: nothing was changed.
        """
        if self.database.dialect.name == "sqlite":
            schema.create(self.database)
        schema.require(self.database)
        self.vault.check(self.database)
        self.clock.sync()
        return self

    def close(self) -> None:
        for made in ("platforms", "_spaced_platforms"):
            for access in self.__dict__.get(made, {}).values():
                access.sessions.close()
        for name in ("view_data", "database"):
            if name in self.__dict__:
                getattr(self, name).close()

    @cached_property
    def caretaker(self) -> Caretaker:
        from jobs.session_checks import Caretaker

        return Caretaker(self.accounts, self.visits, self._pooled())

    @cached_property
    def quota_reset(self) -> QuotaReset:
        from jobs.quota_reset import QuotaReset

        return QuotaReset(self.database, self.clock, self.calendar)

    @cached_property
    def retention(self) -> Retention:
        from app.retention_policy import kept_rows
        from jobs.retention import Retention

        settings = self.settings
        return Retention(
            self.database,
            self.clock,
            kept_rows(settings),
            settings.log_dir,
            settings.evidence_dir,
            settings.keep_logs_days,
        )

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        from app.scheduled_jobs import all_jobs

        return all_jobs(self)

    @cached_property
    def job_runner(self) -> JobRunner:
        from jobs.runner import JobRunner

        return JobRunner(self.database, self.clock, self.book, self.owner, self.settings.lease_secs)

    @cached_property
    def job_launcher(self) -> JobLauncher:
        from jobs.launcher import JobLauncher

        return JobLauncher(self.jobs, self.job_runner)

    @cached_property
    def job_scheduler(self) -> JobScheduler:
        from jobs.scheduler import JobScheduler

        return JobScheduler(self.jobs, self.job_runner, self.clock, self.settings.lease_secs)

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """Where alerts are sent. Raises SettingsError when one cannot be used."""

        from alerts.channels import parse_channels

        return parse_channels(secret_text(self.settings.notify_urls) or "")

    def require_channels(self) -> None:
        """Raise SettingsError unless alerts can be sent where the settings say."""
        _ = self.channels

    @property
    def alert_words(self) -> AlertWords:
        from presentation.i18n.alert_messages import AlertWords
        from presentation.i18n.messages import texts_for

        return AlertWords(texts_for(self.settings.language), self.calendar.zone)

    def alert_watcher(self) -> AlertWatcher:
        from alerts.monitor import AlertWatcher
        from alerts.rules import AlertRules
        from presentation.i18n.alert_messages import log_words

        warning = timedelta(days=self.settings.session_warning_days)
        rules = AlertRules(self.breaker, self.clock, self.calendar, warning)
        ids = [channel.id for channel in self.channels]
        return AlertWatcher(self.database, self.clock, rules, ids, log_words(self.calendar.zone))

    def alert_tellers(self) -> list[AlertTeller]:
        """One for each channel."""

        from alerts.notifier import AlertTeller

        return [
            AlertTeller(self.database, self.clock, channel, self.alert_words, self.owner, self.host)
            for channel in self.channels
        ]

    def ingestion_worker(
        self, only: int | None = None, labels: Sequence[str] = ()
    ) -> IngestionWorker:
        from crawler.ingestion.page_store import PageStore
        from crawler.ingestion.response_archive import EvidenceStore
        from crawler.ingestion.worker import IngestionWorker

        return IngestionWorker(
            self.scheduler,
            self.accounts,
            self.visits,
            PageStore(self.database, self.scheduler, self.clock),
            EvidenceStore(self.settings.evidence_dir),
            self.clock,
            self.settings.poll_secs,
            only,
            labels,
        )

    def export_worker(
        self,
        only: int | None = None,
        after_commit: Callable[[], None] = lambda: None,
        labels: Sequence[str] = (),
    ) -> ExportWorker:
        from crawler.export.export_transaction import BatchExporter
        from crawler.export.options import ExportLimits
        from crawler.export.worker import ExportWorker

        settings = self.settings
        limits = ExportLimits(
            settings.poll_secs,
            settings.export_idle_secs,
            settings.export_batch_rows,
            settings.export_file_rows,
        )
        batches = BatchExporter(self.database, self.scheduler, self.clock, after_commit)
        return ExportWorker(
            self.database,
            self.scheduler,
            self.accounts,
            batches,
            self.sealer,
            self.clock,
            self.calendar,
            limits,
            only,
            labels,
        )

    def keeper(self, roles: str) -> Keeper:
        from crawler.runtime.lease_renewer import Keeper

        now = self.clock.now()
        worker = Worker(self.owner, self.host[:255], os.getpid(), roles, now, now)
        return Keeper(
            self.database,
            self.clock,
            self.book,
            worker,
            self.settings.lease_secs,
            self.scheduler.reap,
        )

    def engine(
        self,
        crawl_threads: int,
        export_threads: int,
        on_failure: Callable[[BaseException], None],
        crawl_only: int | None = None,
        export_only: int | None = None,
        *,
        jobs: bool = False,
        labels: Sequence[str] = (),
    ) -> Engine:
        """The services of one process: that many threads of each kind, and one that watches for
        alerts; with `jobs` also the scheduled jobs and those that tell alerts and send reports.
        `labels` narrows the workers to tasks that have one of them."""
        from crawler.runtime.engine import Engine

        names = (("ingestion", crawl_threads), ("export", export_threads))
        roles = ",".join(name for name, threads in names if threads)
        keeper = ThreadedService("keeper", [self.keeper(roles).run], on_failure)
        crawls = [self.ingestion_worker(crawl_only, labels).run for _ in range(crawl_threads)]
        tellers = [teller.run for teller in self.alert_tellers()] if jobs else []
        exports = [
            self.export_worker(export_only, labels=labels).run for _ in range(export_threads)
        ]
        return Engine(
            _service("ingestion", crawls, on_failure),
            _service("export", exports, on_failure),
            keeper,
            self.database,
            [
                *_service("jobs", [self.job_scheduler.run] if jobs else [], on_failure),
                *_service("alerts", [self.alert_watcher().run, *tellers], on_failure),
                *_service("works", self._catalogue_care() if jobs else [], on_failure),
                *_service("webhooks", self._senders() if jobs else [], on_failure),
                *_service("broadcast", [self.broadcaster.run] if jobs else [], on_failure),
            ],
        )


def load_services() -> None:
    """Import all that an App may build, before it is needed.

    For processes that run for days: the files of the next release, put in place meanwhile, must
    not mix with what they began with.
    """
    for layer in SERVICE_LAYERS:
        package = import_module(layer)
        for found in pkgutil.walk_packages(package.__path__, f"{layer}."):
            import_module(found.name)


def _service(
    name: str,
    bodies: Sequence[Callable[[threading.Event], None]],
    on_failure: Callable[[BaseException], None],
) -> list[Service]:
    return [ThreadedService(name, bodies, on_failure)] if bodies else []
