"""What every part is built on: database, time, accounts, tasks, platforms."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import SecretStr

from core.clock import Clock, QuotaCalendar, SystemClock
from core.leases import LeaseBook
from core.settings import Settings
from storage.engines.clock import DatabaseClock
from storage.engines.transactions import Database, open_engine

if TYPE_CHECKING:
    from accounts.budgets import DailyBudget
    from accounts.enrolment import AccountDesk
    from accounts.manager import AccountManager
    from accounts.registry import AccountRegistry
    from accounts.vault import Vault
    from crawler.runtime.account_sessions import RestLimits, Visits
    from crawler.statistics.fetcher import VideoStatsFetcher
    from crawler.statistics.retry_policy import StatsPatience
    from crawler.tasks.scheduler import TaskScheduler
    from sources.platform_access import PlatformAccess
    from sources.platforms import Catalog
    from sources.policies import Breaker
    from sources.short_links import ShortLinkResolver

SPARE_CONNECTIONS = 9  # keeper, job, alerts, telling, broadcaster, catalogue (2), console, main


class BaseApp:
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
        from accounts.vault import KeySource, Vault

        secret = self.settings.secret_key
        setting = secret.get_secret_value() if secret else None
        return Vault(KeySource(setting, self.settings.key_file))

    @cached_property
    def accounts(self) -> AccountManager:
        from accounts.manager import AccountManager

        return AccountManager(
            self.database,
            self.vault,
            self.clock,
            self.calendar,
            self.book,
            self.owner,
            self.settings.lease_secs,
        )

    @cached_property
    def registry(self) -> AccountRegistry:
        from accounts.registry import AccountRegistry

        return AccountRegistry(self.database, self.vault, self.clock)

    @cached_property
    def account_desk(self) -> AccountDesk:
        from accounts.enrolment import AccountDesk

        return AccountDesk(
            self.registry,
            self.accounts,
            self.vault,
            self.catalog,
            self.platforms,
            self.clock,
            self.settings.daily_export_limit,
        )

    @cached_property
    def scheduler(self) -> TaskScheduler:
        from crawler.tasks.scheduler import TaskScheduler

        return TaskScheduler(
            self.database,
            self.clock,
            self.book,
            self.owner,
            self.settings.lease_secs,
            self.settings.pages_per_task,
            self.settings.task_attempts,
        )

    @cached_property
    def platforms(self) -> dict[str, PlatformAccess]:
        from sources.blame import Blame
        from sources.platform_access import PlatformAccess
        from sources.platforms import Making
        from sources.policies import GuardedSource
        from sources.sessions import SessionPool

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
        from sources.policies import Breaker

        return Breaker(self.clock, self.settings.risk_cooldown_secs)

    @cached_property
    def catalog(self) -> Catalog:
        from sources.platforms import Catalog

        return Catalog(self.settings)

    def _budget(self, name: str, limit: int, zone: str) -> DailyBudget:
        from accounts.budgets import DailyBudget

        return DailyBudget(self.database, self.clock, name, limit, zone)

    @cached_property
    def video_stats(self) -> VideoStatsFetcher:
        from crawler.statistics.retry_policy import StatsPatience

        return self._stats_fetcher(self.platforms, StatsPatience())

    def _stats_fetcher(
        self, platforms: Mapping[str, PlatformAccess], patience: StatsPatience
    ) -> VideoStatsFetcher:
        from crawler.runtime.account_sessions import Visits
        from crawler.statistics.fetcher import VideoStatsFetcher

        settings = self.settings
        keys = {
            name: secret_text(platform.key(settings))
            for name, platform in self.catalog.platforms.items()
            if platform.key is not None
        }
        visits = Visits(self.accounts, platforms, self.clock, self._rests, patience.longest_secs)
        return VideoStatsFetcher(
            platforms, keys, self.accounts, visits, self.short_links, self.clock, patience
        )

    @cached_property
    def short_links(self) -> ShortLinkResolver:
        from sources.short_links import ShortLinkResolver

        settings = self.settings
        return ShortLinkResolver(
            settings.request_timeout_secs, self.clock, settings.short_link_base_url
        )

    @cached_property
    def visits(self) -> Visits:
        from crawler.runtime.account_sessions import Visits

        return Visits(self.accounts, self.platforms, self.clock, self._rests)

    @property
    def _rests(self) -> RestLimits:
        from crawler.runtime.account_sessions import RestLimits

        return RestLimits(self.settings.throttle_cooldown_secs, self.settings.risk_cooldown_secs)

    def _pooled(self) -> list[str]:
        """Platforms that are asked with the pool's accounts."""
        return [one.name for one in self.catalog.platforms.values() if one.key is None]


def secret_text(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None
