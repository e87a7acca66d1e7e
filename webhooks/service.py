"""The operator's use cases on deliveries: replay, test, disable a callback URL, rotate a secret."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from accounts.vault import KEY_CHECK, Vault
from core.clock import Clock, iso_utc
from core.errors import DatabaseContentionError, InvalidInputError
from core.requests import MAX_ID
from storage.distribution import callback_secrets, deliveries, delivery_tasks, endpoints
from storage.distribution.deliveries import Attempt, Delivery, DeliveryState, Filter
from storage.distribution.delivery_tasks import ReportedTask
from storage.distribution.endpoints import Endpoint, Reopened
from storage.engines.transactions import Database, Tx
from storage.schema import schema
from webhooks.outbox import Report, as_delivery, url_hash
from webhooks.queue import DeliveryQueue
from webhooks.requests import EndpointRequest, ReplayRequest, TrialRequest, event_id_given
from webhooks.retry_policy import DeliveryOutcome
from webhooks.sender import WebhookSender
from webhooks.signing import new_secret, parse_secrets


@dataclass(frozen=True)
class DeliveryDetails:
    """A delivery with its attempts, oldest first, and the distribution tasks that it reports on.

    `endpoint` is None when the callback URL has no row, which means that it is enabled.
    """

    delivery: Delivery
    attempts: list[Attempt]
    endpoint: Endpoint | None
    tasks: list[ReportedTask]


@dataclass(frozen=True)
class Overview:
    """An overview of deliveries.

    `deliveries` are those asked for, newest first; `counts` are those of all deliveries by state;
    `disabled` are the callback URLs to which nothing is sent.
    """

    deliveries: list[Delivery]
    counts: dict[DeliveryState, int]
    disabled: list[Endpoint]


@dataclass(frozen=True, kw_only=True)
class WebhookService:
    """The use cases on deliveries, callback URLs and signing secrets."""

    database: Database
    clock: Clock
    vault: Vault
    queue: DeliveryQueue
    sender: WebhookSender

    def overview(self, wanted: Filter, limit: int) -> Overview:
        """Return at most `limit` deliveries that match `wanted`, and the counts of all
        deliveries."""
        return self.database.read(
            lambda tx: Overview(
                deliveries.newest(tx, wanted, limit), deliveries.counts(tx), endpoints.disabled(tx)
            )
        )

    def show(self, delivery_id: int) -> DeliveryDetails:
        """Return a delivery with its attempts and its callback URL.

        Raises:
            InvalidInputError: no delivery has that id.
        """

        is_possible = 0 < delivery_id <= MAX_ID
        details = self.database.read(_details, delivery_id) if is_possible else None
        if details is None:
            raise InvalidInputError("delivery_not_found", delivery_id=delivery_id)
        return details

    def show_event(self, event_id: str) -> DeliveryDetails:
        """Return the delivery that receivers know by an event id, as `show` does.

        Raises:
            InvalidInputError: no delivery has that event id, or no report can have it.
        """
        known = event_id_given(event_id)

        def read(tx: Tx) -> DeliveryDetails | None:
            delivery = deliveries.of_event(tx, known)
            return None if delivery is None else _details(tx, delivery.id)

        details = self.database.read(read)
        if details is None:
            raise InvalidInputError("event_not_found", event_id=known)
        return details

    def replay(self, request: ReplayRequest) -> int:
        """Make matching deliveries due again under the same event ids; return their number.

        Their attempts count from 0 again. Test events and deliveries being sent stay as they are
        and are not counted; ids that do not exist are ignored.
        """
        wanted = request.as_filter()
        return self.database.write_idempotent(
            lambda tx: deliveries.replay(tx, wanted, self.clock.now())
        )

    def test(self, request: TrialRequest) -> tuple[Delivery, DeliveryOutcome]:
        """Send one test event, and return its delivery and outcome once the attempt has ended.

        A receiver that refuses or does not answer raises nothing: the outcome says so.

        Raises:
            CredentialsError: the secret is malformed; nothing was sent.
        """
        keys = parse_secrets(request.secret) if request.secret is not None else []
        now = self.clock.now()
        body = {"event": "webhook.test", "sent_at": iso_utc(now)}
        report = Report(
            kind="test",
            event_id=f"test_{uuid.uuid4().hex}",
            url=request.url,
            body=json.dumps(body),
        )
        claim = self.queue.enqueue_and_claim(as_delivery(report))
        return claim.delivery, self.sender.send_test(claim, keys)

    def endpoint_url(self, request: EndpointRequest) -> str:
        """Return the callback URL that a request names: by itself, or by a delivery to it.

        Raises:
            InvalidInputError: no delivery has the id that the request names.
        """
        if request.url is not None:
            return request.url
        assert request.delivery_id is not None
        return self.show(request.delivery_id).delivery.url

    def enable(self, url: str) -> Reopened:
        """Enable a callback URL and return the numbers of its deliveries.

        Those that wait for it are sent. Those that it refused by HTTP 410 are sent again, under the
        same event ids.

        Raises:
            InvalidInputError: no delivery was ever filed for that URL.
        """
        reopened = self.database.write_idempotent(endpoints.reopen, url_hash(url), self.clock.now())
        if reopened is None:
            raise InvalidInputError("callback_url_unknown")
        return reopened

    def disable(self, url: str, reason: str | None = None) -> None:
        """Disable a callback URL: its deliveries wait until it is enabled.

        Args:
            reason: why, shown to operators; None for no reason.

        Raises:
            InvalidInputError: no delivery was ever filed for that URL.
        """
        hashed, now = url_hash(url), self.clock.now()
        is_known = self.database.write_idempotent(
            endpoints.set_enabled, hashed, now, enabled=False, reason=reason
        )
        if not is_known:
            raise InvalidInputError("callback_url_unknown")

    def rotate_secret(self, task_id: str, secret: str | None = None) -> str:
        """Start a rotation of the secret that signs a task's reports, and return the new one in
        clear.

        Until `finish_rotation`, each report carries two signatures: by the new secret and by the
        one that was newest so far. A task without a secret gets this one only. It is stored
        encrypted.

        Args:
            secret: the new secret in clear, `whsec_` and base64; None or empty for a random one.

        Raises:
            CredentialsError: the secret is malformed, or the stored one cannot be decrypted.
            InvalidInputError: there is no such task, or `secret` is a list of two secrets.
        """
        fresh = (secret or new_secret()).strip()
        if len(parse_secrets(fresh)) != 1:
            raise InvalidInputError("one_secret_expected")
        self._change_secrets(task_id, lambda old: " ".join([fresh, *old[:1]]))
        return fresh

    def finish_rotation(self, task_id: str) -> None:
        """Sign a task's reports with its newest secret only, and forget the previous one.

        A task with one secret keeps it.

        Raises:
            InvalidInputError: there is no such task, or it has no secret.
            CredentialsError: the stored secret cannot be decrypted.
        """

        def newest(old: list[str]) -> str:
            if not old:
                raise InvalidInputError("task_without_secret", task_id=task_id)
            return old[0]

        self._change_secrets(task_id, newest)

    def _change_secrets(self, task_id: str, change: Callable[[list[str]], str]) -> None:
        """Replace a task's secrets (newest first) by `change(secrets)`, separated by blanks.

        Raise InvalidInputError when there is no such task.
        """

        def replace_secret(tx: Tx) -> None:
            # The row of `meta` is locked: a rotation of the vault's key would miss a secret that is
            # encrypted with the old key after it has read this row.
            schema.lock_fact(tx, KEY_CHECK)
            if not callback_secrets.task_exists(tx, task_id):
                raise InvalidInputError("distribution_task_not_found", task_id=task_id)
            seen = callback_secrets.secret_of(tx, task_id)
            clear = change((self.vault.decrypt(seen) or "").split())
            changed = self.vault.encrypt_one(tx, clear)
            assert changed is not None
            now = self.clock.now()
            if not callback_secrets.replace_secret(tx, task_id, seen, changed, now):
                raise DatabaseContentionError("secret_changed_meanwhile", task_id=task_id)

        self.database.write(replace_secret)


def _details(tx: Tx, delivery_id: int) -> DeliveryDetails | None:
    delivery = deliveries.get(tx, delivery_id)
    if delivery is None:
        return None
    return DeliveryDetails(
        delivery=delivery,
        attempts=deliveries.attempts_of(tx, delivery_id),
        endpoint=endpoints.get(tx, delivery.url_hash),
        tasks=delivery_tasks.with_titles(tx, delivery_id),
    )
