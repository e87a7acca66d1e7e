"""What an operator does about deliveries: sending again, testing, disabling, changing secrets."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from accounts.vault import KEY_CHECK, Vault
from core.clock import Clock, iso_utc
from core.errors import DatabaseContentionError, InvalidInputError
from core.requests import MAX_ID
from storage.distribution import callback_secrets, deliveries, endpoints
from storage.distribution.deliveries import Attempt, Delivery, DeliveryState, Filter
from storage.distribution.endpoints import Endpoint
from storage.engines.transactions import Database, Tx
from storage.schema import schema
from webhooks.outbox import Report, as_delivery, url_hash
from webhooks.queue import DeliveryQueue
from webhooks.requests import EndpointRequest, ReplayRequest, TrialRequest
from webhooks.retry_policy import DeliveryOutcome
from webhooks.signing import new_secret, parse_secrets
from webhooks.worker import WebhookWorker


@dataclass(frozen=True)
class DeliveryDetails:
    """A delivery with its attempts, and its endpoint where something was decided about that."""

    delivery: Delivery
    attempts: list[Attempt]
    endpoint: Endpoint | None


@dataclass(frozen=True)
class Overview:
    """Deliveries, newest first, with how many there are in each state; URLs not sent to."""

    deliveries: list[Delivery]
    counts: dict[DeliveryState, int]
    disabled: list[Endpoint]


class WebhookService:
    """The operator's interface to deliveries."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        vault: Vault,
        claims: DeliveryQueue,
        sender: WebhookWorker,
    ) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault
        self._claims = claims
        self._sender = sender

    def overview(self, wanted: Filter, limit: int) -> Overview:
        """Return up to `limit` deliveries that match, with the counts of all and the disabled
        URLs."""
        return self._database.read(
            lambda tx: Overview(
                deliveries.newest(tx, wanted, limit), deliveries.counts(tx), endpoints.disabled(tx)
            )
        )

    def show(self, delivery_id: int) -> DeliveryDetails:
        """Return a delivery with its attempts. Raise InvalidInputError when there is none of that
        id."""

        def work(tx: Tx) -> DeliveryDetails | None:
            delivery = deliveries.get(tx, delivery_id)
            if delivery is None:
                return None
            endpoint = endpoints.get(tx, delivery.url_hash)
            return DeliveryDetails(delivery, deliveries.attempts_of(tx, delivery_id), endpoint)

        known = 0 < delivery_id <= MAX_ID
        shown = self._database.read(work) if known else None
        if shown is None:
            raise InvalidInputError(
                f"no delivery has the id {delivery_id}; see: python cli.py webhooks list"
            )
        return shown

    def replay(self, request: ReplayRequest) -> int:
        """Make what matches due again, under the same event ids; return the number of
        deliveries. Tests, and what is being sent, stay as they are."""
        wanted = request.as_filter()
        return self._database.write_idempotent(
            lambda tx: deliveries.replay(tx, wanted, self._clock.now())
        )

    def test(self, request: TrialRequest) -> tuple[Delivery, DeliveryOutcome]:
        """Send a test event, once; return it with its outcome.

        Raises:
            CredentialsError: the secret has another form.
        """
        keys = parse_secrets(request.secret) if request.secret is not None else []
        now = self._clock.now()
        body = {"event": "webhook.test", "sent_at": iso_utc(now)}
        name = f"test_{uuid.uuid4().hex}"
        report = Report(
            kind="test",
            event_id=name,
            url=request.url,
            task_id=None,
            stats_date=None,
            body=json.dumps(body),
        )
        claim = self._claims.file_and_claim(as_delivery(report))
        return claim.delivery, self._sender.send_alone(claim, keys)

    def endpoint_url(self, request: EndpointRequest) -> str:
        """Return the URL that is meant. Raise InvalidInputError for an unknown delivery."""
        if request.url is not None:
            return request.url
        assert request.delivery_id is not None
        return self.show(request.delivery_id).delivery.url

    def set_enabled(self, url: str, *, enabled: bool, reason: str | None = None) -> None:
        """Send to a URL again, or no more until it is enabled. Raise InvalidInputError for one
        that nothing was ever filed for."""
        hashed, now = url_hash(url), self._clock.now()
        known = self._database.write_idempotent(
            endpoints.set_enabled, hashed, now, enabled=enabled, reason=reason
        )
        if not known:
            raise InvalidInputError(
                "nothing was ever to be sent to that URL; give it as `webhooks show ID` does, or"
                " give such an ID"
            )

    def rotate_secret(self, task_id: str, secret: str | None = None) -> str:
        """Sign a task's reports with a new secret, and with the one before until `finish_rotation`;
        the new one, which is made up unless given.

        Raises:
            CredentialsError: the secret has another form.
            InvalidInputError: no such task.
        """
        fresh = (secret or new_secret()).strip()
        if len(parse_secrets(fresh)) != 1:
            raise InvalidInputError("give one secret; the one before stays valid by itself")
        self._change_secrets(task_id, lambda old: " ".join([fresh, *old[:1]]))
        return fresh

    def finish_rotation(self, task_id: str) -> None:
        """Sign with the newest secret only. Raises InvalidInputError when the task has none."""

        def newest(old: list[str]) -> str:
            if not old:
                raise InvalidInputError(f"task {task_id} has no secret")
            return old[0]

        self._change_secrets(task_id, newest)

    def _change_secrets(self, task_id: str, change: Callable[[list[str]], str]) -> None:
        def work(tx: Tx) -> None:
            # Held, so that a rotation of the vault's key comes before or after.
            schema.hold_fact(tx, KEY_CHECK)
            if not callback_secrets.task_exists(tx, task_id):
                raise InvalidInputError(f"no task has the id {task_id!r}")
            seen = callback_secrets.secret_of(tx, task_id)
            changed = self._vault.encrypt(change((self._vault.decrypt(seen) or "").split()))
            assert changed is not None
            now = self._clock.now()
            if not callback_secrets.replace_secret(tx, task_id, seen, changed, now):
                raise DatabaseContentionError(f"the secret of task {task_id} was changed meanwhile")

        self._database.write(work)
