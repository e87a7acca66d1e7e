"""Build the intake of distribution tasks, their daily statistics and their broadcast."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.foundation import Foundation
    from app.pool import PoolFactories
    from app.webhooks import WebhookFactories
    from core.messages import Message
    from distribution.broadcast.broadcaster import Broadcaster
    from distribution.daily.scanner import DailyScanner
    from distribution.intake.importer import DistributionImporter
    from distribution.service import DistributionService
    from distribution.settlement.reader import SettlementReader


@dataclass(frozen=True, kw_only=True)
class DistributionFactories:
    """Builds the objects of distribution tasks and their reports, each once."""

    foundation: Foundation
    pool: PoolFactories
    webhooks: WebhookFactories

    @cached_property
    def importer(self) -> DistributionImporter:
        from distribution.intake.importer import DistributionImporter

        return DistributionImporter(
            database=self.foundation.database,
            vault=self.foundation.vault,
            outbox=self.webhooks.outbox,
            clock=self.foundation.clock,
            calendar=self.foundation.calendar,
            site_name=self.foundation.settings.site_name,
        )

    @cached_property
    def service(self) -> DistributionService:
        from distribution.service import DistributionService
        from distribution.shared_list import CountOnce

        return DistributionService(
            database=self.foundation.database,
            vault=self.foundation.vault,
            clock=self.foundation.clock,
            count_once=CountOnce(self.foundation.settings.count_video_once_per),
        )

    @cached_property
    def settlement(self) -> SettlementReader:
        from distribution.settlement.reader import SettlementReader

        return SettlementReader(
            database=self.foundation.database,
            clock=self.foundation.clock,
            calendar=self.foundation.calendar,
        )

    @cached_property
    def daily_scanner(self) -> DailyScanner:
        from distribution.daily.scanner import DailyScanner
        from distribution.daily.store import DailyStore
        from distribution.shared_list import CountOnce

        settings = self.foundation.settings
        store = DailyStore(
            database=self.foundation.database,
            outbox=self.webhooks.outbox,
            clock=self.foundation.clock,
            site_name=settings.site_name,
            hold_tries=settings.incomplete_hold_tries,
        )
        return DailyScanner(
            database=self.foundation.database,
            fetcher=self.pool.statistics,
            vault=self.foundation.vault,
            store=store,
            clock=self.foundation.clock,
            calendar=self.foundation.calendar,
            part_tasks=settings.report_part_tasks,
            accounts_per_platform=settings.daily_accounts_per_platform,
            count_once=CountOnce(settings.count_video_once_per),
        )

    def scan_late(self, stop: threading.Event) -> Message:
        """Count again the recent days whose completions changed after they were counted.

        Return a summary; it is the job `late_completions`.

        Raises:
            StoppedSignal: `stop` was set; stored days stay, and a later run continues.
        """
        from distribution.daily.late_completions import scan_late

        return scan_late(self.daily_scanner, self.foundation.settings.late_completions_days, stop)

    def count_incomplete(self, stop: threading.Event) -> Message:
        """Count the incomplete days that are due once more.

        Return a summary; it is the job `incomplete_days`.

        Raises:
            StoppedSignal: `stop` was set; stored days stay, and the others stay due.
        """
        from distribution.daily.incomplete import count_due

        return count_due(self.daily_scanner, stop)

    @cached_property
    def broadcaster(self) -> Broadcaster:
        from distribution.broadcast.broadcaster import Broadcaster, BroadcastLimits

        settings = self.foundation.settings
        limits = BroadcastLimits(
            settings.broadcast_secs, settings.report_part_tasks, settings.lease_secs
        )
        return Broadcaster(
            database=self.foundation.database,
            fetcher=self.pool.statistics,
            vault=self.foundation.vault,
            outbox=self.webhooks.outbox,
            clock=self.foundation.clock,
            lease_registry=self.foundation.leases,
            owner=self.foundation.owner,
            site_name=settings.site_name,
            limits=limits,
            errors=self.foundation.errors_of("broadcast"),
        )
