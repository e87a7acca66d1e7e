"""The sender: takes deliveries that are due, signs, sends, and writes down what came of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from accounts.vault import Vault
from core.clock import Clock
from core.errors import CredentialsError, DatabaseError, LeaseLostError, NotSentError
from core.logs import fields, service_log
from core.poller import Poller
from storage.distribution import callback_secrets
from storage.distribution.deliveries import Delivery, DeliveryState
from storage.engines.transactions import Database
from webhooks import signing
from webhooks.http_client import Answer, WebhookClient
from webhooks.queue import Claim, DeliveryQueue
from webhooks.retry_policy import DeliveryOutcome, RetryPolicy, outcome_of

log = service_log("webhooks")


class WebhookWorker:
    """One sending thread."""

    def __init__(
        self,
        *,
        database: Database,
        claims: DeliveryQueue,
        courier: WebhookClient,
        vault: Vault,
        plan: RetryPolicy,
        clock: Clock,
        poll_secs: float,
    ) -> None:
        self._database = database
        self._claims = claims
        self._courier = courier
        self._vault = vault
        self._plan = plan
        self._clock = clock
        self._poll_secs = poll_secs

    def run(self, stop: threading.Event) -> None:
        """Send until `stop`; a database that is away is waited for."""
        poller = Poller(
            clock=self._clock,
            poll_secs=self._poll_secs,
            retried=(DatabaseError,),
            on_error=partial(log.error, "database trouble, trying again: %s"),
        )
        poller.run_busy(self.send_once, stop)

    def send_once(self) -> bool:
        """Make one attempt at what is due; False when nothing was."""
        claim = self._claims.claim()
        if claim is None:
            return False
        try:
            self._attempt(claim)
        except LeaseLostError as error:
            log.warning("%s %s", fields(delivery=claim.delivery.id), error)
            self._claims.abandon(claim)
        except BaseException:
            self._claims.abandon(claim)
            raise
        return True

    def send_alone(self, claim: Claim, keys: Sequence[bytes]) -> DeliveryOutcome:
        """Make the only attempt at a delivery that is not tried again. Its endpoint stays as it
        is, whatever it says."""
        outcome = self._outcome(claim, keys)
        said = outcome_of(outcome, 1, RetryPolicy((), 0.0), self._clock.now())
        verdict = replace(said, disables=None, rest_until=None)
        self._claims.settle(claim, verdict)
        return verdict

    def _attempt(self, claim: Claim) -> None:
        delivery = claim.delivery
        try:
            outcome = self._outcome(claim, self._keys(delivery))
        except CredentialsError as error:
            outcome = error  # never unsigned: the receiver would have to refuse it
        except (LeaseLostError, DatabaseError):
            raise
        except Exception as error:  # a bug of ours must not stop the others' deliveries
            log.exception("%s", fields(delivery=delivery.id))
            outcome = NotSentError(f"internal error, see the log ({type(error).__name__})")
        verdict = outcome_of(outcome, delivery.attempts, self._plan, self._clock.now())
        kept = self._claims.settle(claim, verdict)
        _log(delivery, verdict, kept)

    def _outcome(self, claim: Claim, keys: Sequence[bytes]) -> Answer | Exception:
        delivery = claim.delivery
        body = delivery.body.encode()
        headers = signing.headers(delivery.event_id, self._clock.now(), body, keys)
        claim.lease.require(self._clock)
        try:
            return self._courier.post(delivery.url, headers, body)
        except NotSentError as error:
            return error

    def _keys(self, delivery: Delivery) -> list[bytes]:
        """What signs a delivery; nothing where its task has no secret. Raises CredentialsError."""
        task_id = delivery.task_id
        if task_id is None:
            return []
        token = self._database.read(callback_secrets.secret_of, task_id)
        secret = self._vault.decrypt(token)
        if secret is None:
            return []
        try:
            return signing.parse_secrets(secret)
        except CredentialsError as error:
            raise CredentialsError(f"not sent: the secret of task {task_id}: {error}") from error


def _log(delivery: Delivery, verdict: DeliveryOutcome, kept: bool) -> None:
    said = fields(
        delivery=delivery.id,
        event=delivery.event_id,
        host=delivery.host,
        task=delivery.task_id,
        attempt=delivery.attempts,
        status=verdict.status,
    )
    if not kept:
        log.warning("%s lease lost; whoever has it decides", said)
    elif verdict.state is DeliveryState.DELIVERED:
        log.info("%s delivered", said)
    else:
        log.warning("%s %s: %s", said, verdict.state.value, verdict.error)
