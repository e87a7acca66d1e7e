"""Build the intake of distribution tasks, their daily statistics and their broadcast."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.foundation import Foundation
    from app.pool import PoolFactories
    from app.webhooks import WebhookFactories
    from distribution.broadcast.broadcaster import Broadcaster
    from distribution.daily.late_completions import LateCompletions
    from distribution.daily.scanner import DailyScanner
    from distribution.intake.importer import DistributionImporter
    from distribution.service import DistributionService


class DistributionFactories:
    """Builds the objects of distribution tasks and their reports, each once."""

    def __init__(
        self,
        *,
        foundation: Foundation,
        pool: PoolFactories,
        webhooks: WebhookFactories,
    ) -> None:
        self._base = foundation
        self._pool = pool
        self._webhooks = webhooks

    @cached_property
    def importer(self) -> DistributionImporter:
        from distribution.intake.importer import DistributionImporter

        return DistributionImporter(
            database=self._base.database,
            vault=self._base.vault,
            outbox=self._webhooks.outbox,
            clock=self._base.clock,
            calendar=self._base.calendar,
            site_name=self._base.settings.site_name,
        )

    @cached_property
    def service(self) -> DistributionService:
        from distribution.service import DistributionService

        return DistributionService(
            database=self._base.database, vault=self._base.vault, clock=self._base.clock
        )

    @cached_property
    def daily_scanner(self) -> DailyScanner:
        from distribution.daily.scanner import DailyScanner
        from distribution.daily.store import DailyStore

        settings = self._base.settings
        store = DailyStore(
            database=self._base.database,
            outbox=self._webhooks.outbox,
            clock=self._base.clock,
            site_name=settings.site_name,
        )
        return DailyScanner(
            database=self._base.database,
            fetcher=self._pool.statistics,
            vault=self._base.vault,
            store=store,
            clock=self._base.clock,
            calendar=self._base.calendar,
            part_tasks=settings.report_part_tasks,
        )

    @cached_property
    def late_completions(self) -> LateCompletions:
        from distribution.daily.late_completions import LateCompletions

        return LateCompletions(
            scanner=self.daily_scanner, days=self._base.settings.late_completions_days
        )

    @cached_property
    def broadcaster(self) -> Broadcaster:
        from distribution.broadcast.broadcaster import Broadcaster, BroadcastLimits

        settings = self._base.settings
        limits = BroadcastLimits(
            settings.broadcast_secs, settings.report_part_tasks, settings.lease_secs
        )
        return Broadcaster(
            database=self._base.database,
            fetcher=self._pool.statistics,
            vault=self._base.vault,
            outbox=self._webhooks.outbox,
            clock=self._base.clock,
            lease_registry=self._base.leases,
            owner=self._base.owner,
            site_name=settings.site_name,
            limits=limits,
        )
