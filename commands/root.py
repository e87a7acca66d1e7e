"""The composition root: builds every object once and hands it its collaborators."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import SecretStr

from accounts.budgets import DailyBudget
from accounts.manager import AccountManager
from accounts.registry import AccountRegistry
from accounts.vault import KeySource, Vault
from commands.job_list import all_jobs
from core.clock import Clock, QuotaCalendar, SystemClock
from core.leases import LeaseBook
from core.service import Service, ThreadedService
from core.settings import Settings
from crawler.alert_rules import AlertRules
from crawler.alert_teller import AlertTeller
from crawler.alert_texts import AlertWords, log_words
from crawler.alerts import AlertWatcher
from crawler.batches import BatchExporter
from crawler.caretaker import Caretaker
from crawler.channels import Channel, parse_channels
from crawler.engine import Engine
from crawler.evidence import EvidenceStore
from crawler.export import ExportLimits, ExportWorker
from crawler.ingestion import IngestionWorker
from crawler.job_launcher import JobLauncher
from crawler.job_plan import Job
from crawler.job_scheduler import JobScheduler
from crawler.jobs import JobRunner
from crawler.keeper import Keeper
from crawler.pages import PageStore
from crawler.planner import Planner
from crawler.progress import ProgressReader
from crawler.quota_reset import QuotaReset
from crawler.scheduler import TaskScheduler
from crawler.sealing import SegmentSealer
from crawler.segments import SegmentFiles
from crawler.stats_patience import StatsPatience
from crawler.task_desk import TaskDesk
from crawler.texts import texts_for
from crawler.verify import ExportVerifier
from crawler.video_stats import VideoStatsFetcher
from crawler.visits import PlatformAccess, RestLimits, Visits
from reports.claims import DeliveryClaims
from reports.courier import Courier
from reports.outbox import Outbox
from reports.sender import WebhookSender
from reports.verdicts import RetryPlan
from reports.webhook_desk import WebhookDesk
from sources.blame import Blame
from sources.catalog import Catalog, Making
from sources.policies import Breaker, GuardedSource
from sources.sessions import SessionPool
from sources.short_links import ShortLinkResolver
from sources.spacing import RequestSpacing
from storage import schema
from storage.clock import DatabaseClock
from storage.database import Database, open_engine
from storage.records import Worker
from storage.view_data import open_view_data
from web.backend import Backend
from web.tokens import TokenBook
from works.catalogue import Catalogue
from works.hour_files import HourFiles
from works.hourly_crawl import HourlyCrawl
from works.hourly_import import HourlyImport
from works.hourly_views import HourlyViews
from works.inbox import Inbox
from works.intake import WorksIntake
from works.listing import CatalogueList
from works.listing_service import ListingService
from works.play_batches import BatchAsker, RoundLimits
from works.play_counts import PlayCounts
from works.uploads import UploadsDiscovery
from works.view_gaps import ViewGaps

if TYPE_CHECKING:
    from web.server import WebServer

VERSION = "0.1.0"
WEB_THREADS = 8  # requests that the web server carries out side by side
HOURLY_WAIT_SECS = 600.0  # for one batch: rests grow, and the hour has time
SPARE_CONNECTIONS = 8  # keeper, a job, alerts, their telling, catalogue (2), console, main


class App:
    """Everything that a command may need, built when first asked for.

    Args:
        threads: workers that will run; the connection pool has room for each, and for senders.
        patience_secs: how long a lost database is waited for; commands do not wait long.
        clock: the host's clock; tests give their own.
        host: name of this host; tests give their own.
    """

    def __init__(
        self,
        settings: Settings,
        threads: int = 0,
        patience_secs: float = 0.0,
        clock: Clock | None = None,
        host: str | None = None,
    ) -> None:
        self.settings = settings
        self.pool_size = threads + settings.webhook_workers + SPARE_CONNECTIONS
        self.host = host or socket.gethostname()
        self.owner = f"{self.host[:20]}-{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self._patience_secs = patience_secs
        self.host_clock = clock or SystemClock()

    @cached_property
    def database(self) -> Database:
        engine = open_engine(self.settings.database_url.get_secret_value(), self.pool_size)
        return Database(engine, self.host_clock, self._patience_secs)

    @cached_property
    def clock(self) -> DatabaseClock:
        return DatabaseClock(self.host_clock, self.database)

    @cached_property
    def calendar(self) -> QuotaCalendar:
        return QuotaCalendar(self.settings.quota_zone)

    @cached_property
    def book(self) -> LeaseBook:
        return LeaseBook()

    @cached_property
    def vault(self) -> Vault:
        secret = self.settings.secret_key
        setting = secret.get_secret_value() if secret else None
        return Vault(KeySource(setting, self.settings.key_file))

    @cached_property
    def accounts(self) -> AccountManager:
        return AccountManager(
            self.database, self.vault, self.clock, self.calendar, self.book, self.owner,
            self.settings.lease_secs,
        )  # fmt: skip

    @cached_property
    def registry(self) -> AccountRegistry:
        return AccountRegistry(self.database, self.vault, self.clock)

    @cached_property
    def scheduler(self) -> TaskScheduler:
        return TaskScheduler(
            self.database, self.clock, self.book, self.owner, self.settings.lease_secs,
            self.settings.pages_per_task, self.settings.task_attempts,
        )  # fmt: skip

    @cached_property
    def files(self) -> SegmentFiles:
        return SegmentFiles(self.settings.exports_dir, self.host, self.catalog.raw_fields)

    @cached_property
    def sealer(self) -> SegmentSealer:
        return SegmentSealer(self.database, self.files, self.clock)

    @cached_property
    def verifier(self) -> ExportVerifier:
        return ExportVerifier(self.database, self.files, self.clock)

    @cached_property
    def progress(self) -> ProgressReader:
        return ProgressReader(self.database, self.clock, self.calendar)

    @cached_property
    def desk(self) -> TaskDesk:
        return TaskDesk(self.database, self.scheduler, self.accounts, self.sealer, self.catalog)

    @cached_property
    def planner(self) -> Planner:
        limit = self.settings.daily_export_limit
        return Planner(self.database, self.clock, self.calendar, limit)

    @cached_property
    def platforms(self) -> dict[str, PlatformAccess]:
        settings = self.settings
        making = Making(settings, self.clock, self._budget)
        blame = Blame(self.clock, settings.breaker_accounts)
        access = {}
        for name, platform in self.catalog.platforms.items():
            source = platform.make(making)
            guarded = GuardedSource(
                source, self.breaker, blame, self.clock, settings.request_attempts
            )
            access[name] = PlatformAccess(guarded, SessionPool(source))
        return access

    @cached_property
    def breaker(self) -> Breaker:
        return Breaker(self.clock, self.settings.risk_cooldown_secs)

    @cached_property
    def catalog(self) -> Catalog:
        return Catalog(self.settings)

    def _budget(self, name: str, limit: int, zone: str) -> DailyBudget:
        return DailyBudget(self.database, self.clock, name, limit, zone)

    @cached_property
    def video_stats(self) -> VideoStatsFetcher:
        return self._stats_fetcher(self.platforms, StatsPatience())

    def _stats_fetcher(
        self, platforms: Mapping[str, PlatformAccess], patience: StatsPatience
    ) -> VideoStatsFetcher:
        settings = self.settings
        keys = {
            name: _secret(platform.key(settings))
            for name, platform in self.catalog.platforms.items()
            if platform.key is not None
        }
        visits = Visits(self.accounts, platforms, self.clock, self._rests, patience.longest_secs)
        return VideoStatsFetcher(
            platforms, keys, self.accounts, visits, self.short_links, self.clock, patience
        )

    @cached_property
    def short_links(self) -> ShortLinkResolver:
        settings = self.settings
        return ShortLinkResolver(
            settings.request_timeout_secs, self.clock, settings.short_link_base_url
        )

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.database, self.clock)

    @cached_property
    def catalogue_list(self) -> CatalogueList:
        return CatalogueList(self.database, self.clock, self.calendar, self.settings.works_list)

    @cached_property
    def works_intake(self) -> WorksIntake:
        return WorksIntake(self.catalogue, self.video_stats, self.short_links, self.clock)

    @cached_property
    def works_inbox(self) -> Inbox:
        settings = self.settings
        return Inbox(
            settings.works_inbox, self.catalogue, self.clock, self.calendar.zone, settings.poll_secs
        )

    @cached_property
    def uploads(self) -> UploadsDiscovery:
        return UploadsDiscovery(self.video_stats.pool_asker("bilibili"), self.catalogue)

    @cached_property
    def play_counts(self) -> PlayCounts:
        settings = self.settings
        limits = RoundLimits(
            settings.play_counts_batch, settings.play_counts_batch_pause_secs,
            settings.play_counts_tries, settings.play_counts_days,
        )  # fmt: skip
        asker = BatchAsker(
            self._stats_fetcher(self._spaced_platforms, StatsPatience()), self.clock, limits
        )
        return PlayCounts(
            self.database, self.catalogue, asker, self.clock, limits,
            settings.data_dir / "video_update_progress.json", settings.log_dir / "video_update.log",
        )  # fmt: skip

    @cached_property
    def view_data(self) -> Database:
        """The statistics file. It needs no other database."""
        return open_view_data(self.settings.view_data_file, self.host_clock)

    @cached_property
    def hourly_views(self) -> HourlyViews:
        """`hourly_views.run(stop)` is the full run as a job."""
        return HourlyViews(
            self.catalogue_list.export_if_used, self._hourly_crawl,
            HourlyImport(self._hour_files, self.view_data), self.settings.log_dir / "spider",
            self.calendar.zone,
        )  # fmt: skip

    def _hourly_crawl(self) -> HourlyCrawl:
        settings = self.settings
        rest_secs = settings.throttle_cooldown_secs
        patience = StatsPatience(rest_secs, HOURLY_WAIT_SECS, others_try=False)
        return HourlyCrawl(
            self._stats_fetcher(self.platforms, patience), self._hour_files, settings.works_list,
            self.clock, self.calendar.zone,
        )  # fmt: skip

    @property
    def _hour_files(self) -> HourFiles:
        return HourFiles(self.settings.views_dir)

    @cached_property
    def view_gaps(self) -> ViewGaps:
        return ViewGaps(self._hour_files, self.view_data, self.calendar.zone)

    @cached_property
    def _spaced_platforms(self) -> dict[str, PlatformAccess]:
        """The platforms with sessions of their own, whose requests keep a distance, and without
        tries of their own: who asks for play counts tries again."""
        spacing = RequestSpacing(self.clock, self.settings.play_counts_request_pause_secs)
        return {
            name: PlatformAccess(
                access.source.trying(1), SessionPool(access.source.source, spacing)
            )
            for name, access in self.platforms.items()
        }

    @cached_property
    def visits(self) -> Visits:
        return Visits(self.accounts, self.platforms, self.clock, self._rests)

    @property
    def _rests(self) -> RestLimits:
        return RestLimits(self.settings.throttle_cooldown_secs, self.settings.risk_cooldown_secs)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.clock)

    @cached_property
    def webhook_claims(self) -> DeliveryClaims:
        return DeliveryClaims(
            self.database, self.clock, self.book, self.owner, self.settings.lease_secs,
            self.settings.webhook_per_host, quiet_secs=self.settings.poll_secs / 2,
        )  # fmt: skip

    @cached_property
    def webhook_sender(self) -> WebhookSender:
        settings = self.settings
        return WebhookSender(
            self.database, self.webhook_claims,
            Courier(settings.webhook_timeout_secs, settings.webhook_allowed_hosts), self.vault,
            RetryPlan(settings.webhook_retry_secs, settings.webhook_jitter), self.clock,
            settings.poll_secs,
        )  # fmt: skip

    @cached_property
    def webhook_desk(self) -> WebhookDesk:
        return WebhookDesk(
            self.database, self.clock, self.vault, self.webhook_claims, self.webhook_sender
        )

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
        return Caretaker(self.accounts, self.visits, self._pooled())

    @cached_property
    def quota_reset(self) -> QuotaReset:
        return QuotaReset(self.database, self.clock, self.calendar)

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        return all_jobs(self)

    @cached_property
    def job_runner(self) -> JobRunner:
        return JobRunner(self.database, self.clock, self.book, self.owner, self.settings.lease_secs)

    @cached_property
    def job_launcher(self) -> JobLauncher:
        return JobLauncher(self.jobs, self.job_runner)

    @cached_property
    def job_scheduler(self) -> JobScheduler:
        return JobScheduler(self.jobs, self.job_runner, self.clock, self.settings.lease_secs)

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """Where alerts are sent. Raises SettingsError when one cannot be used."""
        return parse_channels(_secret(self.settings.notify_urls) or "")

    def require_channels(self) -> None:
        """Raise SettingsError unless alerts can be sent where the settings say."""
        _ = self.channels

    @property
    def alert_words(self) -> AlertWords:
        return AlertWords(texts_for(self.settings.language), self.calendar.zone)

    def alert_watcher(self) -> AlertWatcher:
        warning = timedelta(days=self.settings.session_warning_days)
        rules = AlertRules(self.breaker, self.clock, self.calendar, warning)
        ids = [channel.id for channel in self.channels]
        return AlertWatcher(self.database, self.clock, rules, ids, log_words(self.calendar.zone))

    def alert_tellers(self) -> list[AlertTeller]:
        """One for each channel."""
        return [
            AlertTeller(self.database, self.clock, channel, self.alert_words, self.owner, self.host)
            for channel in self.channels
        ]

    def _pooled(self) -> list[str]:
        """Platforms that are asked with the pool's accounts."""
        return [one.name for one in self.catalog.platforms.values() if one.key is None]

    def ingestion_worker(self, only: int | None = None) -> IngestionWorker:
        return IngestionWorker(
            self.scheduler, self.accounts, self.visits,
            PageStore(self.database, self.scheduler, self.clock),
            EvidenceStore(self.settings.evidence_dir), self.clock, self.settings.poll_secs, only,
        )  # fmt: skip

    def export_worker(
        self, only: int | None = None, after_commit: Callable[[], None] = lambda: None
    ) -> ExportWorker:
        settings = self.settings
        limits = ExportLimits(
            settings.poll_secs, settings.export_idle_secs, settings.export_batch_rows,
            settings.export_file_rows,
        )  # fmt: skip
        batches = BatchExporter(self.database, self.scheduler, self.clock, after_commit)
        return ExportWorker(
            self.database, self.scheduler, self.accounts, batches, self.sealer, self.clock,
            self.calendar, limits, only,
        )  # fmt: skip

    def keeper(self, roles: str) -> Keeper:
        now = self.clock.now()
        worker = Worker(self.owner, self.host[:255], os.getpid(), roles, now, now)
        return Keeper(
            self.database, self.clock, self.book, worker, self.settings.lease_secs,
            self.scheduler.reap,
        )  # fmt: skip

    def engine(
        self,
        crawl_threads: int,
        export_threads: int,
        on_failure: Callable[[BaseException], None],
        crawl_only: int | None = None,
        export_only: int | None = None,
        *,
        jobs: bool = False,
    ) -> Engine:
        """The services of one process: that many threads of each kind, and one that watches for
        alerts; with `jobs` also the scheduled jobs and those that tell alerts and send reports."""
        names = (("ingestion", crawl_threads), ("export", export_threads))
        roles = ",".join(name for name, threads in names if threads)
        keeper = ThreadedService("keeper", [self.keeper(roles).run], on_failure)
        crawls = [self.ingestion_worker(crawl_only).run for _ in range(crawl_threads)]
        tellers = [teller.run for teller in self.alert_tellers()] if jobs else []
        exports = [self.export_worker(export_only).run for _ in range(export_threads)]
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
            ],
        )

    @cached_property
    def tokens(self) -> TokenBook:
        return TokenBook(self.database, self.clock)

    def backend(self, launcher: JobLauncher) -> Backend:
        return Backend(
            version=VERSION, threads=WEB_THREADS, settings=self.settings, host=self.host,
            database=self.database, clock=self.clock, calendar=self.calendar, vault=self.vault,
            catalog=self.catalog, accounts=self.accounts, registry=self.registry,
            scheduler=self.scheduler, desk=self.desk, progress=self.progress, files=self.files,
            verifier=self.verifier, launcher=launcher, webhooks=self.webhook_desk,
            catalogue=self.catalogue, view_data=self.view_data, view_gaps=self.view_gaps,
        )  # fmt: skip

    def web_server(
        self,
        host: str | None = None,
        port: int | None = None,
        on_failure: Callable[[BaseException], None] | None = None,
        launcher: JobLauncher | None = None,
    ) -> WebServer:
        """Console and API over this App, which needs WEB_THREADS connections of its own.

        Args:
            launcher: runs jobs that are asked for; its process has a keeper. Default: this App's.
        """
        # Loaded where it is used: it takes a third of a second, and most commands do not serve.
        from web.app import build
        from web.server import WebServer

        host = self.settings.web_host if host is None else host
        port = self.settings.web_port if port is None else port
        return WebServer(build(self.backend(launcher or self.job_launcher)), host, port, on_failure)

    def _catalogue_care(self) -> list[Callable[[threading.Event], None]]:
        listing = ListingService(self.catalogue_list, self.clock, self.settings.poll_secs)
        return [self.works_inbox.run, listing.run]

    def _senders(self) -> list[Callable[[threading.Event], None]]:
        return [self.webhook_sender.run for _ in range(self.settings.webhook_workers)]


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None


def _service(
    name: str,
    bodies: Sequence[Callable[[threading.Event], None]],
    on_failure: Callable[[BaseException], None],
) -> list[Service]:
    return [ThreadedService(name, bodies, on_failure)] if bodies else []
