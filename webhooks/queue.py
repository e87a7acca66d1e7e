"""Lease due deliveries to workers, in turn between callback URLs, and record their outcomes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.clock import Clock
from core.errors import DatabaseContentionError
from core.leases import Lease, LeaseKind, LeaseRegistry
from core.logs import service_log, storable
from core.messages import Message
from storage.distribution import callback_secrets, deliveries, delivery_tasks, endpoints
from storage.distribution import delivery_leases as leases
from storage.distribution.deliveries import Delivery, DeliveryState, NewDelivery
from storage.distribution.delivery_leases import DueEndpoint
from storage.engines.transactions import Database, Tx
from webhooks.outbox import tasks_in_body
from webhooks.retry_policy import DeliveryOutcome

log = service_log("webhooks")
INTERRUPTED = Message.of("delivery_interrupted").dump()


@dataclass(frozen=True)
class Claim:
    """A delivery leased by this process; the claim has counted one more attempt at it.

    Args:
        delivery: the row after the claim: state `sending`, this attempt counted.
        attempt_id: the row of `webhook_attempts` that the outcome belongs to.
    """

    delivery: Delivery
    lease: Lease
    attempt_id: int


@dataclass(frozen=True)
class FinishedAttempt:
    """A claimed delivery and the outcome of its newest attempt, which ended at `at` (UTC)."""

    delivery: Delivery
    outcome: DeliveryOutcome
    at: datetime


OutcomeListener = Callable[[Tx, FinishedAttempt], object]


class DeliveryQueue:
    """Leases deliveries to the workers of this process, under fencing tokens; safe for threads.

    Args:
        per_host: the greatest number of requests to one host at a time, over all processes.
            Processes that claim in the same instant may exceed it by one each.
        quiet_secs: seconds without another query after nothing was due, for all workers of this
            process.
        on_outcome: called in the transaction that records the outcome of an attempt.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        lease_registry: LeaseRegistry,
        owner: str,
        lease_secs: float,
        per_host: int,
        quiet_secs: float = 0.0,
        on_outcome: OutcomeListener = lambda tx, attempt: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._lease_registry = lease_registry
        self._owner = owner
        self._lease_secs = lease_secs
        self._per_host = per_host
        self._quiet_secs = quiet_secs
        self._quiet_until = float("-inf")
        self._on_outcome = on_outcome
        self._rotation = _Rotation()
        self._claim_lock = threading.Lock()

    def claim(self) -> Claim | None:
        """Lease the next due delivery, from the callback URL that was served the longest ago.

        Returns None when nothing is due, or every host with due deliveries is at its limit.

        Raises:
            CommitUnknownError: a delivery may be leased; it is due again when that lease ends.
            DatabaseError: nothing was leased.
        """
        with self._claim_lock:
            if self._clock.monotonic() < self._quiet_until:
                return None
            now = self._clock.now()
            traffic = self._database.read(leases.traffic, now)
            if any(host.expired for host in traffic):
                self._reap(now)
            full = {host.host for host in traffic if host.under_way >= self._per_host}
            due = self._database.read(leases.due_endpoints, now)
            if not due:
                self._quiet_until = self._clock.monotonic() + self._quiet_secs
            free = [endpoint for endpoint in due if endpoint.host not in full]
            for endpoint in self._rotation.in_order(free):
                claim = self._claim_from(endpoint)
                if claim is not None:
                    self._rotation.served(endpoint)
                    return claim
            return None

    def enqueue_and_claim(self, new: NewDelivery) -> Claim:
        """File a delivery and lease it in one transaction, so that no other process sends it.

        Its event id must be a new one.

        Raises:
            CommitUnknownError: a delivery may be filed and leased; it is due when that lease ends.
            DatabaseError: nothing was filed.
        """

        def file_and_take(tx: Tx) -> Claim:
            now = self._clock.now()
            delivery_id = deliveries.enqueue(tx, new, now)
            assert delivery_id is not None
            seen = deliveries.get(tx, delivery_id)
            assert seen is not None
            return self._take(tx, seen, now)

        return self._registered(self._database.write(file_and_take))

    def record_outcome(self, claim: Claim, outcome: DeliveryOutcome) -> bool:
        """Store an attempt's outcome for its delivery, callback URL and tasks, and release the
        lease.

        Returns False when the lease was lost: then nothing is stored, and its new holder decides.
        """
        self._lease_registry.remove(claim.lease)
        now, delivery = self._clock.now(), claim.delivery
        error = storable(outcome.error) if outcome.error is not None else None

        def record(tx: Tx) -> bool:
            if not leases.settle(
                tx,
                delivery,
                outcome.state,
                now,
                not_before=outcome.not_before,
                status=outcome.status,
                error=error,
            ):
                return False
            deliveries.end_attempt(
                tx,
                claim.attempt_id,
                status=outcome.status,
                response=outcome.response,
                error=error,
                now=now,
            )
            self._update_endpoint(tx, delivery, outcome, now)
            self._update_tasks(tx, delivery, outcome, now)
            self._on_outcome(tx, FinishedAttempt(delivery, outcome, now))
            return True

        return self._database.write_idempotent(record)

    def put_back(self, claim: Claim, not_before: datetime) -> None:
        """Release the lease as if the attempt had never begun; it is due again at `not_before`.

        For an attempt that could not be made by a fault of this process.
        """
        self._lease_registry.remove(claim.lease)

        def put_back(tx: Tx) -> None:
            if leases.put_back(tx, claim.delivery, not_before):
                deliveries.drop_attempt(tx, claim.attempt_id)

        self._database.write_idempotent(put_back)

    def abandon(self, claim: Claim) -> None:
        """Stop renewing the lease and record nothing: when it runs out, the delivery is due again
        under the same event id."""
        self._lease_registry.remove(claim.lease)
        claim.lease.mark_lost()

    def _claim_from(self, endpoint: DueEndpoint) -> Claim | None:
        def work(tx: Tx) -> Claim | None:
            now = self._clock.now()
            for delivery_id in leases.candidates(tx, endpoint.url_hash, now):
                seen = leases.lock(tx, delivery_id, now)
                if seen is not None:
                    return self._take(tx, seen, now)
            return None

        claim = self._database.write(work)
        return None if claim is None else self._registered(claim)

    def _take(self, tx: Tx, seen: Delivery, now: datetime) -> Claim:
        """Lease a locked delivery and count the attempt; DatabaseContentionError if it changed."""
        asked_at = self._clock.monotonic()
        until = now + timedelta(seconds=self._lease_secs)
        if not leases.take(tx, seen, self._owner, until):
            raise DatabaseContentionError("delivery_taken_meanwhile", delivery_id=seen.id)
        token = seen.lease_token + 1
        lease = Lease(
            kind=LeaseKind.WEBHOOK,
            row_id=seen.id,
            token=token,
            deadline=asked_at + self._lease_secs,
        )
        taken = replace(
            seen, state=DeliveryState.SENDING, attempts=seen.attempts + 1, lease_token=token
        )
        return Claim(taken, lease, deliveries.begin_attempt(tx, seen.id, now))

    def _registered(self, claim: Claim) -> Claim:
        self._lease_registry.add(claim.lease)
        return claim

    def _reap(self, now: datetime) -> None:
        """Make deliveries due again whose lease ran out, as after the death of a process."""
        count = self._database.write_idempotent(leases.reap, now, INTERRUPTED)
        if count:
            log.warning("deliveries=%s taken back from dead workers", count)

    def _update_endpoint(
        self, tx: Tx, delivery: Delivery, outcome: DeliveryOutcome, now: datetime
    ) -> None:
        if outcome.disables is not None:
            reason = storable(outcome.disables)
            endpoints.set_enabled(tx, delivery.url_hash, now, enabled=False, reason=reason)
        if outcome.rest_until is not None:
            endpoints.rest(tx, delivery.url_hash, outcome.rest_until, now)

    def _update_tasks(
        self, tx: Tx, delivery: Delivery, outcome: DeliveryOutcome, now: datetime
    ) -> None:
        callback_secrets.record_delivery(
            tx,
            _reported_tasks(tx, delivery),
            delivery_id=delivery.id,
            state=outcome.state.value,
            retries=delivery.attempts - 1,
            now=now,
        )


