"""Send due deliveries: claim one, sign it, post it and record the outcome."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from accounts.vault import Vault
from core.clock import Clock
from core.errors import (
    CredentialsError,
    DatabaseError,
    KeyChangedError,
    LeaseLostError,
    NoResourcesError,
    NotSentError,
)
from core.logs import fields, service_log
from core.poller import database_poller
from core.supervision.internal_errors import ComponentErrors, described, lacks_resources
from storage.distribution import callback_secrets
from storage.distribution.deliveries import Delivery, DeliveryState
from storage.engines.transactions import Database, failure_is_lasting
from webhooks import signing
from webhooks.http_client import Answer, WebhookClient
from webhooks.queue import Claim, DeliveryQueue
from webhooks.retry_policy import DeliveryOutcome, RetryPolicy, outcome_of

log = service_log("webhooks")
# Until a delivery is tried again that this process could not send: without its key, or without
# descriptors, memory or threads.
PUT_BACK = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class WebhookSender:
    """Makes the requests that deliver reports; several threads may run one sender.

    Args:
        poll_secs: seconds between two looks when nothing is due.
    """

    database: Database
    queue: DeliveryQueue
    client: WebhookClient
    vault: Vault
    retry_policy: RetryPolicy
    clock: Clock
    poll_secs: float
    errors: ComponentErrors

    def run(self, stop: threading.Event) -> None:
        """Send deliveries until `stop` is set; when the database fails, log it and try again."""
        poller = database_poller(
            clock=self.clock, poll_secs=self.poll_secs, log=log, errors=self.errors
        )
        poller.run_busy(self.send_once, stop)

    def send_once(self) -> bool:
        """Make one attempt at a due delivery; return False when the next one is not worth making.

        That is so when none was due, or when this host lacks what a request needs. Whatever the
        receiver answers is recorded as the outcome, not raised.

        Raises:
            DatabaseError: nothing was recorded; the delivery is due again when its lease ends.
        """
        claim = self.queue.claim()
        if claim is None:
            return False
        try:
            return self._attempt(claim)
        except LeaseLostError as error:
            log.warning("%s %s", fields(delivery=claim.delivery.id), error)
            self.queue.abandon(claim)
        except BaseException:
            self.queue.abandon(claim)
            raise
        return True

    def send_test(self, claim: Claim, keys: Sequence[bytes]) -> DeliveryOutcome:
        """Make the only attempt at a test delivery, record its outcome and return it.

        A failure is an outcome too. The callback URL is neither disabled nor paused by the answer.
        Without `keys` the request is unsigned.

        Raises:
            LeaseLostError: the lease had ended before the request; nothing was sent.
        """
        result: Answer | Exception
        try:
            result = self._post(claim, keys)
        except NoResourcesError as error:
            result = error
        outcome = outcome_of(result, 1, RetryPolicy((), 0.0), self.clock.now())
        harmless = replace(outcome, disables=None, rest_until=None)
        self.queue.record_outcome(claim, harmless)
        return harmless

    def _attempt(self, claim: Claim) -> bool:
        """Make an attempt and settle it; return False when this host lacks what it needs."""
        delivery = claim.delivery
        result: Answer | Exception
        try:
            result = self._post(claim, self._keys(delivery))
        except KeyChangedError as error:
            self._put_back(claim, error)
            return True
        except CredentialsError as error:
            # Nothing is sent unsigned instead: the receiver would have to refuse it.
            result = error
        except (LeaseLostError, DatabaseError):
            raise
        # A bug with one delivery must not stop the others.
        except Exception as error:
            if lacks_resources(error):
                self._put_back(claim, error)
                self.errors.settled(error)
                return False
            log.exception("%s", fields(delivery=delivery.id))
            result = self._failed(error)
        self._record(claim, result)
        return True

    def _put_back(self, claim: Claim, error: Exception) -> None:
        """Make a delivery due again in half a minute; no attempt is used up."""
        log.warning("%s put back: %s", fields(delivery=claim.delivery.id), described(error))
        self.queue.put_back(claim, self.clock.now() + PUT_BACK)

    def _record(self, claim: Claim, result: Answer | Exception) -> None:
        """Record the outcome of an attempt, as a failed one where it cannot be recorded as it came.

        Whatever a receiver answers, its delivery is settled: one that is not would be sent again
        and again, also by the next process.

        Raises:
            DatabaseError: nothing was recorded.
        """
        delivery, now = claim.delivery, self.clock.now()
        try:
            outcome = outcome_of(result, delivery.attempts, self.retry_policy, now)
            is_recorded = self.queue.record_outcome(claim, outcome)
        except Exception as error:
            if isinstance(error, DatabaseError) and not failure_is_lasting(error):
                raise
            log.exception("%s", fields(delivery=delivery.id))
            outcome, is_recorded = self._record_failure(claim, error)
        _log(delivery, outcome, is_recorded)

    def _record_failure(self, claim: Claim, error: Exception) -> tuple[DeliveryOutcome, bool]:
        """Record an attempt that failed by an error of ours, without anything of its answer."""
        delivery = claim.delivery
        failed = self._failed(error)
        outcome = outcome_of(failed, delivery.attempts, self.retry_policy, self.clock.now())
        return outcome, self.queue.record_outcome(claim, outcome)

    def _failed(self, error: Exception) -> NotSentError:
        self.errors.settled(error)
        return NotSentError("delivery_internal_error", error=type(error).__name__)

    def _post(self, claim: Claim, keys: Sequence[bytes]) -> Answer | Exception:
        """Sign and post a delivery; return the response, or the error when none came.

        Raises:
            LeaseLostError: the lease had ended before the request; nothing was sent.
            NoResourcesError: this host lacks what a request needs.
        """
        delivery = claim.delivery
        body = delivery.body.encode()
        headers = signing.headers(delivery.event_id, self.clock.now(), body, keys)
        claim.lease.require(self.clock)
        try:
            return self.client.post(delivery.url, headers, body)
        except NotSentError as error:
            return error

    def _keys(self, delivery: Delivery) -> list[bytes]:
        """Return the keys that sign a delivery; none when its task has no secret.

        Raises:
            CredentialsError: the stored secret cannot be decrypted, or is malformed.
        """
        task_id = delivery.task_id
        if task_id is None:
            return []
        token = self.database.read(callback_secrets.secret_of, task_id)
        secret = self.vault.decrypt(token)
        if secret is None:
            return []
        try:
            return signing.parse_secrets(secret)
        except CredentialsError as error:
            raise CredentialsError("task_secret_unusable", task_id=task_id, cause=error) from error


def _log(delivery: Delivery, outcome: DeliveryOutcome, is_recorded: bool) -> None:
    attempt = fields(
        delivery=delivery.id,
        event=delivery.event_id,
        host=delivery.host,
        task=delivery.task_id,
        attempt=delivery.attempts,
        status=outcome.status,
    )
    if not is_recorded:
        log.warning("%s lease lost; whoever has it decides", attempt)
    elif outcome.state is DeliveryState.DELIVERED:
        log.info("%s delivered", attempt)
    else:
        log.warning("%s %s: %s", attempt, outcome.state.value, outcome.error)
