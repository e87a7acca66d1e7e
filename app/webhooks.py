"""Build the delivery of reports."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.foundation import Foundation
    from webhooks.outbox import Outbox
    from webhooks.queue import DeliveryQueue
    from webhooks.service import WebhookService
    from webhooks.worker import WebhookWorker


class WebhookFactories:
    """Builds the outbox, the queue, the worker and the operator's service, each once."""

    def __init__(
        self,
        *,
        foundation: Foundation,
    ) -> None:
        self._base = foundation

    @cached_property
    def outbox(self) -> Outbox:
        from webhooks.outbox import Outbox

        return Outbox(self._base.clock)

    @cached_property
    def queue(self) -> DeliveryQueue:
        from distribution.daily.store import record_daily_delivery
        from webhooks.queue import DeliveryQueue

        return DeliveryQueue(
            database=self._base.database,
            clock=self._base.clock,
            lease_registry=self._base.leases,
            owner=self._base.owner,
            lease_secs=self._base.settings.lease_secs,
            per_host=self._base.settings.webhook_per_host,
            quiet_secs=self._base.settings.poll_secs / 2,
            on_outcome=record_daily_delivery,
        )

    @cached_property
    def worker(self) -> WebhookWorker:
        from webhooks.http_client import WebhookClient
        from webhooks.retry_policy import RetryPolicy
        from webhooks.worker import WebhookWorker

        settings = self._base.settings
        return WebhookWorker(
            database=self._base.database,
            queue=self.queue,
            client=WebhookClient(
                timeout_secs=settings.webhook_timeout_secs,
                allowed_hosts=settings.webhook_allowed_hosts,
            ),
            vault=self._base.vault,
            retry_policy=RetryPolicy(settings.webhook_retry_secs, settings.webhook_jitter),
            clock=self._base.clock,
            poll_secs=settings.poll_secs,
        )

    @cached_property
    def service(self) -> WebhookService:
        from webhooks.service import WebhookService

        return WebhookService(
            database=self._base.database,
            clock=self._base.clock,
            vault=self._base.vault,
            queue=self.queue,
            worker=self.worker,
        )

    def loops(self) -> list[Callable[[threading.Event], None]]:
        """Return a loop for each of `webhook_workers` threads, to be run until its event is set."""
        return [self.worker.run for _ in range(self._base.settings.webhook_workers)]