def _reported_tasks(tx: Tx, delivery: Delivery) -> list[str]:
    """Return the ids of the tasks that a delivery reports on, sorted."""
    tasks = delivery_tasks.of_delivery(tx, delivery.id)
    if tasks:
        return tasks
    # Filed before schema version 6: the body is read once, and the next attempt finds the rows.
    signer = {delivery.task_id} if delivery.task_id is not None else set()
    delivery_tasks.add(tx, delivery.id, tasks_in_body(delivery.body) | signer)
    return delivery_tasks.of_delivery(tx, delivery.id)


class _Rotation:
    """The order in which callback URLs are served: least recently served host first, then its URL.

    In memory, for this process only.
    """

    def __init__(self) -> None:
        self._count = 0
        self._served: dict[str, int] = {}

    def in_order(self, due: Iterable[DueEndpoint]) -> list[DueEndpoint]:
        """Return the endpoints in the order to serve them; among equals, the longest due first."""

        def longest_ago(endpoint: DueEndpoint) -> tuple[int, int, str]:
            served = self._served.get
            host = f"host {endpoint.host}"
            return served(host, 0), served(endpoint.url_hash, 0), endpoint.due_since

        return sorted(due, key=longest_ago)

    def served(self, endpoint: DueEndpoint) -> None:
        """Move an endpoint and its host to the end of the order."""
        self._count += 1
        self._served[f"host {endpoint.host}"] = self._count
        self._served[endpoint.url_hash] = self._count
