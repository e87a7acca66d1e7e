"""Send due deliveries: claim one, sign it, post it and record the outcome."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

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
from storage.distribution.deliveries import DeliveryState
from storage.engines.transactions import failure_is_lasting
from webhooks import signing
from webhooks.claims import Claim
from webhooks.http_client import Answer, WebhookClient
from webhooks.queue import DeliveryQueue, Exchange
from webhooks.retry_policy import DeliveryOutcome, RetryPolicy, outcome_of
from webhooks.settlement import Finished
from webhooks.signing_keys import SigningKeys

log = service_log("webhooks")
# Until a delivery is tried again that this process could not send: without its key, or without
# descriptors, memory or threads.
PUT_BACK = timedelta(seconds=30)


# Until the next look after another process was just claiming.
CONTENDED_SECS = 0.02


@dataclass(frozen=True, kw_only=True)
class WebhookSender:
    """Makes the requests that deliver reports; several threads may run one sender.

    Args:
        poll_secs: seconds between two looks when nothing is due.
    """

    queue: DeliveryQueue
    client: WebhookClient
    keys: SigningKeys
    retry_policy: RetryPolicy
    clock: Clock
    poll_secs: float
    errors: ComponentErrors

    def run(self, stop: threading.Event) -> None:
        """Send deliveries until `stop` is set; when the database fails, log it and try again."""
        poller = database_poller(
            clock=self.clock, poll_secs=self.poll_secs, log=log, errors=self.errors
        )
        courier = _Courier(self, stop)
        try:
            poller.run_paced(courier.look, stop)
        finally:
            try:
                courier.end()
            except DatabaseError as error:
                log.error("the last outcome is not recorded: %s", error)

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
        attempt = self.attempt(claim)
        if attempt.finished is not None:
            self.hand_in(attempt.finished, wants_next=False)
        return not attempt.lacks_resources

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

    def attempt(self, claim: Claim) -> Attempt:
        """Make an attempt at a delivery; return its outcome, which is to be handed in.

        Raises:
            DatabaseError: no request was made, and nothing recorded; the delivery is due again when
                its lease ends.
        """
        try:
            return self._attempt(claim)
        except LeaseLostError as error:
            log.warning("%s %s", fields(delivery=claim.delivery.id), error)
            self.queue.abandon(claim)
            return Attempt(finished=None)
        except BaseException:
            self.queue.abandon(claim)
            raise

    def hand_in(self, finished: Finished, *, wants_next: bool) -> Exchange:
        """Record the outcome of an attempt, and lease the next delivery if that is wanted.

        Whatever a receiver answers, its delivery is settled: one that is not would be sent again
        and again, also by the next process.

        Raises:
            DatabaseError: nothing was recorded.
        """
        try:
            exchange = self.queue.exchange(finished, wants_next=wants_next)
        except Exception as error:  # noqa: BLE001 (any worker's: each settles its own outcome)
            log.warning("%s is recorded alone: %s", _attempt_of(finished), described(error))
            self._record_alone(finished)
            # Who looks at once meets the error again, if it is not that of an outcome.
            return Exchange(is_recorded=True, claim=None, is_contended=True)
        _log(finished, exchange.is_recorded)
        return exchange

    def _attempt(self, claim: Claim) -> Attempt:
        result: Answer | Exception
        try:
            result = self._post(claim, self.keys.of(claim))
        except KeyChangedError as error:
            self._put_back(claim, error)
            return Attempt(finished=None)
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
                return Attempt(finished=None, lacks_resources=True)
            log.exception("%s", fields(delivery=claim.delivery.id))
            result = self._failed(error)
        return Attempt(finished=self._finished(claim, result))

    def _put_back(self, claim: Claim, error: Exception) -> None:
        """Make a delivery due again in half a minute; no attempt is used up."""
        log.warning("%s put back: %s", fields(delivery=claim.delivery.id), described(error))
        self.queue.put_back(claim, self.clock.now() + PUT_BACK)

    def _finished(self, claim: Claim, result: Answer | Exception) -> Finished:
        """Return the outcome of an attempt, as a failed one where nobody thought of its answer."""
        try:
            return Finished(claim, self._outcome(claim, result))
        except Exception as error:
            log.exception("%s", fields(delivery=claim.delivery.id))
            return Finished(claim, self._outcome(claim, self._failed(error)))

    def _outcome(self, claim: Claim, result: Answer | Exception) -> DeliveryOutcome:
        return outcome_of(result, claim.delivery.attempts, self.retry_policy, self.clock.now())

    def _record_alone(self, finished: Finished) -> None:
        """Record an outcome, or where it cannot be recorded as it is, that the attempt failed.

        Raises:
            DatabaseError: nothing was recorded.
        """
        claim = finished.claim
        try:
            is_recorded = self.queue.record_outcome(claim, finished.outcome)
        except Exception as error:
            if isinstance(error, DatabaseError) and not failure_is_lasting(error):
                raise
            log.exception("%s", fields(delivery=claim.delivery.id))
            # Without anything of its answer.
            finished = Finished(claim, self._outcome(claim, self._failed(error)))
            is_recorded = self.queue.record_outcome(claim, finished.outcome)
        _log(finished, is_recorded)

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


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What became of an attempt.

    Args:
        finished: its outcome; None when there is none to record.
        lacks_resources: True when this host lacks what a request needs.
    """

    finished: Finished | None
    lacks_resources: bool = False


class _Courier:
    """One thread of a sender: it hands in an outcome when it asks for the next delivery."""

    def __init__(self, sender: WebhookSender, stop: threading.Event) -> None:
        self._sender = sender
        self._stop = stop
        self._held: Finished | None = None

    def look(self) -> float:
        """Hand in the last outcome, and make the next attempt; return the seconds to pause."""
        held, self._held = self._held, None
        if held is None:
            exchange = self._sender.queue.exchange(None)
        else:
            exchange = self._sender.hand_in(held, wants_next=True)
        if exchange.claim is None:
            poll_secs = self._sender.poll_secs
            return min(CONTENDED_SECS, poll_secs) if exchange.is_contended else poll_secs
        attempt = self._sender.attempt(exchange.claim)
        self._held = attempt.finished
        if self._stop.is_set():
            self.end()
        return self._sender.poll_secs if attempt.lacks_resources else 0.0

    def end(self) -> None:
        """Hand in the last outcome, if there is one.

        Raises:
            DatabaseError: nothing was recorded.
        """
        held, self._held = self._held, None
        if held is not None:
            self._sender.hand_in(held, wants_next=False)


def _attempt_of(finished: Finished) -> str:
    delivery = finished.claim.delivery
    return fields(
        delivery=delivery.id,
        event=delivery.event_id,
        host=delivery.host,
        task=delivery.task_id,
        attempt=delivery.attempts,
        status=finished.outcome.status,
    )


def _log(finished: Finished, is_recorded: bool) -> None:
    attempt, outcome = _attempt_of(finished), finished.outcome
    if not is_recorded:
        log.warning("%s lease lost; whoever has it decides", attempt)
    elif outcome.state is DeliveryState.DELIVERED:
        log.info("%s delivered", attempt)
    else:
        log.warning("%s %s: %s", attempt, outcome.state.value, outcome.error)
