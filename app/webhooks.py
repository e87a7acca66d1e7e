"""Build the delivery of reports."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.foundation import Foundation
    from webhooks.outbox import Outbox
    from webhooks.queue import DeliveryQueue
    from webhooks.sender import WebhookSender
    from webhooks.service import WebhookService


@dataclass(frozen=True, kw_only=True)
class WebhookFactories:
    """Builds the outbox, the queue, the worker and the operator's service, each once."""

    foundation: Foundation

    @cached_property
    def outbox(self) -> Outbox:
        from webhooks.outbox import Outbox

        return Outbox(self.foundation.clock)

    @cached_property
    def queue(self) -> DeliveryQueue:
        from distribution.daily.store import record_daily_delivery
        from webhooks.queue import DeliveryQueue

        return DeliveryQueue(
            database=self.foundation.database,
            clock=self.foundation.clock,
            lease_registry=self.foundation.leases,
            owner=self.foundation.owner,
            lease_secs=self.foundation.settings.lease_secs,
            per_host=self.foundation.settings.webhook_per_host,
            quiet_secs=self.foundation.settings.poll_secs / 2,
            on_outcome=record_daily_delivery,
        )

    @cached_property
    def sender(self) -> WebhookSender:
        from webhooks.http_client import WebhookClient
        from webhooks.retry_policy import RetryPolicy
        from webhooks.sender import WebhookSender
        from webhooks.signing_keys import SigningKeys

        settings = self.foundation.settings
        return WebhookSender(
            queue=self.queue,
            client=WebhookClient(
                timeout_secs=settings.webhook_timeout_secs,
                allowed_hosts=settings.webhook_allowed_hosts,
                ca_file=settings.webhook_ca_file,
            ),
            keys=SigningKeys(self.foundation.vault),
            retry_policy=RetryPolicy(settings.webhook_retry_secs, settings.webhook_jitter),
            clock=self.foundation.clock,
            poll_secs=settings.poll_secs,
            errors=self.foundation.errors_of("webhooks"),
        )

    @cached_property
    def service(self) -> WebhookService:
        from webhooks.service import WebhookService

        return WebhookService(
            database=self.foundation.database,
            clock=self.foundation.clock,
            vault=self.foundation.vault,
            queue=self.queue,
            sender=self.sender,
        )

    def loops(self) -> list[Callable[[threading.Event], None]]:
        """Return a loop for each of `webhook_workers` threads, to be run until its event is set."""
        return [self.sender.run for _ in range(self.foundation.settings.webhook_workers)]
