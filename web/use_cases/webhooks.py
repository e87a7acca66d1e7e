"""Send deliveries again, test receivers, enable and disable them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.logs import redact

if TYPE_CHECKING:
    from storage.distribution.deliveries import Delivery
    from storage.distribution.endpoints import Reopened
    from web.audit_log import AuditLog, Principal
    from webhooks.requests import EndpointRequest, ReplayRequest, TrialRequest
    from webhooks.retry_policy import DeliveryOutcome
    from webhooks.service import WebhookService


class WebhookUseCases:
    """Changes deliveries, callback URLs and signing secrets.

    Each call is recorded in the log of actions under `who`, secrets in URLs redacted.
    """

    def __init__(self, *, service: WebhookService, audit: AuditLog) -> None:
        self._service = service
        self._audit = audit

    def replay(self, who: Principal, request: ReplayRequest) -> int:
        """Make matching deliveries due again under the same event ids; return their number."""
        with self._audit.action(who, "webhook.replay", str(request)):
            return self._service.replay(request)

    def test(self, who: Principal, request: TrialRequest) -> tuple[Delivery, DeliveryOutcome]:
        """Send a test event once, and return its delivery and outcome.

        A receiver that refuses or does not answer raises nothing: the outcome says so.

        Raises:
            CredentialsError: the secret is malformed; nothing was sent.
        """
        with self._audit.action(who, "webhook.test", redact(request.url)):
            return self._service.test(request)

    def disable(self, who: Principal, request: EndpointRequest) -> None:
        """Send nothing more to a callback URL: its deliveries wait until it is enabled.

        Raises:
            InvalidInputError: no delivery has that id, or none was ever filed for that URL.
        """
        url = self._service.endpoint_url(request)
        with self._audit.action(who, "webhook.disable", redact(url)):
            self._service.disable(url, request.reason)

    def enable(self, who: Principal, request: EndpointRequest) -> Reopened:
        """Send to a callback URL again, also what waits and what it refused by HTTP 410.

        Returns what becomes of its deliveries.

        Raises:
            InvalidInputError: no delivery has that id, or none was ever filed for that URL.
        """
        url = self._service.endpoint_url(request)
        with self._audit.action(who, "webhook.enable", redact(url)):
            return self._service.enable(url)

    def rotate_secret(self, who: Principal, task_id: str, secret: str | None) -> str:
        """Start a rotation of the secret that signs a task's reports, and return the new one in
        clear.

        Until `finish_rotation`, each report carries two signatures: by the new secret and by the
        previous one.

        Args:
            secret: the new secret in clear; None or empty for a random one.

        Raises:
            CredentialsError: the secret is malformed, or the stored one cannot be decrypted.
            InvalidInputError: there is no such task, or `secret` is a list of two secrets.
        """
        with self._audit.action(who, "webhook.rotate_secret", task_id):
            return self._service.rotate_secret(task_id, secret)

    def finish_rotation(self, who: Principal, task_id: str) -> None:
        """Sign a task's reports with its newest secret only, and forget the previous one.

        Raises:
            InvalidInputError: there is no such task, or it has no secret.
            CredentialsError: the stored secret cannot be decrypted.
        """
        with self._audit.action(who, "webhook.finish_rotation", task_id):
            self._service.finish_rotation(task_id)
