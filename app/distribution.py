"""Distribution tasks, their reports and their delivery, built."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from app.works import WorksApp

if TYPE_CHECKING:
    from distribution.broadcast.broadcaster import Broadcaster
    from distribution.daily.late_completions import LateCompletions
    from distribution.daily.scanner import DailyScanner
    from distribution.intake.importer import Intake
    from distribution.service import DramaDesk
    from webhooks.outbox import Outbox
    from webhooks.queue import DeliveryClaims
    from webhooks.service import WebhookDesk
    from webhooks.worker import WebhookSender


class ReportsApp(WorksApp):
    """With distribution tasks, reports and webhooks."""

    @cached_property
    def intake(self) -> Intake:
        from distribution.intake.importer import Intake

        return Intake(
            self.database,
            self.vault,
            self.outbox,
            self.clock,
            self.calendar,
            self.settings.site_name,
        )

    @cached_property
    def dramas(self) -> DramaDesk:
        from distribution.service import DramaDesk

        return DramaDesk(self.database, self.vault, self.clock)

    @cached_property
    def daily_scanner(self) -> DailyScanner:
        from distribution.daily.scanner import DailyScanner
        from distribution.daily.store import DailyStore

        settings = self.settings
        store = DailyStore(self.database, self.outbox, self.clock, settings.site_name)
        return DailyScanner(
            self.database,
            self.video_stats,
            self.vault,
            store,
            self.clock,
            self.calendar,
            settings.report_part_tasks,
        )

    @cached_property
    def late_completions(self) -> LateCompletions:
        from distribution.daily.late_completions import LateCompletions

        return LateCompletions(self.daily_scanner, self.settings.late_completions_days)

    @cached_property
    def broadcaster(self) -> Broadcaster:
        from distribution.broadcast.broadcaster import Broadcaster, BroadcastLimits

        settings = self.settings
        limits = BroadcastLimits(
            settings.broadcast_secs, settings.report_part_tasks, settings.lease_secs
        )
        return Broadcaster(
            self.database,
            self.video_stats,
            self.vault,
            self.outbox,
            self.clock,
            self.book,
            self.owner,
            settings.site_name,
            limits,
        )

    @cached_property
    def outbox(self) -> Outbox:
        from webhooks.outbox import Outbox

        return Outbox(self.clock)

    @cached_property
    def webhook_claims(self) -> DeliveryClaims:
        from distribution.daily.daily_deliveries import note_daily
        from webhooks.queue import DeliveryClaims

        return DeliveryClaims(
            self.database,
            self.clock,
            self.book,
            self.owner,
            self.settings.lease_secs,
            self.settings.webhook_per_host,
            quiet_secs=self.settings.poll_secs / 2,
            follow=note_daily,
        )

    @cached_property
    def webhook_sender(self) -> WebhookSender:
        from webhooks.http_client import Courier
        from webhooks.retry_policy import RetryPlan
        from webhooks.worker import WebhookSender

        settings = self.settings
        return WebhookSender(
            self.database,
            self.webhook_claims,
            Courier(settings.webhook_timeout_secs, settings.webhook_allowed_hosts),
            self.vault,
            RetryPlan(settings.webhook_retry_secs, settings.webhook_jitter),
            self.clock,
            settings.poll_secs,
        )

    @cached_property
    def webhook_desk(self) -> WebhookDesk:
        from webhooks.service import WebhookDesk

        return WebhookDesk(
            self.database, self.clock, self.vault, self.webhook_claims, self.webhook_sender
        )

    def _senders(self) -> list[Callable[[threading.Event], None]]:
        return [self.webhook_sender.run for _ in range(self.settings.webhook_workers)]
