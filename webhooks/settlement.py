"""Store the outcomes of attempts: for delivery, callback URL and tasks, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.logs import storable
from storage.distribution import callback_secrets, deliveries, delivery_tasks, endpoints
from storage.distribution import delivery_leases as leases
from storage.distribution.callback_secrets import DeliveryNote
from storage.distribution.deliveries import AttemptEnd, Delivery
from storage.distribution.delivery_leases import Ending
from storage.engines.transactions import Tx
from webhooks.claims import Claim
from webhooks.outbox import tasks_in_body
from webhooks.retry_policy import DeliveryOutcome


@dataclass(frozen=True)
class FinishedAttempt:
    """A claimed delivery and the outcome of its newest attempt, which ended at `at` (UTC)."""

    delivery: Delivery
    outcome: DeliveryOutcome
    at: datetime


OutcomeListener = Callable[[Tx, FinishedAttempt], object]


@dataclass(frozen=True)
class Finished:
    """A claim of this process and the outcome of its attempt, to be stored."""

    claim: Claim
    outcome: DeliveryOutcome


class NotAllHeldError(Exception):
    """One of several leases was lost: the transaction must be rolled back."""


def settle(
    tx: Tx, finished: Sequence[Finished], now: datetime, on_outcome: OutcomeListener
) -> bool:
    """Store outcomes and release their leases, with few statements for all of them.

    Return False when there is one outcome and its lease was lost: then nothing is stored.

    Args:
        on_outcome: called for each outcome, in this transaction.

    Raises:
        NotAllHeldError: one of several leases was lost.
    """
    if not leases.settle(tx, [_ending(one) for one in finished], now):
        if len(finished) > 1:
            raise NotAllHeldError
        return False
    deliveries.end_attempts(tx, [_attempt_end(one) for one in finished], now)
    for one in finished:
        _update_endpoint(tx, one, now)
    _note_on_tasks(tx, finished, now)
    for one in finished:
        on_outcome(tx, FinishedAttempt(one.claim.delivery, one.outcome, now))
    return True


def _ending(finished: Finished) -> Ending:
    outcome = finished.outcome
    return Ending(
        delivery=finished.claim.delivery,
        state=outcome.state,
        not_before=outcome.not_before,
        status=outcome.status,
        error=_error(outcome),
    )


def _attempt_end(finished: Finished) -> AttemptEnd:
    outcome = finished.outcome
    return AttemptEnd(
        delivery_id=finished.claim.delivery.id,
        number=finished.claim.attempt_number,
        status=outcome.status,
        response=outcome.response,
        error=_error(outcome),
    )


def _error(outcome: DeliveryOutcome) -> str | None:
    return storable(outcome.error) if outcome.error is not None else None


def _update_endpoint(tx: Tx, finished: Finished, now: datetime) -> None:
    url_hash, outcome = finished.claim.delivery.url_hash, finished.outcome
    if outcome.disables is not None:
        reason = storable(outcome.disables)
        endpoints.set_enabled(tx, url_hash, now, enabled=False, reason=reason)
    if outcome.rest_until is not None:
        endpoints.rest(tx, url_hash, outcome.rest_until, now)


def _note_on_tasks(tx: Tx, finished: Sequence[Finished], now: datetime) -> None:
    """Note on each task the newest delivery that reports on it."""
    by_id = {one.claim.delivery.id: one for one in finished}
    reported = delivery_tasks.of_deliveries(tx, by_id)
    notes: dict[str, DeliveryNote] = {}
    for delivery_id in sorted(by_id):  # a newer one replaces what an older one noted
        one = by_id[delivery_id]
        tasks = reported[delivery_id] or _tasks_of_old(tx, one.claim.delivery)
        note = DeliveryNote(
            delivery_id=delivery_id,
            state=one.outcome.state.value,
            retries=one.claim.delivery.attempts - 1,
        )
        notes.update(dict.fromkeys(tasks, note))
    callback_secrets.note_deliveries(tx, notes, now)


def _tasks_of_old(tx: Tx, delivery: Delivery) -> list[str]:
    """Return the tasks of a delivery that was filed before schema version 6, and store them.

    The body is read once, and the next attempt finds the rows.
    """
    signer = {delivery.task_id} if delivery.task_id is not None else set()
    delivery_tasks.add(tx, delivery.id, tasks_in_body(delivery.body) | signer)
    return delivery_tasks.of_delivery(tx, delivery.id)
