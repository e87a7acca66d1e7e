"""Send deliveries again, test receivers, enable and disable them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.logs import redact

if TYPE_CHECKING:
    from storage.distribution.deliveries import Delivery
    from web.audit_log import AuditLog, Principal
    from webhooks.requests import EndpointRequest, ReplayRequest, TrialRequest
    from webhooks.retry_policy import DeliveryOutcome
    from webhooks.service import WebhookService


class WebhookUseCases:
    """Changes deliveries, callback URLs and signing secrets."""

    def __init__(self, *, service: WebhookService, audit: AuditLog) -> None:
        self._service = service
        self._audit = audit

    def replay(self, who: Principal, request: ReplayRequest) -> int:
        """Make matching deliveries due again; return their number."""
        with self._audit.action(who, "webhook.replay", str(request)):
            return self._service.replay(request)

    def test(self, who: Principal, request: TrialRequest) -> tuple[Delivery, DeliveryOutcome]:
        """Send a test event once. Raise CredentialsError for a malformed secret."""
        with self._audit.action(who, "webhook.test", redact(request.url)):
            return self._service.test(request)

    def disable(self, who: Principal, request: EndpointRequest) -> None:
        """Send nothing more to a callback URL. Raise InvalidInputError for an unknown one."""
        url = self._service.endpoint_url(request)
        with self._audit.action(who, "webhook.disable", redact(url)):
            self._service.set_enabled(url, enabled=False, reason=request.reason)

    def enable(self, who: Principal, request: EndpointRequest) -> None:
        """Send to a callback URL again, also waiting deliveries. Raise
        InvalidInputError for an unknown one."""
        url = self._service.endpoint_url(request)
        with self._audit.action(who, "webhook.enable", redact(url)):
            self._service.set_enabled(url, enabled=True)

    def rotate_secret(self, who: Principal, task_id: str, secret: str | None) -> str:
        """Sign a task's reports with a new secret and the previous one; see
        WebhookService.rotate_secret."""
        with self._audit.action(who, "webhook.rotate_secret", task_id):
            return self._service.rotate_secret(task_id, secret)

    def finish_rotation(self, who: Principal, task_id: str) -> None:
        """Sign a task's reports with its newest secret only; see WebhookService.finish_rotation."""
        with self._audit.action(who, "webhook.finish_rotation", task_id):
            self._service.finish_rotation(task_id)
