"""The composition root: builds every object once and hands it its collaborators."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import SecretStr

from accounts.budgets import DailyBudget
from accounts.manager import AccountManager
from accounts.registry import AccountRegistry
from accounts.vault import KeySource, Vault
from core.clock import Clock, QuotaCalendar, SystemClock
from core.leases import LeaseBook
from core.service import Service, ThreadedService
from core.settings import Settings
from crawler.batches import BatchExporter
from crawler.caretaker import Caretaker
from crawler.engine import Engine
from crawler.evidence import EvidenceStore
from crawler.export import ExportLimits, ExportWorker
from crawler.ingestion import IngestionWorker
from crawler.keeper import Keeper
from crawler.pages import PageStore
from crawler.progress import ProgressReader
from crawler.scheduler import TaskScheduler
from crawler.sealing import SegmentSealer
from crawler.segments import SegmentFiles
from crawler.stats_askers import LONGEST_WAIT_SECS
from crawler.task_desk import TaskDesk
from crawler.verify import ExportVerifier
from crawler.video_stats import VideoStatsFetcher
from crawler.visits import PlatformAccess, RestLimits, Visits
from sources.blame import Blame
from sources.catalog import Catalog, Making
from sources.policies import Breaker, GuardedSource
from sources.sessions import SessionPool
from sources.short_links import ShortLinkResolver
from storage import schema
from storage.clock import DatabaseClock
from storage.database import Database, open_engine
from storage.records import Worker
from web.backend import Backend
from web.tokens import TokenBook

if TYPE_CHECKING:
    from web.server import WebServer

VERSION = "0.1.0"
WEB_THREADS = 8  # requests that the web server carries out side by side
SPARE_CONNECTIONS = 4  # keeper, caretaker, console and the main thread


class App:
    """Everything that a command may need, built when first asked for.

    Args:
        threads: workers that will run; the connection pool has room for each.
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
        self.pool_size = threads + SPARE_CONNECTIONS
        self.host = host or socket.gethostname()
        self.owner = f"{self.host[:20]}-{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self._patience_secs = patience_secs
        self._host_clock = clock or SystemClock()

    @cached_property
    def database(self) -> Database:
        engine = open_engine(self.settings.database_url.get_secret_value(), self.pool_size)
        return Database(engine, self._host_clock, self._patience_secs)

    @cached_property
    def clock(self) -> DatabaseClock:
        return DatabaseClock(self._host_clock, self.database)

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
    def platforms(self) -> dict[str, PlatformAccess]:
        settings = self.settings
        making = Making(settings, self.clock, self._budget)
        breaker = Breaker(self.clock, settings.risk_cooldown_secs)
        blame = Blame(self.clock, settings.breaker_accounts)
        access = {}
        for name, platform in self.catalog.platforms.items():
            source = platform.make(making)
            guarded = GuardedSource(source, breaker, blame, self.clock, settings.request_attempts)
            access[name] = PlatformAccess(guarded, SessionPool(source))
        return access

    @cached_property
    def catalog(self) -> Catalog:
        return Catalog(self.settings)

    def _budget(self, name: str, limit: int, zone: str) -> DailyBudget:
        return DailyBudget(self.database, self.clock, name, limit, zone)

    @cached_property
    def video_stats(self) -> VideoStatsFetcher:
        settings = self.settings
        keys = {
            name: _secret(platform.key(settings))
            for name, platform in self.catalog.platforms.items()
            if platform.key is not None
        }
        resolver = ShortLinkResolver(
            settings.request_timeout_secs, self.clock, settings.short_link_base_url
        )
        visits = Visits(
            self.accounts, self.platforms, self.clock, self._rests, patience_secs=LONGEST_WAIT_SECS
        )
        return VideoStatsFetcher(self.platforms, keys, self.accounts, visits, resolver, self.clock)

    @cached_property
    def visits(self) -> Visits:
        return Visits(self.accounts, self.platforms, self.clock, self._rests)

    @property
    def _rests(self) -> RestLimits:
        return RestLimits(self.settings.throttle_cooldown_secs, self.settings.risk_cooldown_secs)

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
        if "platforms" in self.__dict__:
            for access in self.platforms.values():
                access.sessions.close()
        if "database" in self.__dict__:
            self.database.close()

    @cached_property
    def caretaker(self) -> Caretaker:
        return Caretaker(self.accounts, self.visits, self._pooled(), self.clock)

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
        care: bool = False,
    ) -> Engine:
        """The services of one process: that many threads of each kind; with `care` also one that
        looks after the accounts."""
        names = (("ingestion", crawl_threads), ("export", export_threads))
        roles = ",".join(name for name, threads in names if threads)
        keeper = ThreadedService("keeper", [self.keeper(roles).run], on_failure)
        crawls = [self.ingestion_worker(crawl_only).run for _ in range(crawl_threads)]
        exports = [self.export_worker(export_only).run for _ in range(export_threads)]
        return Engine(
            _service("ingestion", crawls, on_failure),
            _service("export", exports, on_failure),
            keeper,
            self.database,
            _service("caretaker", [self.caretaker.run] if care else [], on_failure),
        )

    @cached_property
    def tokens(self) -> TokenBook:
        return TokenBook(self.database, self.clock)

    @property
    def backend(self) -> Backend:
        return Backend(
            version=VERSION, threads=WEB_THREADS, settings=self.settings, host=self.host,
            database=self.database, clock=self.clock, calendar=self.calendar, vault=self.vault,
            catalog=self.catalog, accounts=self.accounts, registry=self.registry,
            scheduler=self.scheduler, desk=self.desk, progress=self.progress, files=self.files,
            verifier=self.verifier,
        )  # fmt: skip

    def web_server(
        self,
        host: str | None = None,
        port: int | None = None,
        on_failure: Callable[[BaseException], None] | None = None,
    ) -> WebServer:
        """Console and API over this App, which needs WEB_THREADS connections of its own."""
        # Loaded where it is used: it takes a third of a second, and most commands do not serve.
        from web.app import build
        from web.server import WebServer

        host = self.settings.web_host if host is None else host
        port = self.settings.web_port if port is None else port
        return WebServer(build(self.backend), host, port, on_failure)


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None


def _service(
    name: str,
    bodies: Sequence[Callable[[threading.Event], None]],
    on_failure: Callable[[BaseException], None],
) -> list[Service]:
    return [ThreadedService(name, bodies, on_failure)] if bodies else []
